from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from salon.serve.limits import Limits
from tests.fakes.centrifuge import KEY, open_house
from tests.fakes.serving import Noting


async def test_a_client_comes_and_goes() -> None:
    observer = Noting()
    async with open_house(observer=observer) as house:
        async with house.client(user="alice") as client:
            await client.ask(subscribe={"channel": "lobby/chat"})
            assert list(house.rooms.members) and await house.rooms.presence("lobby/chat")
        await house.server.let_go()
        assert house.rooms.members == {}
        assert await house.rooms.presence("lobby/chat") == ()
    assert observer.seen == [("connected", "centrifuge"), ("disconnected", "centrifuge", "1000")]


async def test_a_device_that_breaks_off_keeps_its_seat() -> None:
    async with open_house() as house:
        async with house.client(user="alice", device="phone") as client:
            await client.ask(subscribe={"channel": "lobby/chat"})
            client.socket.transport.abort()
            await client.socket.wait_closed()
        await house.server.let_go()
        assert [seat.away for seat in await house.rooms.presence("lobby/chat")] == [True]


async def test_who_does_not_connect_cannot_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salon.serve.centrifuge.connection.CONNECT_SECONDS", 0.01)
    async with open_house() as house, house.client() as client:
        assert await client.closed() == (3502, "stale")


async def test_protobuf_is_refused_with_a_reason() -> None:
    async with open_house() as house:
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{house.server.ws}/connection/websocket", subprotocols=["centrifuge-protobuf"])  # type: ignore[list-item]
        assert refused.value.response.status_code == 400
        assert b"JSON only" in (refused.value.response.body or b"")


async def test_a_draining_server_takes_nobody() -> None:
    async with open_house() as house:
        house.gate.draining = True
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{house.server.ws}/connection/websocket")
        assert refused.value.response.status_code == 503


async def test_a_named_caller_is_counted_by_its_name() -> None:
    async with open_house(keyed=True, limits=Limits(connections=1)) as house:
        async with house.client(token=KEY), house.client() as second:
            reply = await second.connect(KEY)
            assert reply["error"]["code"] == 111
            assert reply["error"]["temporary"] is True
        await house.server.let_go()
        async with house.client(token=KEY):
            await asyncio.sleep(0)
        assert house.gate.connections <= 1
