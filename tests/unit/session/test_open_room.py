from __future__ import annotations

import asyncio
from typing import Any

import pytest

from salon.base.errors import Refused
from salon.base.ids import counting
from salon.base.rooms import Change, Gap, Page, Patch, Position, Publication, Published, Snapshot, TopicRule
from salon.brokers.memory import MemoryBroker
from salon.ports.broker import Draft
from salon.room.policy import Rules
from salon.session import open_room
from tests.fakes.clock import FakeClock
from tests.fakes.rooms import Guest, Mirror, open_rooms


class Unreliable(MemoryBroker):
    """A broker whose deliveries may be lost, as between processes, and whose answers may take a while."""

    def __init__(self) -> None:
        super().__init__(clock=FakeClock(), new_id=counting())
        self.losing = False
        self.failing = False
        self.hold: asyncio.Event | None = None
        self.asked = asyncio.Event()

    def deliver(self, channel: str, delivery: Any) -> None:
        if not self.losing:
            super().deliver(channel, delivery)

    async def history(self, *args: Any, **more: Any) -> Page:
        page = await super().history(*args, **more)
        if self.failing:
            raise Refused("Not now.", status=503, code="broker_busy", retry_after=1)
        if self.hold is not None:
            self.asked.set()
            await self.hold.wait()
        return page


async def test_a_subscription_begins_with_nothing_and_misses_nothing() -> None:
    async with open_rooms() as rooms:
        guest = Guest(rooms, "alice")
        before = await rooms.publish("lobby/chat", Draft(data=b"0"))
        welcome = await guest.subscribe("lobby/chat")
        assert welcome.page == Page((), before)
        await rooms.publish("lobby/chat", Draft(data=b"1"))
        assert guest.ear.data() == [b"1"]


async def test_what_was_missed_comes_first() -> None:
    async with open_rooms() as rooms:
        place = await rooms.publish("lobby/chat", Draft(data=b"0"))
        for data in (b"1", b"2"):
            await rooms.publish("lobby/chat", Draft(data=data))
        guest = Guest(rooms, "alice")
        welcome = await guest.subscribe("lobby/chat", since=place)
        assert welcome.page is not None and welcome.page.proved
        assert [each.data for each in welcome.page.publications] == [b"1", b"2"]


async def test_what_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_rooms(rules=Rules([TopicRule(size=2)])) as rooms:
        place = await rooms.publish("lobby/chat", Draft(data=b"0"))
        for _ in range(5):
            await rooms.publish("lobby/chat", Draft(data=b"x" * 10))
        for since in (place, Position(1, "other")):
            welcome = await Guest(rooms, "alice").subscribe("lobby/chat", since=since)
            assert welcome.page is not None and not welcome.page.proved and welcome.page.position.offset == 6
        monkeypatch.setattr(open_room, "MAX_RECOVERED_BYTES", 15)
        welcome = await Guest(rooms, "alice").subscribe("lobby/chat", since=Position(4, place.epoch))
        assert welcome.page is not None and not welcome.page.proved, "too much for one answer"


async def test_what_comes_while_a_page_is_fetched_comes_after_it() -> None:
    broker = Unreliable()
    async with open_rooms(broker=broker) as rooms:
        await Guest(rooms, "first").subscribe("lobby/chat")
        place = await rooms.publish("lobby/chat", Draft(data=b"0"))
        await rooms.publish("lobby/chat", Draft(data=b"1"))
        guest = Guest(rooms, "alice")
        broker.hold = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            coming = group.create_task(guest.subscribe("lobby/chat", since=place))
            await broker.asked.wait()
            await rooms.publish("lobby/chat", Draft(data=b"2"))
            broker.hold.set()
        page = coming.result().page
        assert page is not None and [each.data for each in page.publications] == [b"1"]
        assert guest.ear.data() == [b"2"]


async def test_a_lost_delivery_is_made_up_for_by_the_next() -> None:
    broker = Unreliable()
    async with open_rooms(broker=broker) as rooms:
        guest = Guest(rooms, "alice")
        await guest.subscribe("lobby/chat")
        broker.losing = True
        await rooms.publish("lobby/chat", Draft(data=b"1"))
        broker.losing = False
        await rooms.publish("lobby/chat", Draft(data=b"2"))
        await guest.ear.until(1)
        assert guest.ear.data() == [b"1", b"2"]


async def test_a_lost_delivery_that_none_follows_is_noticed() -> None:
    broker = Unreliable()
    async with open_rooms(broker=broker) as rooms:
        guest = Guest(rooms, "alice")
        await guest.subscribe("lobby/chat")
        broker.losing = True
        await rooms.publish("lobby/chat", Draft(data=b"1"))
        await rooms.confirm()
        await guest.ear.until(1)
        assert guest.ear.data() == [b"1"]


async def test_a_log_that_was_lost_is_told_and_can_be_subscribed_to_anew() -> None:
    broker = Unreliable()
    async with open_rooms(broker=broker) as rooms:
        guest = Guest(rooms, "alice")
        await guest.subscribe("lobby/chat")
        broker.drop("lobby/chat")
        place = await rooms.publish("lobby/chat", Draft(data=b"1"))
        assert guest.ear.told == [("lobby/chat", Gap(place))]
        assert guest.member.channels == ()
        await guest.subscribe("lobby/chat")
        await rooms.publish("lobby/chat", Draft(data=b"2"))
        assert guest.ear.data() == [b"2"]


async def test_a_broker_that_does_not_answer_refuses_the_subscription() -> None:
    broker = Unreliable()
    async with open_rooms(broker=broker) as rooms:
        guest = Guest(rooms, "alice")
        broker.failing = True
        with pytest.raises(Refused):
            await guest.subscribe("lobby/chat")
        assert guest.member.channels == ()
        broker.failing = False
        await guest.subscribe("lobby/chat")
        await rooms.publish("lobby/chat", Draft(data=b"1"))
        assert guest.ear.data() == [b"1"]


async def test_a_crowded_reader_of_a_feed_gets_the_newest() -> None:
    async with open_rooms() as rooms:
        guest = Guest(rooms, "alice")
        await guest.subscribe("lobby/feed")
        guest.ear.block()
        for number in range(5):
            await rooms.publish("lobby/feed", Draft(data=str(number).encode(), key="k"))
        assert guest.ear.data() == []
        guest.ear.unblock()
        await guest.ear.until(1)
        assert guest.ear.data() == [b"4"]
        figures = guest.member.figures("lobby/feed")
        assert (figures.delivered, figures.conflated) == (1, 4)


async def test_a_crowded_reader_of_a_state_goes_straight_to_the_newest() -> None:
    async with open_rooms() as rooms:
        slow, fast = Guest(rooms, "slow"), Guest(rooms, "fast")
        mirrors = [Mirror(await guest.subscribe("lobby/state")) for guest in (slow, fast)]
        slow.ear.block()
        for number in range(5):
            await rooms.change("lobby/state", Change(set={"k": str(number).encode(), f"k{number}": b"1"}))
        slow.ear.unblock()
        await slow.ear.until(1)
        assert len(slow.ear.told) == 1 and len(fast.ear.told) == 5
        for guest, mirror in zip((slow, fast), mirrors, strict=True):
            for _, event in guest.ear.told:
                mirror.hear(event)
            assert mirror.entries == {"k": b"4", **{f"k{number}": b"1" for number in range(5)}}


async def test_a_missed_patch_is_replaced_by_the_whole() -> None:
    broker = Unreliable()
    async with open_rooms(broker=broker) as rooms:
        guest = Guest(rooms, "alice")
        mirror = Mirror(await guest.subscribe("lobby/state"))
        broker.losing = True
        await rooms.change("lobby/state", Change(set={"a": b"1"}))
        broker.losing = False
        await rooms.change("lobby/state", Change(set={"b": b"1"}))
        [(_, event)] = await guest.ear.until(1)
        assert isinstance(event, Snapshot)
        mirror.hear(event)
        assert mirror.entries == {"a": b"1", "b": b"1"}


async def test_who_watches_is_told_topic_by_topic() -> None:
    async with open_rooms() as rooms:
        watcher, guest = Guest(rooms, "watcher"), Guest(rooms, "alice")
        await watcher.subscribe("lobby/chat", watch=True)
        await guest.subscribe("lobby/other")
        assert watcher.ear.told == []
        await guest.subscribe("lobby/chat")
        await guest.subscribe("lobby/more")
        await guest.member.unsubscribe("lobby/chat")
        assert watcher.ear.kinds() == ["Joined", "Left"]


async def test_a_room_is_let_go_with_its_last_reader() -> None:
    async with open_rooms() as rooms:
        one, two = Guest(rooms, "one"), Guest(rooms, "two")
        await one.subscribe("lobby/chat")
        await two.subscribe("lobby/signal")
        opened = rooms.opened["lobby"]
        await one.member.leave(keep=False)
        await two.member.leave(keep=False)
        async with asyncio.timeout(10):
            while not opened.closed:  # noqa: ASYNC110  (a background task; nobody tells of its end)
                await asyncio.sleep(0)
        assert rooms.opened == {}
        broker = rooms.broker
        assert isinstance(broker, MemoryBroker) and set(broker._listeners) == {"/control"}
        await Guest(rooms, "three").subscribe("lobby/chat")
        assert rooms.opened["lobby"] is not opened


async def test_a_feed_is_woken_by_its_own_timer() -> None:
    clock = FakeClock()
    async with open_rooms(clock=clock) as rooms:
        guest = Guest(rooms, "alice")
        await guest.subscribe("lobby/feed", rate=100.0)
        await rooms.publish("lobby/feed", Draft(data=b"1", key="k"))
        clock.pass_ms(10)
        [(_, event)] = await guest.ear.until(1)
        assert isinstance(event, Published) and isinstance(event.publications[0], Publication)


async def test_a_patch_is_told_with_its_owner_only() -> None:
    async with open_rooms() as rooms:
        alice, bob = Guest(rooms, "alice"), Guest(rooms, "bob")
        await alice.subscribe("lobby/state")
        await bob.subscribe("lobby/state")
        await rooms.change("lobby/state", Change(set={"hand": b"7"}, owner="alice"))
        [(_, hers)], [(_, his)] = alice.ear.told, bob.ear.told
        assert isinstance(hers, Patch) and hers.set == {"hand": b"7"}
        assert isinstance(his, Patch) and his.set == {}


async def test_a_seat_that_another_connection_has_is_left_to_it() -> None:
    async with open_rooms() as rooms:
        guest = Guest(rooms, "alice", session="phone", proof=b"p")
        await guest.subscribe("lobby/chat")
        [seat] = await rooms.presence("lobby/chat")
        elsewhere = type(seat)(
            session="phone", identity="alice", proof=b"p", connection="elsewhere", topics=seat.topics
        )
        await rooms.broker.enter("lobby", elsewhere, 60_000)
        await rooms.touch()
        assert guest.ear.farewell == "replaced"
