"""What the parent's gate counts for the workers: one hold for each request that may begin something that lasts, kept until the
worker says that it is over, or is gone."""

from __future__ import annotations

from contextlib import ExitStack
from itertools import count

from salon.serve.gate import Hold

MOST_AT_ONCE = 10_000
"""Messages charged for at one time: who sends more has exceeded every rate there is."""


class _Held:
    def __init__(self, hold: Hold, stack: ExitStack, door: str) -> None:
        self.hold = hold
        self.stack = stack
        self.door = door
        self.worker: int | None = None
        """Where it lasts; None where it does not yet, or not any more."""
        self.asking = True


class Holds:
    def __init__(self) -> None:
        self._numbers = count(1)
        self._held: dict[int, _Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def take(self, hold: Hold, door: str) -> int:
        """Count a request; its number. ``settle`` follows. Raises as the hold does."""
        with ExitStack() as stack:
            stack.enter_context(hold)
            number = next(self._numbers)
            self._held[number] = _Held(hold, stack.pop_all(), door)
        return number

    def entered(self, number: int, worker: int) -> None:
        if (held := self._held.get(number)) is not None:
            held.worker = worker

    def left(self, number: int) -> None:
        """The worker is done with it. While it is still being asked for, another worker may take it."""
        if (held := self._held.get(number)) is not None:
            held.worker = None
            if not held.asking:
                self._release(number)

    def settle(self, number: int) -> bool:
        """The request is answered; whether something came of it that lasts."""
        held = self._held[number]
        held.asking = False
        if held.worker is None:
            self._release(number)
            return False
        return True

    def lost(self, worker: int) -> None:
        """A worker is gone, and all that lasted there."""
        for number, held in list(self._held.items()):
            if held.worker == worker:
                self.left(number)

    def charge(self, number: int, messages: int) -> int:
        """Count messages of that client. How many milliseconds it is ahead of its rate."""
        held = self._held.get(number)
        if held is None:
            return 0
        wait = 0
        for _ in range(min(messages, MOST_AT_ONCE)):
            wait = held.hold.message()
        return wait

    def lasting(self, door: str) -> int:
        """How many last that came by this door."""
        return sum(held.door == door and held.worker is not None for held in self._held.values())

    def _release(self, number: int) -> None:
        self._held.pop(number).stack.close()
