"""Promises of the rooms, whatever happens between a broker and its readers.

Deliveries are lost, come twice or too late; logs begin another life; readers break off, come back with the place they had, or
do not read. Then: every reader of a log has had every message once and in order, or was told that it cannot; every client of a
state has what the server has, as far as it may see it; every reader of a feed has the newest of every key.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.base.ids import counting
from salon.base.rooms import Change, Gap, Page, Patch, Position, Publication, Published, RoomEvent, Snapshot, TopicRule
from salon.brokers.memory import MemoryBroker
from salon.ports.broker import Delivery, Draft
from salon.room.machine import Welcome
from salon.room.policy import Rules
from salon.session.rooms import Rooms
from tests.fakes.clock import FakeClock
from tests.fakes.rooms import Guest, Hearing, Mirror, open_rooms

LIMITED = settings(max_examples=150, deadline=None, derandomize=True)
LOG, FEED, STATE = "lobby/chat", "lobby/feed", "lobby/state"
RULES = (TopicRule(pattern=LOG, size=6), TopicRule(pattern=STATE, mode="state", ttl_seconds=None))


class Faulty(MemoryBroker):
    """A broker on a bad network: what happens to the deliveries to come stands in ``faults``."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=clock, new_id=counting())
        self.faults: deque[str] = deque()
        self.late: list[tuple[str, Delivery]] = []

    def deliver(self, channel: str, delivery: Delivery) -> None:
        fault = self.faults.popleft() if channel in (LOG, FEED, STATE) and self.faults else "ok"
        if fault == "lose":
            return
        if fault == "late":
            self.late.append((channel, delivery))
            return
        super().deliver(channel, delivery)
        if fault == "twice":
            super().deliver(channel, delivery)
        for each in self.late:
            super().deliver(*each)
        self.late.clear()

    def heal(self) -> None:
        self.faults.clear()
        for each in self.late:
            super().deliver(*each)
        self.late.clear()


class Chatter:
    """A client of the log that checks everything it is given."""

    def __init__(self) -> None:
        self.place: Position | None = None
        self.told = 0
        self.heard: list[tuple[str, int]] = []

    def welcome(self, welcome: Welcome) -> None:
        page: Page | None = welcome.page
        assert page is not None
        if self.place is None:
            self.place = page.position
        elif page.proved:
            self.take(page.publications)
            assert self.place == page.position, "a recovered page ends where the log does"
        else:
            assert page.publications == ()
            self.told += 1
            self.place = page.position

    def hear(self, event: RoomEvent) -> bool:
        """False when it has to subscribe anew."""
        if isinstance(event, Gap):
            return False
        assert isinstance(event, Published)
        self.take(event.publications)
        return True

    def take(self, publications: tuple[Publication, ...]) -> None:
        for publication in publications:
            assert self.place is not None
            assert publication.epoch == self.place.epoch
            assert publication.offset == self.place.offset + 1, "nothing is missing and nothing comes twice"
            assert publication.data == f"{publication.epoch} {publication.offset}".encode()
            self.place = publication.position
            self.heard.append((publication.epoch, publication.offset))


class Reader:
    """One person with a connection to all three topics, which may break and be made again."""

    def __init__(self, rooms: Rooms, name: str) -> None:
        self.rooms = rooms
        self.name = name
        self.chatter = Chatter()
        self.mirror: Mirror | None = None
        self.version: Position | None = None
        self.newest: dict[str, bytes] = {}
        self.guest: Guest | None = None
        self.seen = 0
        self.again: set[str] = set()

    async def connect(self) -> None:
        if self.guest is None:
            self.guest = Guest(self.rooms, self.name, session=self.name, proof=self.name.encode())
            self.seen = 0
            self.again.clear()
            await self._subscribe(LOG)
            await self._subscribe(FEED)
            await self._subscribe(STATE)

    async def _subscribe(self, channel: str) -> None:
        assert self.guest is not None
        self.listen()
        if channel == LOG:
            await self.guest.member.subscribe(LOG, self.chatter.welcome, since=self.chatter.place)
        elif channel == FEED:
            welcome = await self.guest.subscribe(FEED)
            self.newest.update((each.key, each.data) for each in welcome.publications)
        else:
            welcome = await self.guest.subscribe(STATE, since=self.version)
            if self.mirror is None:
                self.mirror = Mirror(welcome)
            else:
                event = welcome.snapshot or welcome.patch
                assert event is not None
                self.mirror.hear(event)
            self._note(welcome.snapshot or welcome.patch)

    def _note(self, event: RoomEvent | None) -> None:
        if isinstance(event, Patch | Snapshot):
            self.version = Position(event.version, event.epoch)

    def listen(self) -> None:
        """Take in what came, and note which channels are to be subscribed to anew."""
        assert self.guest is not None
        for channel, event in self.guest.ear.told[self.seen :]:
            if channel == LOG:
                if not self.chatter.hear(event):
                    self.again.add(LOG)
            elif channel == FEED:
                assert isinstance(event, Published)
                self.newest.update((each.key, each.data) for each in event.publications)
            else:
                assert self.mirror is not None
                self.mirror.hear(event)
                self._note(event)
        self.seen = len(self.guest.ear.told)

    async def catch_up(self) -> None:
        if self.guest is not None:
            self.listen()
            while self.again:
                await self._subscribe(self.again.pop())

    async def drop(self) -> None:
        if self.guest is not None:
            self.guest.ear.unblock()
            # What was on its way when the connection broke did not arrive.
            await self.guest.member.leave(keep=True)
            self.guest = None


async def settle() -> None:
    for _ in range(12):
        await asyncio.sleep(0)


async def publish(rooms: Rooms, state: dict[str, Any]) -> None:
    """The message says its own place, so that a reader can check it."""
    page = await rooms.history(LOG)
    data = f"{page.position.epoch} {page.position.offset + 1}".encode()
    await rooms.publish(LOG, Draft(data=data))


actions = st.one_of(
    st.tuples(st.just("publish"), st.just(0)),
    st.tuples(st.just("feed"), st.integers(0, 3)),
    st.tuples(st.just("change"), st.integers(0, 5)),
    st.tuples(st.just("private"), st.integers(0, 1)),
    st.tuples(st.just("remove"), st.integers(0, 5)),
    st.tuples(st.just("fault"), st.sampled_from(["lose", "twice", "late", "ok"])),
    st.tuples(st.sampled_from(["drop", "connect", "block", "unblock", "catch up"]), st.integers(0, 1)),
    st.tuples(st.just("restart"), st.sampled_from([LOG, STATE])),
    st.tuples(st.just("confirm"), st.just(0)),
    st.tuples(st.just("settle"), st.just(0)),
)


async def live_through(script: list[tuple[str, Any]]) -> None:
    clock = FakeClock()
    broker = Faulty(clock)
    async with open_rooms(broker=broker, clock=clock, rules=Rules(RULES)) as rooms:
        readers = [Reader(rooms, "alice"), Reader(rooms, "bob")]
        for reader in readers:
            await reader.connect()
        for step, (what, which) in enumerate(script):
            await act(rooms, broker, readers, step, what, which)
        await check(rooms, broker, readers)


async def act(rooms: Rooms, broker: Faulty, readers: list[Reader], step: int, what: str, which: Any) -> None:
    value = str(step).encode()
    match what:
        case "publish":
            await publish(rooms, {})
        case "feed":
            await rooms.publish(FEED, Draft(data=value, key=f"k{which}"))
        case "change":
            await rooms.change(STATE, Change(set={f"k{which}": value}))
        case "private":
            owner = readers[which].name
            await rooms.change(STATE, Change(set={f"hand of {owner}": value}, owner=owner))
        case "remove":
            await rooms.change(STATE, Change(remove=(f"k{which}", "hand of alice")))
        case "fault":
            broker.faults.append(which)
        case "restart":
            broker.drop(which)
        case "confirm":
            await rooms.confirm()
        case "settle":
            await settle()
        case _:
            await disturb(readers[which], what)


async def disturb(reader: Reader, what: str) -> None:
    if what == "connect":
        await reader.connect()
    elif what == "drop":
        await reader.drop()
    elif reader.guest is not None:
        ear: Hearing = reader.guest.ear
        if what == "block":
            ear.block()
        elif what == "unblock":
            ear.unblock()
        else:
            await reader.catch_up()


async def check(rooms: Rooms, broker: Faulty, readers: list[Reader]) -> None:
    """The network is good again, everybody is back and reads; one more of everything goes out."""
    broker.heal()
    for reader in readers:
        await reader.connect()
        assert reader.guest is not None
        reader.guest.ear.unblock()
    for _ in range(4):
        await publish(rooms, {})
        await rooms.change(STATE, Change(set={"last": b"1"}))
        await rooms.change(STATE, Change(set={"last": b"2"}))
        await rooms.confirm()
        await settle()
        for reader in readers:
            await reader.catch_up()
    for key in range(4):
        await rooms.publish(FEED, Draft(data=b"last", key=f"k{key}"))
    await settle()
    position = (await rooms.history(LOG)).position
    image = await broker.state(STATE, rooms.rules.of(STATE))
    newest = {each.key: each.data for each in await broker.newest(FEED, rooms.rules.of(FEED))}
    for reader in readers:
        await reader.catch_up()
        assert reader.chatter.place == position
        assert reader.mirror is not None
        seen = {key: entry.value for key, entry in image.entries.items() if entry.owner in ("", reader.name)}
        assert reader.mirror.entries == seen
        assert reader.newest == newest
        assert len(set(reader.chatter.heard)) == len(reader.chatter.heard)


@LIMITED
@given(st.lists(actions, min_size=12, max_size=50))
def test_every_promise_is_kept(script: list[tuple[str, Any]]) -> None:
    asyncio.run(live_through(script))


def test_a_script_that_has_everything_in_it() -> None:
    script: list[tuple[str, Any]] = [
        ("publish", 0),
        ("fault", "lose"),
        ("publish", 0),
        ("publish", 0),
        ("drop", 0),
        *[("publish", 0)] * 9,
        ("connect", 0),
        ("block", 1),
        *[("change", 1), ("feed", 1)] * 3,
        ("restart", LOG),
        ("private", 0),
        ("fault", "late"),
        ("change", 2),
        ("change", 3),
        ("unblock", 1),
        ("settle", 0),
    ]

    async def run() -> None:
        await live_through(script)

    asyncio.run(run())
