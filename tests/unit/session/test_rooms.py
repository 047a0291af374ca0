from __future__ import annotations

import asyncio

import pytest

from salon.base.errors import ClientError, Refused
from salon.base.rooms import Change, Ended, Invite, Kick, Position, Renew, TopicRule
from salon.ports.broker import Draft
from salon.room.policy import Rules
from salon.session import rooms as module
from salon.session.hooks import Happening
from tests.fakes.clock import FakeClock
from tests.fakes.rooms import EVERYTHING, Guest, Hearing, open_rooms


async def test_the_house_publishes_changes_and_reads() -> None:
    async with open_rooms() as rooms:
        alice = Guest(rooms, "alice")
        await alice.subscribe("lobby/chat")
        position = await rooms.publish("lobby/chat", Draft(data=b"1", tags={"a": "b"}))
        assert alice.ear.data() == [b"1"]
        assert (await rooms.history("lobby/chat", limit=-1)).position == position
        assert (await rooms.change("lobby/state", Change(set={"a": b"1"}))).offset == 1
        await rooms.publish("lobby/feed", Draft(data=b"2", key="k"))
        assert [each.data for each in (await rooms.history("lobby/feed", limit=5)).publications] == [b"2"]
        assert [seat.identity for seat in await rooms.presence("lobby/chat")] == ["alice"]
        assert await rooms.presence("lobby/other") == ()


@pytest.mark.parametrize(
    ("channel", "draft", "code"),
    [
        ("chat", Draft(data=b"1"), "invalid_channel"),
        ("lobby/state", Draft(data=b"1"), "wrong_mode"),
        ("lobby/chat", Draft(data=b"x" * 65_537), "data_too_large"),
        ("lobby/chat", Draft(data=b"1", idempotency_key="x" * 257), "data_too_large"),
        ("lobby/chat", Draft(data=b"1", tags={"x": "y" * 300}), "data_too_large"),
    ],
)
async def test_what_cannot_be_published(channel: str, draft: Draft, code: str) -> None:
    async with open_rooms() as rooms:
        with pytest.raises(ClientError) as refused:
            await rooms.publish(channel, draft)
        assert refused.value.code == code


async def test_a_place_that_cannot_be_known_is_refused() -> None:
    async with open_rooms(rules=Rules([TopicRule(size=2)])) as rooms:
        for _ in range(5):
            last = await rooms.publish("lobby/chat", Draft(data=b"1"))
        for since in (Position(1, last.epoch), Position(4, "other"), Position(9, last.epoch)):
            with pytest.raises(ClientError) as refused:
                await rooms.history("lobby/chat", since=since, limit=5)
            assert refused.value.code == "unrecoverable_position"


async def test_a_page_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PAGE_BYTES", 25)
    async with open_rooms() as rooms:
        for data in (b"x" * 40, b"y" * 10, b"z" * 10):
            await rooms.publish("lobby/chat", Draft(data=data))
        page = await rooms.history("lobby/chat", limit=9)
        assert [len(each.data) for each in page.publications] == [40], "one goes always"
        page = await rooms.history("lobby/chat", limit=9, since=Position(1, page.position.epoch))
        assert [len(each.data) for each in page.publications] == [10, 10]


async def test_a_kick_ends_everything_and_keeps_out() -> None:
    clock = FakeClock()
    async with open_rooms(clock=clock) as rooms:
        alice, bob = Guest(rooms, "alice"), Guest(rooms, "bob")
        await rooms.control(Kick("alice", until=clock.unix() + 60))
        assert (alice.ear.farewell, bob.ear.farewell) == ("kicked", None)
        with pytest.raises(Refused) as refused:
            Guest(rooms, "alice")
        assert refused.value.code == "kicked"
        clock.pass_ms(60_000)
        Guest(rooms, "alice")


async def test_who_is_kicked_has_no_seat_any_more_however_its_connection_ends() -> None:
    async with open_rooms() as rooms:
        told: asyncio.Queue[Happening] = asyncio.Queue()
        rooms.hooks.on("room.left", told.put)
        alice = Guest(rooms, "alice", session="phone", proof=b"p")
        await alice.subscribe("lobby/chat")
        await rooms.control(Kick("alice"))
        async with asyncio.timeout(20):
            left = await told.get()
        assert (left.who and left.who.identity, left.reason) == ("alice", "kicked")
        assert await rooms.presence("lobby/chat") == () and rooms.members == {}
        # Its connection says so only now, and lost. A device that comes back has a seat as before.
        await alice.member.leave(keep=True)
        await Guest(rooms, "alice", session="phone", proof=b"p").subscribe("lobby/chat")
        assert [seat.away for seat in await rooms.presence("lobby/chat")] == [False]
        # Out of one room it is the same.
        await rooms.control(Kick("alice", "lobby"))
        async with asyncio.timeout(20):
            assert (await told.get()).reason == "kicked"


async def test_a_kick_out_of_one_room() -> None:
    clock = FakeClock()
    async with open_rooms(clock=clock) as rooms:
        alice = Guest(rooms, "alice")
        for channel in ("lobby/chat", "lobby/feed", "other/chat"):
            await alice.subscribe(channel)
        await rooms.control(Kick(alice.member.who.session, "lobby", until=clock.unix() + 60))
        assert alice.ear.told == [("lobby/chat", Ended("kicked")), ("lobby/feed", Ended("kicked"))]
        assert alice.member.channels == ("other/chat",)
        with pytest.raises(Refused):
            await alice.subscribe("lobby/chat")
        with pytest.raises(Refused):
            await alice.member.publish("lobby/chat", b"1")
        await alice.member.publish("other/chat", b"1")


async def test_one_subscription_is_ended_from_the_server() -> None:
    async with open_rooms() as rooms:
        alice = Guest(rooms, "alice")
        await alice.subscribe("lobby/chat")
        await alice.subscribe("lobby/news")
        await rooms.control(Kick("alice", "lobby", "chat", reason="unsubscribed"))
        assert alice.ear.told == [("lobby/chat", Ended("unsubscribed"))]
        await rooms.control(Invite("alice", "lobby/vip"))
        await rooms.control(Renew("alice", 5))
        assert (alice.ear.invited, alice.ear.renewed) == (["lobby/vip"], [5])


async def test_a_room_that_is_removed() -> None:
    async with open_rooms() as rooms:
        alice = Guest(rooms, "alice")
        await alice.subscribe("lobby/chat")
        before = await rooms.publish("lobby/chat", Draft(data=b"1"))
        await rooms.remove("lobby")
        assert alice.ear.told[-1] == ("lobby/chat", Ended("removed"))
        assert (await rooms.history("lobby/chat")).position.epoch != before.epoch


async def test_a_device_that_comes_back_takes_its_session_over() -> None:
    async with open_rooms() as rooms:
        old = Guest(rooms, "alice", session="phone", proof=b"p")
        await old.subscribe("lobby/chat")
        for theft in ({"identity": "eve", "proof": b"p"}, {"identity": "alice", "proof": b"guessed"}):
            with pytest.raises(Refused) as refused:
                rooms.enter(theft["identity"], Hearing(), grants=EVERYTHING, session="phone", proof=theft["proof"])  # type: ignore[arg-type]
            assert refused.value.code == "seat_taken"
        assert old.ear.farewell is None
        new = Guest(rooms, "alice", session="phone", proof=b"p")
        assert old.ear.farewell == "replaced"
        await new.subscribe("lobby/chat")
        await old.member.leave(keep=True)
        await rooms.publish("lobby/chat", Draft(data=b"1"))
        assert (old.ear.data(), new.ear.data()) == ([], [b"1"])
        assert [seat.away for seat in await rooms.presence("lobby/chat")] == [False]


async def test_draining_asks_everybody_to_go() -> None:
    async with open_rooms() as rooms:
        guests = [Guest(rooms, name) for name in "abc"]
        await rooms.drain()
        assert [guest.ear.farewell for guest in guests] == ["draining"] * 3


async def test_hooks_hear_who_comes_and_goes_and_what_is_said() -> None:
    async with open_rooms() as rooms:
        heard: asyncio.Queue[Happening] = asyncio.Queue()
        for name in ("room.joined", "room.left", "room.message"):
            rooms.hooks.on(name, heard.put)
        alice = Guest(rooms, "alice")
        await alice.subscribe("lobby/chat")
        await alice.member.publish("lobby/chat", b"[1]")
        await alice.member.leave(keep=False)
        async with asyncio.timeout(10):
            joined, message, left = [await heard.get() for _ in range(3)]
        assert (joined.name, joined.room, joined.who) == ("room.joined", "lobby", alice.member.who)
        assert (message.channel, message.json, message.offset) == ("lobby/chat", [1], 1)
        assert (left.name, left.reason) == ("room.left", "left")


async def test_a_seat_that_is_lost_in_an_empty_room_is_heard_of() -> None:
    clock = FakeClock()
    async with open_rooms(clock=clock, grace_ms=20) as rooms:
        lost: asyncio.Queue[Happening] = asyncio.Queue()
        rooms.hooks.on("room.left", lost.put)
        alice = Guest(rooms, "alice", session="phone", proof=b"p")
        await alice.subscribe("lobby/chat")
        await alice.member.leave(keep=True)
        clock.pass_ms(20)
        async with asyncio.timeout(10):
            assert (await lost.get()).reason == "lost"
            while rooms.opened:  # noqa: ASYNC110  (a background task)
                await asyncio.sleep(0)


async def test_the_background_keeps_seats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOUCH_SECONDS", 0.0)
    monkeypatch.setattr(module, "CONFIRM_SECONDS", 0.0)
    async with open_rooms() as rooms:
        alice = Guest(rooms, "alice")
        await alice.subscribe("lobby/chat")
        await rooms.broker.leave("lobby", alice.member.who.session, "")
        async with asyncio.TaskGroup() as group:
            running = group.create_task(rooms.run())
            async with asyncio.timeout(10):
                while not await rooms.presence("lobby/chat"):  # noqa: ASYNC110
                    await asyncio.sleep(0)
            running.cancel()


async def test_a_hook_that_hangs_does_not_keep_the_house_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASIDE_SECONDS", 0.01)
    begun, ended = asyncio.Event(), list[str]()

    async def hangs(happening: Happening) -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            ended.append(happening.name)

    async with asyncio.timeout(20), open_rooms() as rooms:
        rooms.hooks.on("room.message", hangs)
        await rooms.publish("lobby/chat", Draft(data=b"1"))
        await begun.wait()
    assert ended == ["room.message"]
    # What happens while the house closes is told to nobody.
    rooms._fire(Happening("room.message", "lobby", "chat"))
