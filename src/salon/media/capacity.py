"""Whether there is room for one more peer, by what this process does with those that it has.

Past its ceiling an engine does not slow down a little: every peer's packets come late at once. So the pacer's lateness, which
is the event loop's, decides: before it is heard, nobody else comes in.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from salon.base.errors import Refused

STEP_MS: Final = 20.0
# Two seconds of the grid, and half a second.
WINDOW: Final = 100
FEWEST: Final = 25
# The lateness that three of four ticks stay below. A jitter buffer takes in 20 ms; a listener hears what is beyond.
LIMIT_MS: Final = 15.0
RETRY_AFTER: Final = 5


class Capacity:
    """``limit`` scales what is allowed: 1 for servers, more where late packets do not matter."""

    def __init__(self, limit: float = 1.0) -> None:
        self.refused = 0
        self._limit = limit
        self._lateness: deque[float] = deque(maxlen=WINDOW)

    def ticked(self, late_ms: float) -> None:
        """The timer came so late. So did the ticks of the grid that fell due meanwhile, each a step less: a loop that does not
        get to its timer has missed those, and is not judged by the few that it makes."""
        missed = min(int(late_ms / STEP_MS), WINDOW - 1)
        self._lateness.extend(late_ms - STEP_MS * step for step in range(missed + 1))

    def forget(self) -> None:
        """The pacer rests: nobody is here."""
        self._lateness.clear()

    @property
    def lag_ms(self) -> float:
        """The lateness that three of four ticks of the last two seconds stayed below."""
        known = sorted(self._lateness)
        return known[3 * len(known) // 4] if known else 0.0

    @property
    def load(self) -> float:
        """0 idle, 1 full."""
        if len(self._lateness) < FEWEST:
            return 0.0
        return min(self.lag_ms / LIMIT_MS / self._limit, 1.0)

    def admit(self) -> None:
        """Raises ``Refused`` where there is no room."""
        if self.load >= 1.0:
            self.refused += 1
            raise Refused(
                "The media engine is at its limit; try again in a few seconds.",
                status=503,
                code="over_capacity",
                retry_after=RETRY_AFTER,
            )
