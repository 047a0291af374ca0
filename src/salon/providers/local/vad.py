"""Silero's voice detector, asked only while there is something to hear.

It costs 40 µs for each 32 ms of audio that is louder than the gate, and half a second behind; silence costs a root mean square.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from salon.base.speech import SAMPLE
from salon.sound import voice_net
from salon.sound.background import Background
from salon.sound.pcm import level
from salon.sound.voice_net import VoiceNet

WINDOW = voice_net.WINDOW * SAMPLE
# -52 dB of full scale: a quiet room lies below, soft speech into a poor microphone above.
GATE = 0.0025
OPEN_FRAMES = 25
VOICED = 0.35


class SileroVad:
    """A ``salon.ports.vad.Vad``. To be used by one thread. Its weights were made by ``scripts/voice_weights.py``."""

    name = "silero"

    def __init__(self) -> None:
        self._net = VoiceNet(files("salon.providers.local").joinpath("silero.f32").read_bytes())

    @contextmanager
    def session(self) -> Iterator[_Session]:
        session = _Session(self._net)
        try:
            yield session
        finally:
            session.close()


class _Session:
    def __init__(self, net: VoiceNet) -> None:
        self._net = net
        self._stream: voice_net.Stream | None = None
        self._open = 0
        self._before = b""
        self._waiting = bytearray()
        self._last = 0.0
        self._background = Background()

    def push(self, pcm: bytes) -> float:
        loud = level(pcm)
        self._open = OPEN_FRAMES if loud > GATE else max(self._open - 1, 0)
        if not self._open:
            self._background.covers(loud, False)
            self.close()
            self._before = pcm
            return 0.0
        if self._stream is None:
            self._stream = voice_net.Stream()
            # What came just before the gate opened is the onset of the first sound.
            self._waiting += self._before
        waiting = self._waiting
        waiting += pcm
        while len(waiting) >= WINDOW:
            self._last = self._net.probability(bytes(waiting[:WINDOW]), self._stream)
            del waiting[:WINDOW]
        return 0.0 if self._background.covers(loud, self._last >= VOICED) else self._last

    def close(self) -> None:
        self._stream = None
        self._waiting.clear()
        self._last = 0.0
