"""How much of the sound before it each packet of a viewer carries (RED). Speech cannot wait for repeats, and its publisher knows
nothing of a viewer's losses.

A viewer whose network is not known yet gets each packet twice: its reports on sound come every five seconds, and what is lost
until then would not come back.
"""

from __future__ import annotations

from typing import Final

# Shares of a viewer's packets that are lost.
LOSSY: Final = 0.02
VERY_LOSSY: Final = 0.08
# It ends when no loss was seen for so long, and becomes less when no great one was: samples are small, and chance is in them.
CALM_MS: Final = 20_000


class Redundancy:
    """``depth`` is how many packets each carries besides its own."""

    __slots__ = ("_lossy_at", "_very_at", "depth")

    def __init__(self) -> None:
        self.depth = 1
        self._lossy_at: int | None = None
        self._very_at: int | None = None

    def heard(self, loss: float, now: int) -> None:
        """The viewer tells that it lost this share of 1."""
        if loss >= LOSSY:
            self._lossy_at = now
        if loss >= VERY_LOSSY:
            self._very_at = now
        self.depth = 2 if _lately(self._very_at, now) else 1 if _lately(self._lossy_at, now) else 0


def _lately(at: int | None, now: int) -> bool:
    return at is not None and now - at <= CALM_MS
