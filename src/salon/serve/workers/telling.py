"""What a worker tells its parent of its broadcasts: that they are there at once, how they are behind what caused it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from salon.session.bill import Bill, Happened, bill_of
from salon.session.live import Live
from salon.wire.workers import Began, Bills, Ended


class Telling:
    """``tell`` tells the parent. Make it in a running loop."""

    def __init__(self, live: Live, tell: Callable[[Began | Ended | Bills], None]) -> None:
        self._live = live
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._rooms: set[str] = set()
        self._changed: set[str] = set()
        self._told: dict[str, Bill] = {}
        live.listen(self._happened)

    def changes(self) -> None:
        """Tell what has changed: before a client hears of what changed it."""
        bills = []
        for room in self._changed:
            if (broadcast := self._live.broadcast(room)) is None:
                continue
            bill = bill_of(broadcast)
            if self._told.get(room) != bill:
                self._told[room] = bill
                bills.append(msgspec.structs.asdict(bill))
        self._changed.clear()
        if bills:
            self._tell(Bills(tuple(bills)))

    def look(self) -> None:
        """Tell what has changed by itself, too: bit rates."""
        self._changed |= self._rooms
        self.changes()

    def _happened(self, happened: Happened, room: str) -> None:
        here = self._live.broadcast(room) is not None
        if here and room not in self._rooms:
            self._rooms.add(room)
            self._tell(Began(room))
        elif not here and room in self._rooms:
            self._rooms.discard(room)
            self._told.pop(room, None)
            self._tell(Ended(room))
        if here:
            if not self._changed:
                self._loop.call_soon(self.changes)
            self._changed.add(room)
