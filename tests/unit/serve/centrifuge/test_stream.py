from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from salon.base.rooms import Kick
from salon.ports.broker import Draft
from salon.serve.centrifuge import stream as module
from salon.wire.token import Claims, SalonClaim, mint
from tests.fakes.centrifuge import SECRET, House, open_house
from tests.fakes.serving import Noting


class Events:
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def next(self) -> Any:
        async with asyncio.timeout(20):
            line = await self._answer.content.readline()
            assert line.startswith(b"data: "), line
            assert await self._answer.content.readline() == b"\n"
        return json.loads(line[6:])

    async def over(self) -> bool:
        async with asyncio.timeout(20):
            return await self._answer.content.read() == b""


@asynccontextmanager
async def reading(house: House, **query: Any) -> AsyncIterator[Events]:
    pairs = [(name, each) for name, value in query.items() for each in (value if isinstance(value, list) else [value])]
    url = f"{house.server.http}/connection/sse"
    async with aiohttp.ClientSession() as session, session.get(url, params=pairs) as answer:
        assert answer.status == 200 and answer.content_type == "text/event-stream"
        yield Events(answer)


async def test_what_happens_is_told_line_by_line() -> None:
    observer = Noting()
    async with open_house(observer=observer) as house:
        async with reading(house, channel=["lobby/chat", "market/feed"]) as events:
            connected = (await events.next())["connect"]
            assert sorted(connected["subs"]) == ["lobby/chat", "market/feed"] and connected["ping"] == 25
            await house.rooms.publish("lobby/chat", Draft(data=b'{"a":1}'))
            assert await events.next() == {"channel": "lobby/chat", "pub": await published(house, {"a": 1})}
            await house.rooms.publish("market/feed", Draft(data=b"2", key="k"))
            assert (await events.next())["pub"]["tags"] == {"key": "k"}
        await house.server.let_go()
        assert house.rooms.members == {}
    assert [each[0] for each in observer.seen] == ["connected", "disconnected"]


async def published(house: House, data: Any) -> Any:
    [last] = (await house.rooms.history("lobby/chat", limit=1, reverse=True)).publications
    return {"data": data, "offset": last.offset, "time": last.at * 1000}


async def test_what_was_missed_comes_with_the_answer() -> None:
    async with open_house() as house:
        place = await house.rooms.publish("lobby/chat", Draft(data=b"1"))
        await house.rooms.publish("lobby/chat", Draft(data=b"2"))
        subs = {"lobby/chat": {"recover": True, "offset": place.offset, "epoch": place.epoch}}
        asked = json.dumps({"data": {"user": "alice"}, "subs": subs})
        async with reading(house, cf_connect=asked) as events:
            connected = (await events.next())["connect"]
            sub = connected["subs"]["lobby/chat"]
            assert (sub["recovered"], [each["data"] for each in sub["publications"]]) == (True, [2])
            assert connected["data"] == {"user": "alice"}


async def test_a_kick_says_whether_to_come_back() -> None:
    async with open_house() as house, reading(house, cf_connect='{"data":{"user":"alice"}}') as events:
        await events.next()
        await house.rooms.control(Kick("alice"))
        assert await events.next() == {"disconnect": {"code": 3503, "reason": "force disconnect", "reconnect": False}}
        assert await events.over()


async def test_a_token_and_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_SECONDS", 0.02)
    async with open_house(keyed=True) as house:
        token = mint(
            Claims(sub="alice", exp=house.rooms.clock.unix() + 2, channels=("news/all",), salon=SalonClaim()), SECRET
        )
        async with reading(house, token=token, channel="lobby/chat") as events:
            assert list((await events.next())["connect"]["subs"]) == ["news/all"], "the other is not allowed"
            assert await events.next() == {}
            last = await events.next()
            while last == {}:
                last = await events.next()
            assert last["disconnect"]["code"] == 3005


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"token": "wrong"}, 401, "invalid_api_key"),
        ({"token": "", "cf_connect": "{"}, 400, "invalid_event"),
        ({"cf_connect": '{"data": 5}'}, 401, "invalid_api_key"),
    ],
)
async def test_who_may_not(query: dict[str, str], status: int, code: str) -> None:
    async with (
        open_house(keyed=True) as house,
        aiohttp.ClientSession() as session,
        session.get(f"{house.server.http}/connection/sse", params=query) as answer,
    ):
        assert (answer.status, (await answer.json())["error"]["code"]) == (status, code)


async def test_too_many_channels() -> None:
    async with open_house() as house, aiohttp.ClientSession() as session:
        pairs = [("channel", f"lobby/{number}") for number in range(129)]
        async with session.get(f"{house.server.http}/connection/sse", params=pairs) as answer:
            assert answer.status == 400
