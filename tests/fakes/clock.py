"""A clock that stands still until it is told to move."""

from __future__ import annotations


class FakeClock:
    def __init__(self, milliseconds: int = 1_000_000, unix: int = 1_800_000_000) -> None:
        self.milliseconds = milliseconds
        self.seconds = unix

    def now(self) -> int:
        return self.milliseconds

    def unix(self) -> int:
        return self.seconds

    def pass_ms(self, milliseconds: int) -> None:
        self.milliseconds += milliseconds
        self.seconds += milliseconds // 1000
