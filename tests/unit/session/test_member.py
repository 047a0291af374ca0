from __future__ import annotations

import pytest

from salon.base.errors import ClientError, Refused
from salon.base.rooms import Expired, Input, Position, Signal, TopicRule
from salon.room.policy import Grants, Rate, RateLimits, Rules
from tests.fakes.clock import FakeClock
from tests.fakes.rooms import Guest, open_rooms


async def code(awaitable: object) -> str:
    with pytest.raises((ClientError, Refused)) as refused:
        await awaitable  # type: ignore[misc]
    return refused.value.code


async def test_everything_needs_its_grant() -> None:
    grants = Grants(subscribe=("lobby/*",), publish=("lobby/chat",))
    async with open_rooms() as rooms:
        member = (guest := Guest(rooms, "alice", grants=grants)).member
        await guest.subscribe("lobby/signal")
        await member.publish("lobby/chat", b"1")
        assert await code(guest.subscribe("other/chat")) == "room_forbidden"
        assert await code(member.publish("lobby/news", b"1")) == "room_forbidden"
        assert await code(member.change("lobby/state", {"a": b"1"})) == "room_forbidden"
        assert await code(member.input("lobby/state", 1, b"1")) == "room_forbidden"
        assert await code(member.signal("lobby/signal", "bob", "1", b"1")) == "room_forbidden"
        assert await code(member.history("other/chat")) == "room_forbidden"
        assert await code(member.presence("other/chat")) == "room_forbidden"
        await guest.subscribe("other/chat", allowed=True)


async def test_subscriptions_are_counted() -> None:
    async with open_rooms(most_topics=2) as rooms:
        guest = Guest(rooms, "alice")
        await guest.subscribe("lobby/a")
        assert await code(guest.subscribe("lobby/a")) == "already_subscribed"
        await guest.subscribe("lobby/b")
        assert await code(guest.subscribe("lobby/c")) == "too_many_topics"
        await guest.member.unsubscribe("lobby/a")
        await guest.subscribe("lobby/c")
        assert guest.member.channels == ("lobby/b", "lobby/c")
        assert await code(guest.subscribe("nonsense")) == "invalid_channel"


async def test_rates_are_shared_by_all_connections_of_one_person() -> None:
    async with open_rooms(rates=RateLimits({"publish": Rate(1, 2)})) as rooms:
        one, two = Guest(rooms, "alice").member, Guest(rooms, "alice").member
        await one.publish("lobby/chat", b"1")
        await two.publish("lobby/chat", b"1")
        assert await code(one.publish("lobby/chat", b"1")) == "rate_limit_exceeded"
        await Guest(rooms, "bob").member.publish("lobby/chat", b"1")


async def test_numbers_of_two_people_are_not_the_same_message() -> None:
    async with open_rooms() as rooms:
        alice, bob = Guest(rooms, "alice").member, Guest(rooms, "bob").member
        first = await alice.publish("lobby/chat", b"1", idempotency_key="1")
        assert await alice.publish("lobby/chat", b"1", idempotency_key="1") == first
        assert (await bob.publish("lobby/chat", b"1", idempotency_key="1")).offset == 2


async def test_the_modes_of_a_state() -> None:
    rules = Rules([TopicRule(pattern="game/state", mode="state", authority=True)])
    async with open_rooms(rules=rules) as rooms:
        member = Guest(rooms, "alice").member
        heard: list[object] = []
        await rooms.broker.follow("game/state", heard.append)
        await member.input("game/state", 7, b"1")
        assert heard == [Input(member.who, 7, b"1")]
        assert await code(member.change("game/state", {"a": b"1"})) == "wrong_mode"
        assert await code(member.input("lobby/state", 7, b"1")) == "wrong_mode"
        await member.change("lobby/state", {"hand": b"1"}, private=True)
        other = Guest(rooms, "bob").member
        assert await code(other.change("lobby/state", {}, ("hand",))) == "state_key_private"
        assert await code(other.change("lobby/state", {"hand": b"2"})) == "state_key_private"


async def test_signals_need_a_subscription_and_come_back_expired() -> None:
    clock = FakeClock()
    async with open_rooms(clock=clock) as rooms:
        alice, bob = Guest(rooms, "alice"), Guest(rooms, "bob")
        assert await code(alice.member.signal("lobby/signal", "bob", "1", b"1")) == "not_subscribed"
        await alice.subscribe("lobby/signal")
        await alice.member.signal("lobby/signal", "bob", "1", b"1")
        await bob.subscribe("lobby/signal")
        [(channel, event)] = await bob.ear.until(1)
        assert channel == "lobby/signal" and event == Signal("signal", "1", alice.member.who, "bob", b"1")
        await alice.member.signal("lobby/signal", "eve", "2", b"1")
        clock.pass_ms(6000)
        rooms.opened["lobby"]._wake()
        assert alice.ear.told == [("lobby/signal", Expired("signal", "2", "eve", "absent"))]


async def test_attributes_are_seen_with_presence() -> None:
    async with open_rooms() as rooms:
        alice, bob = Guest(rooms, "alice"), Guest(rooms, "bob")
        assert await code(alice.member.set_attributes("lobby", b"{}")) == "not_subscribed"
        await bob.subscribe("lobby/chat", watch=True)
        await alice.subscribe("lobby/chat")
        await alice.member.set_attributes("lobby", b'{"typing":true}')
        assert await code(alice.member.set_attributes("lobby", b"x" * 5000)) == "data_too_large"
        assert bob.ear.kinds() == ["Joined", "Changed"]
        seats = {seat.identity: seat.attributes for seat in await alice.member.presence("lobby/chat")}
        assert seats == {"alice": b'{"typing":true}', "bob": b""}
        await alice.member.unsubscribe("lobby/chat")
        assert bob.ear.kinds() == ["Joined", "Changed", "Left"]


async def test_rates_of_a_feed() -> None:
    async with open_rooms() as rooms:
        guest = Guest(rooms, "alice")
        with pytest.raises(ClientError):
            guest.member.set_rate("lobby/feed", 5)
        await guest.subscribe("lobby/feed", rate=5.0)
        await guest.member.publish("lobby/feed", b"1", key="k")
        assert guest.member.figures("lobby/feed").delivered == 0
        guest.member.set_rate("lobby/feed", None)
        assert guest.member.figures("lobby/feed").delivered == 1
        assert guest.ear.data() == [b"1"]


async def test_a_lost_connection_keeps_its_seat_if_its_device_can_return() -> None:
    async with open_rooms() as rooms:
        phone = Guest(rooms, "alice", session="phone", proof=b"p")
        await phone.subscribe("lobby/chat")
        nameless = Guest(rooms, "bob")
        await nameless.subscribe("lobby/chat")
        await phone.member.leave(keep=True)
        await nameless.member.leave(keep=True)
        assert [(seat.identity, seat.away) for seat in await rooms.presence("lobby/chat")] == [("alice", True)]
        back = Guest(rooms, "alice", session="phone", proof=b"p")
        await back.subscribe("lobby/chat", since=Position(0, ""))
        assert [(seat.identity, seat.away) for seat in await rooms.presence("lobby/chat")] == [("alice", False)]
        await back.member.leave(keep=False)
        await back.member.leave(keep=False)
        assert await rooms.presence("lobby/chat") == ()
