"""When somebody speaks and when they pause: hysteresis over a detector's guesses.

Times are milliseconds of the audio itself, from the first sample of the session: what arrives late or in a burst changes nothing.
"""

from __future__ import annotations

import msgspec

ONSET_MS = 60
HANG_MS = 100
STIR = 0.15
"""What a detector says of the first moments of a voice, and hardly ever of silence."""
STIR_MS = 60
# Between two frames of one syllable a detector may hesitate.
GAP_MS = 40


class Onset(msgspec.Struct, frozen=True):
    """Speech began at ``at``, a moment ago."""

    at: int


class Offset(msgspec.Struct, frozen=True):
    """The last sound ended at ``at``; it has been quiet for ``HANG_MS`` since."""

    at: int


class Activity:
    """``threshold`` is how sure the detector must be that a voice began; that it goes on needs 0.15 less. A voice shorter than
    ``ONSET_MS`` is a click."""

    def __init__(self, threshold: float = 0.5) -> None:
        self.configure(threshold)
        self.speaking = False
        self._began = 0
        self._voiced = 0
        self._stirred = -STIR_MS - 1
        self._last = 0  # when the last voiced frame ended

    def configure(self, threshold: float) -> None:
        self._on = threshold
        self._off = max(threshold - 0.15, 0.01)

    @property
    def sounded(self) -> int:
        """When the last sound ended, so far."""
        return self._last

    @property
    def dawning(self) -> bool:
        """Whether a voice has begun that has not lasted long enough to be sure of."""
        return not self.speaking and self._voiced > 0

    def stirring(self, now: int) -> bool:
        """Whether somebody may have begun to speak who has not been heard for long enough to tell."""
        return self.dawning or (not self.speaking and now - self._stirred <= STIR_MS)

    def feed(self, probability: float, start: int, end: int) -> Onset | Offset | None:
        """One frame, from ``start`` to ``end``."""
        if self.speaking:
            if probability >= self._off:
                self._last = end
            elif end - self._last >= HANG_MS:
                self.speaking = False
                self._voiced = 0
                return Offset(self._last)
            return None
        if probability >= self._on:
            if not self._voiced:
                self._began = start
            self._voiced += end - start
            self._last = end
            if self._voiced >= ONSET_MS:
                self.speaking = True
                return Onset(self._began)
        if probability >= STIR:
            self._stirred = end
        if self._voiced and probability < self._on and end - self._last > GAP_MS:
            self._voiced = 0
        return None
