"""Rooms without a socket: a house in memory, and ears that keep what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from salon.base.ids import counting
from salon.base.rooms import Ended, Gap, Patch, Published, RoomEvent, Snapshot
from salon.brokers.memory import MemoryBroker
from salon.room.machine import Welcome
from salon.room.policy import Grants, RateLimits, Rules
from salon.session.member import Farewell, Member, Told
from salon.session.rooms import Rooms
from tests.fakes.clock import FakeClock

EVERYTHING = Grants.of_rooms(["*"])


class Hearing:
    """An ``Ear``. ``block`` makes it crowded until ``unblock``."""

    def __init__(self) -> None:
        self.told: list[tuple[str, RoomEvent]] = []
        self.invited: list[str] = []
        self.renewed: list[int] = []
        self.farewell: Farewell | None = None
        self._free = asyncio.Event()
        self._free.set()
        self._news = asyncio.Event()

    def tell(self, told: Told) -> None:
        self.told.append((told.channel, told.event))
        self._news.set()

    @property
    def crowded(self) -> bool:
        return not self._free.is_set()

    async def drained(self) -> None:
        await self._free.wait()

    def invite(self, channel: str) -> None:
        self.invited.append(channel)

    def renew(self, until: int) -> None:
        self.renewed.append(until)

    def close(self, reason: Farewell) -> None:
        self.farewell = reason
        self._news.set()

    def block(self) -> None:
        self._free.clear()

    def unblock(self) -> None:
        self._free.set()

    def data(self, channel: str = "") -> list[bytes]:
        """The data of all publications so far."""
        return [
            each.data
            for name, event in self.told
            if isinstance(event, Published) and channel in ("", name)
            for each in event.publications
        ]

    def kinds(self) -> list[str]:
        return [type(event).__name__ for _, event in self.told]

    async def until(self, count: int) -> list[tuple[str, RoomEvent]]:
        """Return when it has been told so many things."""
        async with asyncio.timeout(20):
            while len(self.told) < count:
                self._news.clear()
                await self._news.wait()
        return self.told


class Guest:
    """A member with its ear and what it was welcomed with."""

    def __init__(self, rooms: Rooms, identity: str, **more: Any) -> None:
        self.ear = Hearing()
        self.member: Member = rooms.enter(identity, self.ear, **{"grants": EVERYTHING, **more})
        self.welcomes: dict[str, Welcome] = {}

    async def subscribe(self, channel: str, **more: Any) -> Welcome:
        await self.member.subscribe(channel, lambda welcome: self.welcomes.__setitem__(channel, welcome), **more)
        return self.welcomes[channel]


class Mirror:
    """A client's state: what it is told, put together."""

    def __init__(self, welcome: Welcome) -> None:
        assert welcome.snapshot is not None
        self.version, self.entries = welcome.snapshot.version, dict(welcome.snapshot.entries)

    def hear(self, event: RoomEvent) -> None:
        if isinstance(event, Snapshot):
            self.version, self.entries = event.version, dict(event.entries)
        elif isinstance(event, Patch):
            assert event.base <= self.version
            self.version = event.version
            self.entries.update(event.set)
            for key in event.removed:
                self.entries.pop(key, None)
        else:
            assert isinstance(event, Gap | Ended)


@asynccontextmanager
async def open_rooms(
    *, rules: Rules | None = None, clock: FakeClock | None = None, **more: Any
) -> AsyncIterator[Rooms]:
    clock = clock or FakeClock()
    new_id = counting()
    broker = more.pop("broker", None) or MemoryBroker(clock=clock, new_id=new_id)
    more.setdefault("rates", RateLimits({}))
    async with Rooms(broker, rules or Rules(), clock=clock, new_id=new_id, **more) as rooms:
        yield rooms
