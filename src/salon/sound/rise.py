"""Something louder than before has just begun: known at its first 20 ms, before a detector can say whether it is a voice."""

from __future__ import annotations

from collections import deque

FRAME_MS = 20
USUAL_MS = 1000
KNOWN_MS = 200
"""What is usual is not known before."""
LOUD = 0.004
"""Of full scale: what is quieter is nobody."""
ABOVE = 2.5
"""By what factor (8 dB) it is louder than the median of the last second."""
HOLD_MS = 80
"""A detector has spoken by then, or it was nobody."""
REST_MS = 300
"""Of nothing so loud, after which something can begin again."""


class Rise:
    """Of one stream, frame by frame."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=USUAL_MS // FRAME_MS)
        self._quiet = 0
        self._left = 0

    def feed(self, level: float) -> bool:
        """Whether something began to be loud in the last ``HOLD_MS``. 20 ms more, as a root mean square."""
        levels = self._levels
        loud = level > LOUD and len(levels) * FRAME_MS >= KNOWN_MS and level > ABOVE * sorted(levels)[len(levels) // 2]
        levels.append(level)
        if loud and self._quiet >= REST_MS:
            self._left = HOLD_MS
        self._quiet = 0 if loud else min(self._quiet + FRAME_MS, REST_MS)
        rising = self._left > 0
        self._left -= FRAME_MS if rising else 0
        return rising
