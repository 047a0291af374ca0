"""What is to be done later, for all peers: one heap that the pacer looks at every 20 ms, instead of a timer of the loop each."""

from __future__ import annotations

import heapq
import logging
from collections.abc import Callable
from typing import Final

_CANCELLED_SHARE: Final = 2

log = logging.getLogger(__name__)


class Entry:
    """Cancelled, it lets go of what it would have called."""

    __slots__ = ("_schedule", "call", "when")

    def __init__(self, when: int, call: Callable[[int], None], schedule: Schedule) -> None:
        self.when = when
        self.call: Callable[[int], None] | None = call
        self._schedule = schedule

    def cancel(self) -> None:
        if self.call is not None:
            self.call = None
            self._schedule.cancelled()

    def __lt__(self, other: Entry) -> bool:
        return self.when < other.when


class Schedule:
    """Calls get the time. What is called may add and cancel."""

    __slots__ = ("_cancelled", "_heap")

    def __init__(self) -> None:
        self._heap: list[Entry] = []
        self._cancelled = 0

    def __len__(self) -> int:
        return len(self._heap) - self._cancelled

    def at(self, when: int, call: Callable[[int], None]) -> Entry:
        entry = Entry(when, call, self)
        heapq.heappush(self._heap, entry)
        return entry

    def run(self, now: int) -> None:
        heap = self._heap
        while heap and heap[0].when <= now:
            entry = heapq.heappop(heap)
            call, entry.call = entry.call, None
            if call is None:
                self._cancelled -= 1
                continue
            try:
                call(now)
            except Exception:
                # A mistake of ours about one peer: the timers of the others go on.
                log.exception("a timer failed")

    def cancelled(self) -> None:
        """Sweep when more than half of the heap is waste, so that churn holds no memory."""
        self._cancelled += 1
        if self._cancelled * _CANCELLED_SHARE > len(self._heap):
            self._heap[:] = [entry for entry in self._heap if entry.call is not None]
            heapq.heapify(self._heap)
            self._cancelled = 0
