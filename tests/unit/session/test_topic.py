from __future__ import annotations

import asyncio

import pytest

from salon.base.errors import ClientError, Refused
from salon.base.rooms import TopicRule
from salon.brokers.memory import MemoryBroker
from salon.room.policy import Rules
from salon.session import topic as module
from salon.session.topic import Message, Room
from tests.fakes.rooms import Guest, open_rooms


async def test_publishing_and_reading() -> None:
    async with open_rooms() as rooms:
        room = Room("lobby", lambda: rooms)
        chat = room.topic("chat")
        alice = Guest(rooms, "alice")
        await alice.subscribe("lobby/chat")
        place = await chat.publish({"text": "你好"}, user="bob", tags={"a": "b"}, idempotency_key="1")
        assert await chat.publish({"text": "你好"}, idempotency_key="1") == place
        assert alice.ear.data() == ['{"text":"你好"}'.encode()]
        [message] = await chat.history()
        assert message == Message({"text": "你好"}, "", "bob", "", 1, rooms.clock.unix(), {"a": "b"})
        assert (
            [seat.identity for seat in await chat.presence()]
            == ["alice"]
            == [seat.identity for seat in await room.presence()]
        )
        await room.kick("alice", seconds=60)
        assert alice.member.channels == ()
        with pytest.raises(ClientError):
            room.topic("no topic")


async def test_a_state() -> None:
    async with open_rooms() as rooms:
        topic = Room("lobby", lambda: rooms).topic("state")
        assert (await topic.change({"a": [1]}, ttl_ms=60_000)).offset == 1
        await topic.change({"hand": 7}, remove=("a",), owner="alice")
        assert await topic.entries() == {"hand": 7}


async def test_listening_to_a_log() -> None:
    async with open_rooms() as rooms:
        topic = Room("lobby", lambda: rooms).topic("chat")
        first = await topic.publish(1)
        await topic.publish(2)
        async with topic.subscribe(since=first) as messages:
            await topic.publish(3)
            assert [(await anext(messages)).data for _ in range(2)] == [2, 3]
            assert await rooms.presence("lobby/chat") == (), "nobody sees it"
            await rooms.touch()
            assert await rooms.presence("lobby/chat") == ()
            await rooms.remove("lobby")
            with pytest.raises(StopAsyncIteration):
                await anext(messages)
        assert rooms.members == {}


async def test_listening_to_a_feed_and_a_state() -> None:
    async with open_rooms() as rooms:
        room = Room("lobby", lambda: rooms)
        feed, state = room.topic("feed"), room.topic("state")
        await feed.publish(1, key="a")
        async with feed.subscribe() as messages:
            await feed.publish(2, key="b")
            assert [((message := await anext(messages)).key, message.data) for _ in range(2)] == [("a", 1), ("b", 2)]
        async with state.subscribe() as messages:
            await state.change({"a": 1})
            assert (await anext(messages)).data["entries"] == {}
            assert (await anext(messages)).data["set"] == {"a": 1}


async def test_a_program_that_reads_too_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 5)
    monkeypatch.setattr(module, "FULL_AT", 2)
    async with open_rooms() as rooms:
        room = Room("lobby", lambda: rooms)
        chat, feed = room.topic("chat"), room.topic("feed")
        async with chat.subscribe() as messages, feed.subscribe() as newest:
            for number in range(9):
                await chat.publish(number)
                await feed.publish(number, key="k")
            assert [(await anext(messages)).data for _ in range(5)] == [0, 1, 2, 3, 4]
            with pytest.raises(Refused) as refused:
                await anext(messages)
            assert refused.value.code == "reader_too_slow"
            async with asyncio.timeout(10):
                assert [(await anext(newest)).data for _ in range(3)] == [0, 1, 8]


async def test_a_gap_is_told() -> None:
    async with open_rooms(rules=Rules([TopicRule(size=1)])) as rooms:
        topic = Room("lobby", lambda: rooms).topic("chat")
        first = await topic.publish(1)
        for _ in range(3):
            await topic.publish(2)
        async with topic.subscribe(since=first) as messages:
            with pytest.raises(Refused) as refused:
                await anext(messages)
            assert refused.value.code == "gap"
        async with topic.subscribe() as messages:
            assert isinstance(rooms.broker, MemoryBroker)
            rooms.broker.drop("lobby/chat")
            await topic.publish(3)
            with pytest.raises(Refused):
                await anext(messages)
