"""Time, for those who may ask for it."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    def now(self) -> int:
        """Milliseconds since some start; never goes back."""
        ...

    def unix(self) -> int:
        """Seconds since 1970, for what leaves the house."""
        ...
