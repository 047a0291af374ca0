"""How long a model may take: until its first word, and between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any, TypeVar

from salon.base.errors import TimedOut

T = TypeVar("T")

# A timer that fires this much late says that the loop stood still, not the house. In seconds.
LATE = 0.1


class _Watch:
    """Cancels the task that waits, once ``due`` has passed. One timer at most, moved only when it fires.

    ``task`` is who waits in the source at this moment; None while the consumer has the turn, whose time is not the house's.
    """

    __slots__ = ("_loop", "due", "expired", "task", "timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self._loop = loop
        self.timer: asyncio.TimerHandle | None = None
        self.due = due
        self.expired = False
        self.task: asyncio.Task[Any] | None = None

    def close(self) -> None:
        """Drop the timer. The next wait sets another: needed only where ``due`` may have come nearer."""
        self.task = None
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def set_timer(self, last_chance: bool = False) -> None:
        self.timer = self._loop.call_at(self.due, self._fire, self.due, last_chance)

    def _fire(self, planned: float, last_chance: bool) -> None:
        self.timer = None
        if self.task is None:
            return
        now = self._loop.time()
        if now < self.due:
            self.set_timer()
        elif now - planned > LATE and not last_chance:
            # The answer may have arrived while nobody could read it: let the loop read once before judging.
            self.due = now + LATE
            self.set_timer(last_chance=True)
        else:
            self.expired = True
            self.task.cancel()


async def deadlines(
    source: AsyncIterator[T], *, first: float, stall: float, house: str, counts: Callable[[T], bool] | None = None
) -> AsyncGenerator[T, None]:
    """Pass on the items of ``source``, all of them, and keep the time.

    Only items for which ``counts`` is true are an answer, all of them without it; keep-alives are not. Raises ``TimedOut``
    with phase ``first_token`` when none comes within ``first`` seconds, with phase ``stall`` when the next one takes more
    than ``stall`` seconds. The time that the consumer takes between two items is not counted. Closing this closes ``source``,
    and so does everything else that ends it.

    Hot path, 0.5 us an item: a counting item reads the clock once and sets a number. ``asyncio.timeout`` would push a
    timer on the loop's heap for each item, and could go off in the consumer's code while this generator is suspended.
    """
    loop = asyncio.get_running_loop()
    clock = loop.time
    pull = source.__anext__
    phase, limit = "first_token", first
    watch = _Watch(loop, clock() + first)
    current = asyncio.current_task
    try:
        while True:
            task = current(loop)  # without the loop it asks for the process id, a system call
            assert task is not None
            # Requests from outside to cancel. One more than these, once ours is taken back, and it is not a time-out.
            cancelling = task.cancelling()
            watch.task = task
            if watch.timer is None:
                watch.set_timer()
            try:
                item = await pull()
            except BaseException as error:
                watch.task = None
                if watch.expired and task.uncancel() <= cancelling:
                    raise _timed_out(phase, limit, house) from None
                if isinstance(error, StopAsyncIteration):
                    return
                raise
            watch.task = None
            if watch.expired and task.uncancel() <= cancelling:
                # The source kept the cancellation to itself; the time is over nevertheless.
                raise _timed_out(phase, limit, house)
            if counts is None or counts(item):
                if phase == "first_token":
                    phase, limit = "stall", stall
                    watch.close()
                yield item
                watch.due = clock() + stall
            else:
                handed_over = clock()
                yield item
                watch.due += clock() - handed_over
    finally:
        watch.close()
        if (aclose := getattr(source, "aclose", None)) is not None:
            await aclose()


def _timed_out(phase: str, limit: float, house: str) -> TimedOut:
    if phase == "first_token":
        message = f"{house} did not begin to answer within {limit:g} s"
    else:
        message = f"{house} stopped in the middle of its answer for more than {limit:g} s"
    return TimedOut(message, phase=phase, house=house)
