"""Rooms from Python: ``salon.room("market").topic("quotes")``, to publish to and to listen to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from salon.base.errors import Refused
from salon.base.rooms import (
    Change,
    Ended,
    Gap,
    Kick,
    Page,
    Patch,
    Position,
    Publication,
    Published,
    Seat,
    Snapshot,
    Who,
    channel_of,
)
from salon.ports.broker import Draft
from salon.room.machine import Welcome
from salon.room.policy import Grants
from salon.session.member import Farewell, Told
from salon.session.rooms import Rooms

MAX_WAITING: Final = 4096
FULL_AT: Final = 64
HOUSE: Final = "salon"
"""The identity of the server's own programs, where they name none."""

Now = Callable[[], Rooms]
"""The rooms of the server that runs now. Raises ``RuntimeError`` where none does."""


class Message(msgspec.Struct, frozen=True):
    """One publication, decoded. ``user`` and ``client`` are empty where the server's own program published it. ``time`` is
    seconds since 1970."""

    data: Any
    key: str = ""
    user: str = ""
    client: str = ""
    offset: int = 0
    time: int = 0
    tags: dict[str, str] = {}

    @classmethod
    def of(cls, publication: Publication) -> Message:
        who = publication.who or Who("")
        return cls(
            msgspec.json.decode(publication.data),
            publication.key,
            who.identity,
            who.session,
            publication.offset,
            publication.at,
            publication.tags or {},
        )


class Room:
    """A room by its name. Nothing has to be made before it is used."""

    def __init__(self, name: str, now: Now) -> None:
        self.name = name
        self._now = now

    def topic(self, name: str) -> Topic:
        """Raises ``ClientError`` (``invalid_channel``) for what is no name."""
        return Topic(self.name, name, self._now)

    async def presence(self) -> tuple[Seat, ...]:
        """Who is in the room, the away included."""
        return await self._now().broker.presence(self.name)

    async def kick(self, user: str, seconds: int = 0) -> None:
        """End all subscriptions of a user (or of one session) in this room, and keep it out for so long."""
        rooms = self._now()
        await rooms.control(Kick(user, self.name, until=rooms.clock.unix() + seconds if seconds else 0))


class Topic:
    """A topic by its name. What is published has to be JSON. All methods may raise ``ClientError`` and ``Refused``."""

    def __init__(self, room: str, name: str, now: Now) -> None:
        self.room = room
        self.name = name
        self.channel = channel_of(room, name)
        self._now = now

    async def publish(
        self,
        data: Any,
        *,
        key: str = "",
        user: str = "",
        tags: dict[str, str] | None = None,
        idempotency_key: str = "",
    ) -> Position:
        """Add to a ``log``, or to ``latest`` under ``key``; its place. ``user`` is who said it; without one it is the server."""
        draft = Draft(
            data=msgspec.json.encode(data),
            key=key,
            who=Who(user) if user else None,
            tags=tags,
            idempotency_key=idempotency_key,
        )
        return await self._now().publish(self.channel, draft)

    async def feed(self, values: dict[str, Any]) -> None:
        """New values of many keys of ``latest`` at once."""
        await self._now().feed(self.channel, {key: msgspec.json.encode(value) for key, value in values.items()})

    async def change(
        self,
        set: dict[str, Any] | None = None,
        remove: tuple[str, ...] = (),
        *,
        ttl_ms: int | None = None,
        owner: str = "",
    ) -> Position:
        """Change a ``state``; its new version. Keys with an ``owner`` are seen by that user alone."""
        values = {key: msgspec.json.encode(value) for key, value in (set or {}).items()}
        return await self._now().change(self.channel, Change(set=values, remove=remove, ttl_ms=ttl_ms, owner=owner))

    async def entries(self) -> dict[str, Any]:
        """All of a ``state``, private entries too."""
        rooms = self._now()
        image = await rooms.broker.state(self.channel, rooms.rules.require(self.channel, "state"))
        return {key: msgspec.json.decode(entry.value) for key, entry in image.entries.items()}

    async def history(self, limit: int = 100, *, reverse: bool = True) -> list[Message]:
        """The newest first, or with ``reverse=False`` the oldest."""
        page: Page = await self._now().history(self.channel, limit=limit, reverse=reverse)
        return [Message.of(each) for each in page.publications]

    async def presence(self) -> tuple[Seat, ...]:
        return await self._now().presence(self.channel)

    @asynccontextmanager
    async def subscribe(
        self, *, rate: float | None = None, since: Position | None = None
    ) -> AsyncIterator[AsyncIterator[Message]]:
        """``async with topic.subscribe() as messages: async for message in messages: …``

        A ``log`` from now on, or behind ``since``; ``latest`` with what there is first; of a ``state`` the snapshot and the
        patches, as clients get them. Nobody sees it in presence. The iterator ends with the subscription, and raises
        ``Refused`` (``reader_too_slow``) where more than ``MAX_WAITING`` messages of a ``log`` wait, or (``gap``) where some
        cannot be had.
        """
        rooms = self._now()
        ear = _Queue()
        member = rooms.enter(HOUSE, ear, grants=Grants.everything(), kind="agent", hidden=True)
        try:
            await member.subscribe(self.channel, ear.welcome, rate=rate, since=since)
            yield ear.messages()
        finally:
            await member.leave(keep=False)


class _Queue:
    """An ``Ear`` that is read by ``async for``."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Message | Refused | None] = asyncio.Queue()
        self._empty = asyncio.Event()
        self._empty.set()

    def welcome(self, welcome: Welcome) -> None:
        if welcome.page is not None:
            if not welcome.page.proved:
                self._end(_gap())
            self._take(welcome.page.publications)
        self._take(welcome.publications)
        for event in (welcome.snapshot, welcome.patch):
            if event is not None:
                self._put(_state(event))

    def tell(self, told: Told) -> None:
        match told.event:
            case Published(publications=publications):
                self._take(publications)
            case Patch() | Snapshot():
                self._put(_state(told.event))
            case Gap():
                self._end(_gap())
            case Ended():
                self._end(None)

    @property
    def crowded(self) -> bool:
        return self._queue.qsize() >= FULL_AT

    async def drained(self) -> None:
        await self._empty.wait()

    def invite(self, channel: str) -> None:
        """Programs subscribe by themselves."""

    def renew(self, until: int) -> None:
        """Programs have no token."""

    def close(self, reason: Farewell) -> None:
        self._end(None)

    async def messages(self) -> AsyncIterator[Message]:
        while True:
            said = await self._queue.get()
            if self._queue.empty():
                self._empty.set()
            if said is None:
                return
            if isinstance(said, Refused):
                raise said
            yield said

    def _take(self, publications: tuple[Publication, ...]) -> None:
        for publication in publications:
            self._put(Message.of(publication))

    def _put(self, message: Message) -> None:
        if self._queue.qsize() >= MAX_WAITING:
            slow = Refused("This program reads too slowly.", status=503, code="reader_too_slow", retry_after=1)
            self._end(slow)
            return
        self._queue.put_nowait(message)
        self._empty.clear()

    def _end(self, last: Refused | None) -> None:
        if self._queue.qsize() <= MAX_WAITING:
            self._queue.put_nowait(last)


def _gap() -> Refused:
    return Refused("Messages were lost: read the history.", status=409, code="gap", retry_after=0)


def _state(event: Patch | Snapshot) -> Message:
    if isinstance(event, Snapshot):
        entries = {key: msgspec.json.decode(value) for key, value in event.entries.items()}
        return Message({"type": "snapshot", "version": event.version, "epoch": event.epoch, "entries": entries})
    values = {key: msgspec.json.decode(value) for key, value in event.set.items()}
    removed = list(event.removed)
    return Message(
        {
            "type": "patch",
            "base": event.base,
            "version": event.version,
            "set": values,
            "removed": removed,
            "acks": event.acks,
        }
    )
