"""Voices in the background: a television, the next table. A detector hears that they are voices; that they are not for us is
told by their going on and on, and by being much quieter than who talks to us.
"""

from __future__ import annotations

from collections import deque

FRAME_MS = 20
SMOOTH = 3
EVERY = 10
"""Frames between two looks at what has been."""
WINDOW_MS = 6000
SHARE = 0.2
"""Whoever talks to us pauses for this share of the time and more; what pauses less is background, as loud as in its quietest
moments of that share."""
ABOVE, STILL_ABOVE = 2.8, 2.0
"""By what factor a voice must be louder than it, to begin (9 dB) and to go on (6 dB)."""
NEAR_MS = 4000
BELOW = 6.0
"""By what factor (16 dB) a voice may be quieter than the usual one."""
FORGOTTEN_MS = 15_000
"""After so long without the usual voice any other is as good."""


class Background:
    """Of one stream, frame by frame. Without such voices it covers nothing."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque([0.0] * (WINDOW_MS // FRAME_MS), WINDOW_MS // FRAME_MS)
        self._near: deque[float] = deque(maxlen=NEAR_MS // FRAME_MS)
        self._last: deque[float] = deque([0.0] * SMOOTH, SMOOTH)
        self._until = EVERY
        self._missing = 0
        self._covered = False
        self._floor = 0.0
        self._far = 0.0

    def covers(self, level: float, voiced: bool) -> bool:
        """Whether 20 ms of ``level`` (root mean square), a voice or not, are no louder than the background."""
        self._last.append(level)
        smooth = sum(self._last) / SMOOTH
        self._levels.append(smooth if voiced else 0.0)
        self._until -= 1
        if self._until <= 0:
            self._look()
        self._covered = smooth < max(self._floor * (ABOVE if self._covered else STILL_ABOVE), self._far)
        if voiced and not self._covered:
            self._near.append(smooth)
            self._missing = 0
        else:
            self._missing += FRAME_MS
        return self._covered

    def _look(self) -> None:
        self._until = EVERY
        self._floor = sorted(self._levels)[round(SHARE * len(self._levels))]
        if self._missing >= FORGOTTEN_MS:
            self._near.clear()
        # Half of what there could be: a word is not enough to know a voice by.
        known = len(self._near) * 2 >= (self._near.maxlen or 0)
        self._far = sorted(self._near)[len(self._near) // 2] / BELOW if known else 0.0
