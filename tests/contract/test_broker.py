"""What every broker promises, over all there are: one in memory, one with a file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from salon.base.errors import ClientError, Refused
from salon.base.ids import counting
from salon.base.rooms import (
    Change,
    Joined,
    Kick,
    Left,
    Patch,
    Position,
    Publication,
    Published,
    RoomRecord,
    Seat,
    Signal,
    TopicRule,
    Who,
)
from salon.brokers.memory import MemoryBroker
from salon.brokers.sqlite import SqliteBroker
from salon.ports.broker import CONTROL, Broker, Delivery, Draft
from tests.fakes.clock import FakeClock

LOG, LATEST, STATE = TopicRule(size=5), TopicRule(mode="latest", keys=3), TopicRule(mode="state", keys=3)
FLEETING_LOG, FLEETING_STATE = TopicRule(size=5, durable=False), TopicRule(mode="state", keys=3, durable=False)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["memory", "sqlite"])
async def broker(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Broker]:
    made: Any
    if request.param == "memory":
        made = MemoryBroker(clock=clock, new_id=counting())
    else:
        made = SqliteBroker(tmp_path / "salon.db", clock=clock, new_id=counting())
    async with made:
        yield made


class Heard:
    def __init__(self) -> None:
        self.all: list[Delivery] = []

    def __call__(self, delivery: Delivery) -> None:
        # Several at once are no more than one after the other.
        self.all += delivery.publications if isinstance(delivery, Published) else (delivery,)


async def listening(broker: Broker, channel: str) -> Heard:
    heard = Heard()
    await broker.follow(channel, heard)
    return heard


def draft(text: str, **more: Any) -> Draft:
    return Draft(data=text.encode(), **more)


@pytest.mark.parametrize("rule", [LOG, FLEETING_LOG])
async def test_a_log_is_in_order_and_can_be_read_again(broker: Broker, rule: TopicRule) -> None:
    heard = await listening(broker, "r/chat")
    who = Who("alice", "s", b'{"a":1}')
    positions = await asyncio.gather(
        *(
            broker.publish("r/chat", draft(str(number), who=who, tags={"n": str(number)}, key="k"), rule)
            for number in range(4)
        )
    )
    assert [position.offset for position in positions] == [1, 2, 3, 4]
    page = await broker.history("r/chat", rule, limit=10)
    assert [each.data for each in page.publications] == [b"0", b"1", b"2", b"3"]
    assert list(page.publications) == heard.all
    assert page.publications[2] == Publication(b"2", 3, page.position.epoch, "k", who, 1_800_000_000, {"n": "2"})
    assert page.position == positions[-1]
    await broker.unfollow("r/chat", heard)
    await broker.publish("r/chat", draft("x"), rule)
    assert len(heard.all) == 4


async def test_who_is_banned_is_known_until_then(broker: Broker, clock: FakeClock) -> None:
    now = clock.unix()
    assert await broker.bans() == ()
    late, soon = Kick("alice", until=now + 90), Kick("bob", "r", until=now + 10)
    for kick in (Kick("bob", "r", until=now + 50), late, soon):
        await broker.ban(kick)
    assert {(each.target, each.room, each.until) for each in await broker.bans()} == {
        ("alice", "", now + 90),
        ("bob", "r", now + 10),
    }
    clock.pass_ms(20_000)
    assert [each.target for each in await broker.bans()] == ["alice"]


async def test_values_of_many_keys_at_once(broker: Broker) -> None:
    heard = await listening(broker, "r/feed")
    await broker.publish("r/feed", draft("0", key="b"), LATEST)
    await broker.feed("r/feed", {"a": b"1", "b": b"2"}, LATEST)
    await broker.feed("r/feed", {}, LATEST)
    told = [(each.key, each.data, each.offset) for each in heard.all if isinstance(each, Publication)]
    assert told == [("b", b"0", 1), ("a", b"1", 2), ("b", b"2", 3)]
    assert [each.data for each in await broker.newest("r/feed", LATEST)] == [b"1", b"2"]


@pytest.mark.parametrize("rule", [LOG, FLEETING_LOG])
async def test_pages_of_a_log(broker: Broker, rule: TopicRule) -> None:
    for number in range(7):
        last = await broker.publish("r/chat", draft(str(number)), rule)

    async def offsets(**asked: Any) -> tuple[list[int], bool]:
        page = await broker.history("r/chat", rule, **asked)
        assert page.position == last
        return [each.offset for each in page.publications], page.proved

    epoch = last.epoch
    assert await offsets(limit=10) == ([3, 4, 5, 6, 7], True)
    assert await offsets() == ([], True)
    assert await offsets(limit=2, reverse=True) == ([7, 6], True)
    assert await offsets(since=Position(6, epoch), limit=9, reverse=True) == ([5, 4, 3], True)
    assert await offsets(since=Position(4, epoch), limit=2) == ([5, 6], True)
    assert await offsets(since=Position(2, epoch), limit=9) == ([3, 4, 5, 6, 7], True)
    assert await offsets(since=Position(1, epoch), limit=9) == ([], False)
    assert await offsets(since=Position(8, epoch), limit=9) == ([], False)
    assert await offsets(since=Position(7, epoch), limit=9) == ([], True)
    assert await offsets(since=Position(4, "other"), limit=9) == ([], False)


async def test_a_log_is_bounded_in_age_and_bytes(broker: Broker, clock: FakeClock) -> None:
    rule = TopicRule(size=100, seconds=60, bytes=10)
    await broker.publish("r/chat", draft("123456"), rule)
    await broker.publish("r/chat", draft("123456"), rule)
    assert [each.offset for each in (await broker.history("r/chat", rule, limit=9)).publications] == [2]
    clock.pass_ms(61_000)
    page = await broker.history("r/chat", rule, limit=9)
    assert (page.publications, page.position.offset) == ((), 2)
    assert not (await broker.history("r/chat", rule, since=Position(1, page.position.epoch), limit=9)).proved


@pytest.mark.parametrize("rule", [LOG, FLEETING_LOG])
async def test_publishing_twice_is_publishing_once(broker: Broker, clock: FakeClock, rule: TopicRule) -> None:
    heard = await listening(broker, "r/chat")
    positions = await asyncio.gather(
        *(broker.publish("r/chat", draft("x", idempotency_key="k"), rule) for _ in range(3))
    )
    assert positions == [positions[0]] * 3
    assert len(heard.all) == 1
    other = await broker.publish("r/other", draft("x", idempotency_key="k"), rule)
    assert other.offset == 1 and other.epoch != positions[0].epoch
    clock.pass_ms(301_000)
    assert (await broker.publish("r/chat", draft("x", idempotency_key="k"), rule)).offset == 2


@pytest.mark.parametrize("rule", [LOG, FLEETING_LOG])
async def test_a_log_that_is_erased_goes_on(broker: Broker, rule: TopicRule) -> None:
    before = await broker.publish("r/chat", draft("1"), rule)
    await broker.erase("r/chat", rule)
    assert (await broker.history("r/chat", rule, limit=9)).publications == ()
    assert (await broker.history("r/chat", rule, since=before, limit=9)).proved
    after = await broker.publish("r/chat", draft("2"), rule)
    assert after == Position(2, before.epoch)
    assert not (await broker.history("r/chat", rule, since=Position(0, before.epoch), limit=9)).proved


async def test_the_newest_of_each_key(broker: Broker) -> None:
    heard = await listening(broker, "r/feed")
    for key in "abcda":
        await broker.publish("r/feed", draft(key, key=key), LATEST)
    assert [(each.key, each.offset) for each in await broker.newest("r/feed", LATEST)] == [("c", 3), ("d", 4), ("a", 5)]
    assert [each.offset for each in heard.all if isinstance(each, Publication)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("rule", [STATE, FLEETING_STATE])
async def test_a_state(broker: Broker, clock: FakeClock, rule: TopicRule) -> None:
    heard = await listening(broker, "r/state")
    one = await broker.change("r/state", Change(set={"a": b"1", "b": b"2"}), rule)
    same = await broker.change("r/state", Change(set={"a": b"1"}), rule)
    two = await broker.change("r/state", Change(set={"p": b"3"}, remove=("b",), owner="alice"), rule)
    assert (one.offset, same, two.offset) == (1, one, 2)
    image = await broker.state("r/state", rule)
    assert (image.version, image.epoch) == (2, one.epoch)
    assert {key: (entry.value, entry.owner) for key, entry in image.entries.items()} == {
        "a": (b"1", ""),
        "p": (b"3", "alice"),
    }
    assert await broker.entry("r/state", "p", rule) == image.entries["p"]
    assert await broker.entry("r/state", "b", rule) is None
    assert [(each.base, each.version) for each in heard.all if isinstance(each, Patch)] == [(0, 1), (1, 2)]
    with pytest.raises(ClientError) as refused:
        await broker.change("r/state", Change(set={"x": b"", "y": b""}), rule)
    assert refused.value.code == "state_full"
    with pytest.raises(ClientError) as refused:
        await broker.change("r/state", Change(remove=("p",), by="bob"), rule)
    assert refused.value.code == "state_key_private"


@pytest.mark.parametrize("rule", [STATE, FLEETING_STATE])
async def test_entries_end_without_being_looked_at(broker: Broker, clock: FakeClock, rule: TopicRule) -> None:
    expired = asyncio.Event()

    def listen(delivery: Delivery) -> None:
        if isinstance(delivery, Patch) and delivery.removed:
            expired.set()

    await broker.follow("r/state", listen)
    await broker.change("r/state", Change(set={"typing": b"true"}, ttl_ms=20), rule)
    clock.pass_ms(20)
    async with asyncio.timeout(10):
        await expired.wait()
    assert (await broker.state("r/state", rule)).entries == {}


def seat(session: str, connection: str = "c", identity: str = "alice", proof: bytes = b"p") -> Seat:
    return Seat(session=session, identity=identity, connection=connection, proof=proof)


async def test_presence(broker: Broker, clock: FakeClock) -> None:
    heard = await listening(broker, "r")
    await broker.enter("r", seat("a"), 1000)
    await broker.enter("r", seat("b"), 1000)
    assert [each.session for each in await broker.presence("r")] == ["a", "b"]
    assert await broker.touch("r", {"a": "c", "b": "old", "x": "c"}, 1000) == ("b", "x")
    assert await broker.touch("nowhere", {"a": "c"}, 1000) == ("a",)
    await broker.away("r", "a", "c", 500)
    assert [each.away for each in await broker.presence("r")] == [True, False]
    with pytest.raises(Refused) as refused:
        await broker.enter("r", seat("a", "c2", proof=b"guessed"), 1000)
    assert refused.value.code == "seat_taken"
    await broker.enter("r", seat("a", "c2"), 1000)
    await broker.leave("r", "a", "c")
    assert [each.away for each in await broker.presence("r")] == [False, False]
    await broker.leave("r", "a", "")
    await broker.leave("r", "b", "c")
    assert await broker.presence("r") == () == await broker.presence("nowhere")
    kinds = [type(each).__name__ for each in heard.all]
    assert kinds == ["Joined", "Joined", "Changed", "Changed", "Left", "Left"]
    joins = [each for each in heard.all if isinstance(each, Joined)]
    assert [each.first for each in joins] == [True, False]


async def test_a_seat_that_nobody_touches_is_lost(broker: Broker, clock: FakeClock) -> None:
    lost: asyncio.Queue[Left] = asyncio.Queue()
    await broker.follow("r", lambda delivery: lost.put_nowait(delivery) if isinstance(delivery, Left) else None)
    await broker.enter("r", seat("a"), 20)
    clock.pass_ms(20)
    async with asyncio.timeout(10):
        assert (await lost.get()).reason == "lost"


async def test_what_is_sent_is_heard_by_who_follows_and_not_kept(broker: Broker) -> None:
    signal = Signal("signal", "1", Who("alice"), "bob", b"{}")
    await broker.send("r", signal)
    heard, control = await listening(broker, "r"), await listening(broker, CONTROL)
    await broker.send("r", signal)
    await broker.send(CONTROL, Kick("bob"))
    assert heard.all == [signal]
    assert control.all == [Kick("bob")]


async def test_a_lease_has_one_holder(broker: Broker, clock: FakeClock) -> None:
    assert await broker.lease("game", "one", 100)
    assert await broker.lease("game", "one", 100)
    assert not await broker.lease("game", "two", 100)
    clock.pass_ms(100)
    assert await broker.lease("game", "two", 100)
    assert await broker.lease("game", "two", 0)
    assert await broker.lease("game", "one", 100)


async def test_rooms_that_are_kept(broker: Broker, clock: FakeClock) -> None:
    for name in ("b", "a", "c"):
        await broker.keep(RoomRecord(name=name, about=b"{}"))
    clock.pass_ms(5000)
    await broker.keep(RoomRecord(name="a", about=b"[]"))
    rooms = await broker.rooms(limit=2)
    assert [(each.name, each.about, each.created_at) for each in rooms] == [
        ("a", b"[]", 1_800_000_000),
        ("b", b"{}", 1_800_000_000),
    ]
    assert [each.name for each in await broker.rooms(after="b")] == ["c"]
    assert await broker.room("a") == rooms[0]
    assert await broker.room("x") is None


async def test_a_room_that_is_forgotten(broker: Broker) -> None:
    await broker.keep(RoomRecord(name="r"))
    before = await broker.publish("r/chat", draft("x"), LOG)
    other = await broker.publish("r0/chat", draft("x"), LOG)
    await broker.publish("r/feed", draft("x", key="k"), LATEST)
    await broker.change("r/state", Change(set={"a": b"1"}), STATE)
    await broker.forget("r")
    page = await broker.history("r/chat", LOG, limit=9)
    assert page.publications == () and page.position.epoch != before.epoch
    assert await broker.newest("r/feed", LATEST) == ()
    assert (await broker.state("r/state", STATE)).entries == {}
    assert await broker.rooms() == ()
    assert (await broker.history("r0/chat", LOG)).position == other
