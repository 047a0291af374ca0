from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from salon.base.rooms import Invite, Kick, Renew
from salon.ports.broker import Draft
from salon.serve.centrifuge import connection as module
from salon.wire.token import Claims, SalonClaim, mint
from tests.fakes.centrifuge import KEY, SECRET, open_house
from tests.fakes.raw_websocket import RawWebSocket


def token(sub: str = "alice", seconds: int = 600, **more: Any) -> str:
    return mint(Claims(sub=sub, exp=int(time.time()) + seconds, **more), SECRET)


LOBBY = SalonClaim(rooms=("lobby",))


async def test_connecting() -> None:
    async with open_house() as house, house.client() as client:
        reply = (await client.connect(user="alice", device="phone"))["connect"]
        assert reply["client"].startswith("client_") and reply["data"] == {"user": "alice"}
        assert (reply["ping"], reply["pong"]) == (25, True)
        assert "expires" not in reply
        await client.send({"id": 9, "connect": {}})
        assert await client.closed() == (3501, "bad request")


@pytest.mark.parametrize(
    ("credential", "code", "reason"),
    [
        ("", 3500, "invalid token"),
        ("wrong", 3500, "invalid token"),
        (token("alice")[:-3] + "abc", 3500, "invalid token"),
    ],
)
async def test_who_is_not_let_in_is_not_to_come_back(credential: str, code: int, reason: str) -> None:
    async with open_house(keyed=True) as house, house.client() as client:
        await client.send({"id": 1, "connect": {"token": credential}})
        assert await client.closed() == (code, reason)


async def test_an_expired_token_is_to_be_renewed() -> None:
    async with open_house(keyed=True) as house, house.client() as client:
        reply = await client.connect(token(seconds=-100))
        assert reply["error"]["code"] == 109
        assert "connect" in await client.connect(token(salon=LOBBY))


async def test_a_token_says_what_may_be_done_and_is_renewed() -> None:
    async with open_house(keyed=True) as house, house.client() as client:
        reply = (await client.connect(token(salon=LOBBY, info={"name": "Alice"})))["connect"]
        assert reply["expires"] is True and 590 <= reply["ttl"] <= 600
        assert "subscribe" in await client.ask(subscribe={"channel": "lobby/chat"})
        assert (await client.ask(subscribe={"channel": "other/chat"}))["error"]["code"] == 103
        renewed = await client.ask(refresh={"token": token(salon=SalonClaim(rooms=("other",)))})
        assert renewed["refresh"]["expires"] is True
        assert "subscribe" in await client.ask(subscribe={"channel": "other/chat"})
        assert (await client.ask(refresh={"token": token(seconds=-100)}))["error"]["code"] == 109
        await client.send({"id": 99, "refresh": {"token": token("eve", salon=LOBBY)}})
        assert await client.closed() == (3500, "invalid token")


async def test_a_token_for_one_channel() -> None:
    async with open_house(keyed=True) as house, house.client() as client:
        await client.connect(token(salon=LOBBY))
        good = token("alice", channel="vip/chat")
        assert "subscribe" in await client.ask(subscribe={"channel": "vip/chat", "token": good})
        assert (await client.ask(subscribe={"channel": "vip/other", "token": good}))["error"]["code"] == 103
        eves = token("eve", channel="vip/more")
        assert (await client.ask(subscribe={"channel": "vip/more", "token": eves}))["error"]["code"] == 103


async def test_subscriptions_that_the_token_brings() -> None:
    async with open_house(keyed=True) as house, house.client() as client:
        place = await house.rooms.publish("news/all", Draft(data=b"1"))
        await house.rooms.publish("news/all", Draft(data=b"2"))
        asked = {"recover": True, "offset": 1, "epoch": place.epoch}
        credential = token(channels=("news/all", "not a channel"))
        reply = await client.ask(connect={"token": credential, "subs": {"news/all": asked}})
        assert list(reply["connect"]["subs"]) == ["news/all"]
        sub = reply["connect"]["subs"]["news/all"]
        assert sub["recovered"] is True and [each["data"] for each in sub["publications"]] == [2]
        await house.rooms.publish("news/all", Draft(data=b"3"))
        assert (await client.push())["pub"]["data"] == 3


async def test_a_connection_ends_with_its_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EXPIRY_GRACE_SECONDS", 0.01)
    async with open_house(keyed=True) as house, house.client() as client:
        await client.connect(token(salon=LOBBY))
        await house.rooms.control(Renew("alice", int(time.time()) - 1))
        assert (await client.push())["refresh"] == {"expires": True, "ttl": 0}
        assert await client.closed() == (3005, "connection expired")


async def test_a_kick_a_takeover_and_a_shutdown_have_their_verdicts() -> None:
    async with open_house() as house:
        async with house.client(user="alice") as client:
            await house.rooms.control(Kick("alice"))
            assert await client.closed() == (3503, "force disconnect")
        async with house.client(user="bob", device="d") as old, house.client(user="bob", device="d"):
            assert await old.closed() == (4500, "connected elsewhere")
        async with house.client(user="carol") as client:
            await house.rooms.drain()
            assert await client.closed() == (3001, "shutdown")
        clock = house.rooms.clock
        await house.rooms.control(Kick("dave", until=clock.unix() + 60))
        async with house.client() as client:
            await client.send({"id": 1, "connect": {"data": {"user": "dave"}}})
            assert await client.closed() == (3507, "kicked")


async def test_pings_are_to_be_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_SECONDS", 0.02)
    monkeypatch.setattr(module, "PONG_SECONDS", 0.02)
    async with open_house() as house, house.client(user="alice") as client:
        assert await client.socket.recv() == "{}"
        client.pong = False
        assert (await client.closed())[0] == 3012


async def test_a_big_message_over_a_slow_uplink_counts_as_a_pong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_SECONDS", 0.3)
    monkeypatch.setattr(module, "PONG_SECONDS", 0.2)
    async with open_house() as house:
        slow = await RawWebSocket.connect(house.server.host, house.server.port, "/connection/websocket")
        await slow.send(1, b'{"id":1,"connect":{"data":{"user":"alice"}}}')
        await slow.read_until(b"}}")
        publish = b'{"id":2,"publish":{"channel":"lobby/chat","data":"' + b"x" * 1000 + b'"}}'
        await slow.send_bytes(b"\x81\xfe" + len(publish).to_bytes(2, "big") + bytes(4) + publish[:100])
        for sent in range(100, 400, 100):
            await slow.read_until(b"{}")  # a ping: its pong would have to wait behind the message
            await slow.send_bytes(publish[sent : sent + 100])
        await slow.send_bytes(publish[400:])
        assert (await slow.read_until(b'"publish":{}}')).endswith(b'{"id":2,"publish":{}}')
        # Nothing more comes, and no pong either.
        assert b"\x0b\xc4no pong" in await slow.read_to_end()
        slow.close()


async def test_commands_of_one_frame_are_answered_in_order() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        await client.send(
            {"id": 1, "subscribe": {"channel": "lobby/chat"}},
            {"id": 2, "publish": {"channel": "lobby/chat", "data": 1}},
            {"id": 3, "publish": {"channel": "lobby/chat", "data": 2}},
            {"id": 4, "unsubscribe": {"channel": "lobby/chat"}},
            {"id": 5, "history": {"channel": "lobby/chat", "limit": 5}},
            {"id": 6, "ping": {}},
            {"send": {"data": 1}},
            {"id": 7, "teleport": {}},
            {"id": 8, "publish": {"channel": 5}},
        )
        replies = {}
        while len(replies) < 8:
            said = await client.next()
            if "id" in said:
                replies[said["id"]] = said
        assert next(iter(replies)) == 1 and "error" not in str([replies[id] for id in (1, 2, 3, 4, 5, 6)])
        assert [each["data"] for each in replies[5]["history"]["publications"]] == [1, 2]
        assert replies[7]["error"]["code"] == 104
        assert replies[8]["error"]["code"] == 107


@pytest.mark.parametrize(
    "frame", ["hello", "[]", '{"id":-1}', '{"subscribe":{"channel":"lobby/chat"}}', '{"id":1,"rpc":{}}']
)
async def test_what_is_not_the_protocol_ends_it(frame: str) -> None:
    async with open_house() as house, house.client() as client:
        await client.socket.send(frame)
        assert await client.closed() == (3501, "bad request")


async def test_recovery_over_the_wire() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        first = (await client.ask(subscribe={"channel": "lobby/chat"}))["subscribe"]
        await client.ask(publish={"channel": "lobby/chat", "data": "a"})
        place = (await client.push())["pub"]["offset"]
        await client.ask(unsubscribe={"channel": "lobby/chat"})
        for data in "bc":
            await house.rooms.publish("lobby/chat", Draft(data=f'"{data}"'.encode()))
        asked = {"channel": "lobby/chat", "recover": True, "offset": place, "epoch": first["epoch"]}
        back = (await client.ask(subscribe=asked))["subscribe"]
        assert (back["was_recovering"], back["recovered"], back["offset"]) == (True, True, 3)
        assert [(each["offset"], each["data"]) for each in back["publications"]] == [(2, "b"), (3, "c")]
        await client.ask(unsubscribe={"channel": "lobby/chat"})
        forged = (await client.ask(subscribe={**asked, "offset": 99}))["subscribe"]
        assert forged["was_recovering"] is True and "recovered" not in forged and "publications" not in forged


async def test_who_joins_and_leaves_is_told_to_who_asks() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        await client.ask(subscribe={"channel": "lobby/chat", "join_leave": True})
        async with house.client(user="bob") as other:
            await other.ask(subscribe={"channel": "lobby/chat"})
            assert (await client.push())["join"]["info"]["user"] == "bob"
        assert (await client.push())["leave"]["info"]["user"] == "bob"


async def test_the_server_subscribes_a_client() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        await house.rooms.control(Invite("alice", "lobby/chat"))
        pushed = await client.push()
        assert pushed["channel"] == "lobby/chat" and pushed["subscribe"]["recoverable"] is True
        await house.rooms.control(Invite("alice", "nonsense"))
        await house.rooms.publish("lobby/chat", Draft(data=b"1"))
        assert (await client.push())["pub"]["data"] == 1


async def test_kinds_of_subscription_that_are_not_served() -> None:
    async with open_house() as house, house.client(user="alice") as client:
        reply = await client.ask(subscribe={"channel": "lobby/chat", "type": 1})
        assert reply["error"]["code"] == 108


async def test_more_commands_than_can_wait_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PENDING", 5)
    async with open_house() as house, house.client(user="alice") as client:
        await client.send(*({"id": id, "ping": {}} for id in range(1, 10)))
        assert await client.closed() == (3013, "too many requests")


async def test_a_key_in_a_header_will_do() -> None:
    from websockets.asyncio.client import connect

    from tests.fakes.centrifuge import Client

    async with open_house(keyed=True) as house:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with connect(f"{house.server.ws}/connection/websocket", additional_headers=headers) as socket:
            assert "connect" in await Client(socket).connect()
        await asyncio.sleep(0)
