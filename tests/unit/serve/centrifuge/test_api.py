from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from salon.wire.token import Claims, SalonClaim, mint
from tests.fakes.centrifuge import KEY, SECRET, House, open_house

Ask = Callable[..., Any]


@asynccontextmanager
async def backend(*, keyed: bool = False) -> AsyncIterator[tuple[House, Ask]]:
    async with open_house(keyed=keyed) as house, aiohttp.ClientSession() as session:

        async def ask(method: str, headers: dict[str, str] | None = None, raw: bytes | None = None, **body: Any) -> Any:
            sent: dict[str, Any] = {"data": raw} if raw is not None else {"json": body}
            url = f"{house.server.http}/api/{method}"
            async with session.post(url, headers={"X-API-Key": KEY} if headers is None else headers, **sent) as answer:
                told = await answer.json()
                return told if answer.status == 200 else (answer.status, told["error"]["code"])

        yield house, ask


async def test_publishing() -> None:
    async with backend() as (house, ask), house.client(user="alice") as client:
        await client.ask(subscribe={"channel": "lobby/chat"})
        first = await ask("publish", channel="lobby/chat", data={"a": 1}, tags={"t": "u"}, idempotency_key="1")
        again = await ask("publish", channel="lobby/chat", data={"a": 1}, idempotency_key="1")
        assert first == again and first["result"]["offset"] == 1
        pushed = (await client.push())["pub"]
        assert (pushed["data"], pushed["tags"], pushed["offset"]) == ({"a": 1}, {"t": "u"}, 1)
        assert "info" not in pushed
        told = await ask("broadcast", channels=["lobby/chat", "no channel", "market/feed"], data=2, key="k")
        assert [list(each) for each in told["result"]["responses"]] == [["result"], ["error"], ["result"]]
        assert (await client.push())["pub"]["data"] == 2


async def test_reading() -> None:
    async with backend() as (house, ask), house.client(user="alice") as client:
        await client.ask(subscribe={"channel": "lobby/chat"})
        for number in range(3):
            await ask("publish", channel="lobby/chat", data=number)
        page = (await ask("history", channel="lobby/chat", limit=2, reverse=True))["result"]
        assert [each["data"] for each in page["publications"]] == [2, 1] and page["offset"] == 3
        assert (await ask("history_remove", channel="lobby/chat"))["result"] == {}
        empty = (await ask("history", channel="lobby/chat", limit=9))["result"]
        assert (empty["publications"], empty["offset"], empty["epoch"]) == ([], 3, page["epoch"])
        [seat] = (await ask("presence", channel="lobby/chat"))["result"]["presence"].values()
        assert seat["user"] == "alice"
        assert (await ask("presence_stats", channel="lobby/chat"))["result"] == {"num_clients": 1, "num_users": 1}
        assert (await ask("channels"))["result"] == {"channels": {"lobby/chat": {"num_clients": 1}}}
        assert (await ask("channels", pattern="market/*"))["result"] == {"channels": {}}
        [node] = (await ask("info"))["result"]["nodes"]
        assert (node["num_clients"], node["num_users"], node["num_channels"]) == (1, 1, 1)


async def test_steering_clients() -> None:
    async with backend() as (house, ask), house.client(user="alice") as client:
        await ask("subscribe", user="alice", channel="lobby/chat")
        assert (await client.push())["subscribe"]["recoverable"] is True
        await ask("unsubscribe", user="alice", channel="lobby/chat")
        assert (await client.push())["unsubscribe"]["code"] == 2000
        await ask("refresh", user="alice", expire_at=house.rooms.clock.unix() + 100)
        assert 90 <= (await client.push())["refresh"]["ttl"] <= 100
        await ask("disconnect", user="alice", seconds=60)
        assert await client.closed() == (3503, "force disconnect")
        async with house.client() as again:
            await again.send({"id": 1, "connect": {"data": {"user": "alice"}}})
            assert (await again.closed())[0] == 3507


async def test_many_at_once() -> None:
    async with backend() as (_, ask):
        commands = [
            {"publish": {"channel": "lobby/chat", "data": 1}},
            {"publish": {"channel": "nowhere", "data": 1}},
            {"batch": {"commands": []}},
            {"teleport": {}},
            {},
            {"history": {"channel": "lobby/chat", "limit": 1}},
        ]
        replies = (await ask("batch", commands=commands))["result"]["replies"]
        assert [next(iter(each)) for each in replies] == ["publish", "error", "error", "error", "error", "history"]
        assert [each["error"]["code"] for each in replies if "error" in each] == [102, 107, 104, 107]


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        ("publish", {"channel": "lobby/chat"}, 107),
        ("publish", {"channel": "lobby/state", "data": 1}, 108),
        ("disconnect", {}, 107),
        ("history_remove", {"channel": "lobby/feed"}, 108),
        ("teleport", {}, 104),
    ],
)
async def test_errors_are_answers(method: str, body: dict[str, Any], code: int) -> None:
    async with backend() as (_, ask):
        assert (await ask(method, **body))["error"]["code"] == code


async def test_who_may() -> None:
    async with backend(keyed=True) as (_, ask):
        for headers in (None, {"Authorization": f"apikey {KEY}"}, {"Authorization": f"Bearer {KEY}"}):
            assert "result" in await ask("info", headers=headers)
        assert await ask("info", headers={}) == (401, "invalid_api_key")
        assert await ask("info", headers={"X-API-Key": "wrong"}) == (401, "invalid_api_key")
        participant = mint(Claims(sub="alice", salon=SalonClaim(rooms=("*",))), SECRET)
        assert await ask("info", headers={"X-API-Key": participant}) == (403, "insufficient_permissions")
        admin = mint(Claims(sub="root", salon=SalonClaim(admin=True)), SECRET)
        assert "result" in await ask("info", headers={"Authorization": f"Bearer {admin}"})


async def test_a_body_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salon.serve.centrifuge.api.MAX_BODY", 100)
    async with backend() as (_, ask):
        assert await ask("info", raw=b" " * 101) == (413, "body_too_large")
    await asyncio.sleep(0)
