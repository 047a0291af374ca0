"""What happened to one peer, for those who watch (``ports.media_stats.MOMENTS``)."""

from __future__ import annotations

from typing import Final

from salon.ports.media_stats import MOMENTS, Moment

MAX_MOMENTS: Final = 64
_KNOWN: Final = frozenset(MOMENTS)


class Timeline:
    """The first moments and the newest ones; those between give way when there are too many."""

    __slots__ = ("_moments", "began")

    def __init__(self, began: int) -> None:
        self.began = began
        self._moments: list[Moment] = []

    def add(self, at: int, what: str, detail: str = "") -> None:
        assert what in _KNOWN
        if len(self._moments) == MAX_MOMENTS:
            del self._moments[MAX_MOMENTS // 2]
        self._moments.append(Moment(at, what, detail))

    def when(self, what: str) -> int | None:
        """When it happened first."""
        return next((moment.at for moment in self._moments if moment.what == what), None)

    def moments(self) -> tuple[Moment, ...]:
        return tuple(self._moments)
