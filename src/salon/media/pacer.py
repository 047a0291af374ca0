"""One timer for all peers: every 20 ms, on a grid that does not drift, with what is late or missed counted. Where nobody needs
it, it rests: a house without calls is not woken fifty times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from salon.media import instants
from salon.media.capacity import Capacity

TICK_MS: Final = 20
LATE_MS: Final = 5
# Behind by more, ticks are skipped rather than caught up with: sound that old is better left out than sent in a burst.
MAX_CATCH_UP: Final = 5


class Pacer:
    """Calls ``tick`` for each step of the grid; one that says False is the last until ``wake``."""

    def __init__(self, tick: Callable[[], bool], capacity: Capacity) -> None:
        self.late = 0
        self.missed = 0
        self._tick: Callable[[], bool] | None = tick
        self._capacity = capacity
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def wake(self) -> None:
        """Somebody needs the grid."""
        if self._handle is None and self._loop is not None and self._tick is not None:
            self._due = instants.seconds()
            self._handle = self._loop.call_later(0, self._run)

    def stop(self) -> None:
        self._tick = None
        if self._handle is not None:
            self._handle.cancel()

    def _run(self) -> None:
        loop, tick = self._loop, self._tick
        if loop is None or tick is None:
            return
        step = TICK_MS / 1000
        late = instants.seconds() - self._due
        behind = int(late / step)
        self._capacity.ticked(late * 1000)
        if late * 1000 >= LATE_MS:
            self.late += 1
        if behind > MAX_CATCH_UP:
            self.missed += behind - MAX_CATCH_UP
            self._due += (behind - MAX_CATCH_UP) * step
            behind = MAX_CATCH_UP
        more = True
        for _ in range(behind + 1):
            self._due += step
            more = tick()
        if not more:
            self._handle = None
            # Nothing more is learnt of its lateness: kept, a full house that has emptied would refuse newcomers for ever.
            self._capacity.forget()
            return
        # The loop's clock may be another one: only what is left is told to it.
        self._handle = loop.call_later(max(self._due - instants.seconds(), 0), self._run)
