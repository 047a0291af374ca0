"""The silence at both ends of a piece of speech, taken off while it comes: pieces that are spoken one by one would stand too far
apart."""

from __future__ import annotations

import numpy as np

from salon.sound.pcm import FULL_SCALE, SAMPLE, leading_silence, size

LEAD_MS = 20
"""What stays before the first sound."""
TRAIL_MS = 200
"""What stays behind the last: a breath between two sentences, not a pause in which one waits for more."""
BELOW = 0.003
"""What is silent, of full scale."""


class Edges:
    """Of one piece, in whole samples at ``rate`` Hz. Silence within it stays."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._begun = False
        self._held = b""

    def push(self, pcm: bytes) -> bytes:
        """What is known to belong to it."""
        sound = self._held + pcm
        if not self._begun:
            sound = sound[leading_silence(sound, self._rate, below=BELOW, keep_ms=LEAD_MS) :]
        loud = np.flatnonzero(np.abs(np.frombuffer(sound, dtype="<i2").astype(np.int32)) > BELOW * FULL_SCALE)
        self._begun = self._begun or bool(loud.size)
        end = (int(loud[-1]) + 1) * SAMPLE if loud.size else 0
        self._held = sound[end:]
        return sound[:end]

    def flush(self) -> bytes:
        """What stays of the silence at its end."""
        return self._held[: size(TRAIL_MS, self._rate)] if self._begun else b""
