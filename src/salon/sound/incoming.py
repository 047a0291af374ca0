"""Sound as a client sends it, on its way to the ear."""

from __future__ import annotations

from salon.base.session import AudioFormat
from salon.base.speech import ASR_RATE
from salon.sound import g711
from salon.sound.resample import Resampler


class Incoming:
    """Of one stream in ``audio``: PCM at 24 kHz, or G.711 at 8 kHz."""

    def __init__(self, audio: AudioFormat) -> None:
        self._law = g711.LAWS.get(audio.type)
        self._resampler = Resampler(24_000 if self._law is None else 8000, ASR_RATE)

    def push(self, audio: bytes) -> bytes:
        """The next piece, as PCM at 16 kHz."""
        return self._resampler.push(audio if self._law is None else g711.decode(audio, self._law))
