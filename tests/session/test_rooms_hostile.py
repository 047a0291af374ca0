"""A hostile client harms nobody, and reads nothing that is not its own; and connections that are only half there."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from salon.app.build import new_id
from salon.app.clock import SystemClock
from salon.base.rooms import TopicRule
from salon.brokers.sqlite import SqliteBroker
from salon.ports.broker import Draft
from salon.room.policy import RateLimits, Rules
from salon.session.agent import Agent
from salon.wire.token import Claims, SalonClaim, TopicsClaim, mint
from tests.fakes.centrifuge import SECRET, Client, House, open_house
from tests.fakes.raw_websocket import RawWebSocket
from tests.fakes.rooms import Guest, open_rooms
from tests.session.house import KEY as ADMIN
from tests.session.house import open_house as whole_house

RULES = [TopicRule(pattern="game/state", mode="state", authority=True)]


def token(sub: str, *rooms: str, seconds: int = 600, topics: TopicsClaim | None = None, secret: bytes = SECRET) -> str:
    salon = SalonClaim(rooms=rooms, topics=topics or TopicsClaim())
    return mint(Claims(sub=sub, exp=int(time.time()) + seconds, salon=salon), secret)


@asynccontextmanager
async def entered(house: House, credential: str) -> AsyncIterator[Client]:
    async with house.client() as client:
        assert "connect" in await client.connect(credential)
        yield client


async def test_a_flood_is_held_back_and_others_do_not_notice() -> None:
    async with (
        open_house(keyed=True, rates=RateLimits()) as house,
        entered(house, token("eve", "lobby")) as eve,
        entered(house, token("bob", "lobby")) as bob,
    ):
        await bob.ask(subscribe={"channel": "lobby/chat"})
        flood = [{"id": id, "publish": {"channel": "lobby/chat", "data": "x"}} for id in range(1, 2001)]
        await eve.send(*flood)
        await bob.ask(publish={"channel": "lobby/chat", "data": "calm"})
        answers: list[Any] = []
        while len(answers) < 2000:
            said = await eve.next()
            if "id" in said:
                answers.append(said)
        refused = [each for each in answers if "error" in each]
        assert {each["error"]["code"] for each in refused} == {111}
        assert all(each["error"]["temporary"] for each in refused)
        assert len(refused) > 1500
        while (await bob.push())["pub"]["data"] != "calm":
            pass


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"id":1,"publish":{"channel":"lobby/chat","data":"' + "x" * 2_000_000 + '"}}', 1009),
        ("\n" * 5000, 1009),
        ('{"id":1,"rpc":{"data":' + "[" * 50_000 + "]" * 50_000 + "}}", 3501),
        (b"\x00\x01\x02", 1003),
        ('{"push":{"channel":"lobby/chat"}}', 0),
    ],
)
async def test_frames_that_nobody_should_send(frame: str | bytes, code: int) -> None:
    async with open_house() as house, house.client(user="eve") as eve, house.client(user="bob") as bob:
        await bob.ask(subscribe={"channel": "lobby/chat"})
        try:
            await eve.socket.send(frame)
            if code:
                assert (await eve.closed())[0] == code
            else:
                assert "publish" in await eve.ask(publish={"channel": "lobby/chat", "data": 0})
        except ConnectionClosed:
            assert eve.socket.close_code == code
        await bob.ask(publish={"channel": "lobby/chat", "data": "still here"})
        while (await bob.push())["pub"]["data"] != "still here":
            pass


async def test_forged_places_give_nothing() -> None:
    async with open_house() as house, house.client(user="eve") as eve:
        place = await house.rooms.publish("lobby/chat", Draft(data=b"1"))
        forged = [(5, place.epoch), (1, "guessed"), (2**62, place.epoch), (0, "")]
        for offset, epoch in forged:
            asked = {"channel": "lobby/chat", "recover": True, "offset": offset, "epoch": epoch}
            answer = (await eve.ask(subscribe=asked))["subscribe"]
            assert "recovered" not in answer and "publications" not in answer
            await eve.ask(unsubscribe={"channel": "lobby/chat"})
            since = {"offset": offset, "epoch": epoch}
            history = await eve.ask(history={"channel": "lobby/chat", "limit": 5, "since": since})
            assert history["error"]["code"] == 112
        await eve.send({"id": 99, "subscribe": {"channel": "lobby/chat", "recover": True, "offset": -1}})
        assert (await eve.next())["error"]["code"] == 107


async def test_tokens_that_are_not_good() -> None:
    async with open_house(keyed=True) as house:
        for bad, code in (
            (token("eve", "lobby", secret=b"the secret of somebody else, long enough"), 3500),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.", 3500),
            ("x" * 10_000, 3500),
        ):
            async with house.client() as eve:
                await eve.send({"id": 1, "connect": {"token": bad}})
                assert (await eve.closed())[0] == code
        async with house.client() as eve:
            assert (await eve.connect(token("eve", "lobby", seconds=-100)))["error"]["code"] == 109
            await eve.send({"id": 2, "subscribe": {"channel": "lobby/chat"}})
            assert (await eve.closed())[0] == 3501


async def test_a_token_for_one_room_is_good_for_nothing_else() -> None:
    topics = TopicsClaim(subscribe=("news/all",))
    async with (
        open_house(keyed=True, rules=Rules(RULES)) as house,
        entered(house, token("eve", "mine", topics=topics)) as eve,
        entered(house, token("bob", "yours", "game")) as bob,
    ):
        for channel in ("yours/chat", "yours/signal", "yours/state", "game/state"):
            await bob.ask(subscribe={"channel": channel, "join_leave": True})
        await bob.ask(publish={"channel": "yours/chat", "data": "secret"})
        await bob.ask(publish={"channel": "yours/state", "data": {"set": {"hand": "secret"}, "private": True}})
        bob.pushes.clear()
        tries: list[dict[str, Any]] = [
            {"subscribe": {"channel": "yours/chat"}},
            {"history": {"channel": "yours/chat", "limit": 5}},
            {"presence": {"channel": "yours/chat"}},
            {"presence_stats": {"channel": "yours/chat"}},
            {"publish": {"channel": "yours/chat", "data": 1}},
            {"publish": {"channel": "yours/signal", "data": {"to": "bob", "data": 1}}},
            {"publish": {"channel": "yours/state", "data": {"remove": ["hand"]}}},
            {"publish": {"channel": "game/state", "data": {"sequence": 1, "input": 1}}},
            {"publish": {"channel": "news/all", "data": 1}},
            {"rpc": {"method": "publish", "data": {"channel": "yours/chat", "data": 1}}},
            {"rpc": {"method": "feed", "data": {"channel": "yours/feed", "values": {"k": 1}}}},
            {"rpc": {"method": "attributes", "data": {"room": "yours", "attributes": 1}}},
            {"rpc": {"method": "rate", "data": {"channel": "yours/feed", "rate": 1}}},
            {"rpc": {"method": "figures", "data": {"channel": "yours/feed"}}},
        ]
        for command in tries:
            answer = await eve.ask(**command)
            assert answer["error"]["code"] == 103, command
            assert "secret" not in json.dumps(answer)
        for name in ("/control", "@control", "yours", "", "yours/../mine", "mine/chat\u0000", "*/chat"):
            answer = await eve.ask(subscribe={"channel": name})
            assert answer["error"]["code"] in (102, 103), name
        await bob.ask(publish={"channel": "yours/chat", "data": "after"})
        assert [(await bob.push()).get("pub", {}).get("data")] == ["after"], "bob has noticed nothing"


async def test_nobody_speaks_as_somebody_else() -> None:
    async with (
        open_house(keyed=True) as house,
        entered(house, token("eve", "lobby")) as eve,
        entered(house, token("bob", "lobby")) as bob,
    ):
        for channel in ("lobby/chat", "lobby/signal", "lobby/state"):
            await bob.ask(subscribe={"channel": channel})
        await eve.ask(subscribe={"channel": "lobby/signal"})
        said = {"text": "hi", "info": {"user": "bob"}, "user": "bob"}
        await eve.send({"id": 50, "publish": {"channel": "lobby/chat", "data": said, "info": {"user": "bob"}}})
        assert "publish" in await eve.next()
        assert (await bob.push())["pub"]["info"]["user"] == "eve"
        forged = {"to": "bob", "id": "1", "data": 1, "src": "bob", "who": {"identity": "bob"}}
        await eve.ask(publish={"channel": "lobby/signal", "data": forged})
        signal = (await bob.push())["pub"]
        assert signal["info"]["user"] == "eve" and signal["data"] == {"type": "signal", "id": "1", "data": 1}
        await bob.ask(publish={"channel": "lobby/state", "data": {"set": {"hand": 7}, "private": True}})
        state = (await eve.ask(subscribe={"channel": "lobby/state"}))["subscribe"]
        assert "hand" not in json.dumps(state)
        for change in ({"set": {"hand": 8}}, {"remove": ["hand"]}, {"set": {"hand": 8}, "private": True}):
            answer = await eve.ask(publish={"channel": "lobby/state", "data": change})
            assert answer["error"]["code"] == 103


async def test_a_device_is_not_taken_by_who_does_not_know_its_secret() -> None:
    async with open_house(keyed=True) as house, house.client() as bob, house.client() as eve:
        hers = (await bob.connect(token("bob", "lobby"), device="secret of bob's"))["connect"]["client"]
        theirs = (await eve.connect(token("eve", "lobby"), device="secret of bob's"))["connect"]["client"]
        assert hers != theirs
        assert "subscribe" in await bob.ask(subscribe={"channel": "lobby/chat"})


async def test_a_connection_that_is_half_open_gives_way_to_its_device() -> None:
    async with open_house() as house:
        half = await RawWebSocket.connect(*address(house), path="/connection/websocket")
        hello = {"id": 1, "connect": {"data": {"user": "alice", "device": "phone"}}}
        both = json.dumps(hello) + "\n" + json.dumps({"id": 2, "subscribe": {"channel": "lobby/chat"}})
        await half.send(1, both.encode())
        await half.read_until(b'"epoch":"epoch_1"}}')
        # It reads and says nothing more, and nobody has closed it.
        async with (
            house.client(user="alice", device="phone") as back,
            house.client(user="alice", device="laptop") as two,
        ):
            await back.ask(subscribe={"channel": "lobby/chat"})
            await two.ask(subscribe={"channel": "lobby/chat"})
            seats = await house.rooms.presence("lobby/chat")
            assert [(seat.identity, seat.away) for seat in seats] == [("alice", False)] * 2
            stats = await back.ask(presence_stats={"channel": "lobby/chat"})
            assert stats["presence_stats"] == {"num_clients": 2, "num_users": 1}
            await house.rooms.publish("lobby/chat", Draft(data=b"1"))
            assert (await back.push())["pub"]["data"] == 1
            assert (await two.push())["pub"]["data"] == 1
        await half.read_until(b"connected elsewhere")
        half.close()


def address(house: House) -> tuple[str, int]:
    return house.server.host, house.server.port


async def test_a_reader_that_does_not_read_is_bounded_and_recovers() -> None:
    rules = Rules([TopicRule(pattern="*/chat", bytes=100_000_000, size=10_000)])
    async with open_house(rules=rules) as house, house.client(user="bob") as bob:
        await bob.ask(subscribe={"channel": "lobby/chat"})
        half = await RawWebSocket.connect(*address(house), path="/connection/websocket")
        both = '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"lobby/chat"}}'
        await half.send(1, both.encode())
        await half.read_until(b'"epoch":"epoch_1"}}')
        for number in range(600):
            await house.rooms.publish("lobby/chat", Draft(data=json.dumps([number, "x" * 60_000]).encode()))
            assert (await bob.push())["pub"]["data"][0] == number, "others do not wait for it"
            if len(house.rooms.members) == 1:
                break
        async with asyncio.timeout(30):
            while len(house.rooms.members) > 1:  # noqa: ASYNC110  (uvicorn tells nobody)
                await asyncio.sleep(0.01)
        half.close()


async def test_a_slow_reader_of_a_feed_stays_and_gets_the_newest() -> None:
    async with open_house() as house:
        slow = await RawWebSocket.connect(*address(house), path="/connection/websocket")
        both = '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"market/feed"}}'
        await slow.send(1, both.encode())
        await slow.read_until(b"}}")
        # Some thirty times what may wait for it, and it reads nothing meanwhile.
        values, size = 3000, 10_000
        for number in range(values):
            await house.rooms.publish("market/feed", Draft(data=json.dumps([number, "x" * size]).encode(), key="k"))
            await asyncio.sleep(0)
        assert len(house.rooms.members) == 1
        read = b""
        while b"[%d," % (values - 1) not in read:
            more = await slow.read_some()
            assert more, "it was disconnected"
            read += more
        assert len(read) < values * size / 2, "what was old when it could be read is not in it"
        slow.close()


async def test_ten_thousand_topics(tmp_path: Path) -> None:
    clock = SystemClock()
    broker = SqliteBroker(tmp_path / "salon.db", clock=clock, new_id=new_id)
    async with open_rooms(broker=broker, clock=clock, most_topics=1000) as rooms:  # type: ignore[arg-type]
        guests = [Guest(rooms, f"user{number}") for number in range(10)]
        channels = [f"room{number % 100}/topic{number}" for number in range(10_000)]
        await asyncio.gather(*(guests[number % 10].subscribe(channel) for number, channel in enumerate(channels)))
        assert len(rooms.channels()) == 10_000
        await asyncio.gather(*(rooms.publish(channel, Draft(data=channel.encode())) for channel in channels[:5000]))
        await asyncio.gather(*(rooms.publish(channel, Draft(data=channel.encode())) for channel in channels[5000:]))
        for index, guest in enumerate(guests):
            assert sorted(guest.ear.data()) == sorted(each.encode() for each in channels[index::10])


async def test_clocks_that_jump(tmp_path: Path) -> None:
    class Jumping(SystemClock):
        offset = 0

        def unix(self) -> int:
            return super().unix() + self.offset

    clock = Jumping()
    broker = SqliteBroker(tmp_path / "salon.db", clock=clock, new_id=new_id)
    async with open_rooms(broker=broker, clock=clock, rules=Rules([TopicRule(seconds=60)])) as rooms:  # type: ignore[arg-type]
        guest = Guest(rooms, "alice")
        await guest.subscribe("lobby/chat")
        first = await rooms.publish("lobby/chat", Draft(data=b"1"))
        clock.offset = -100_000
        await rooms.publish("lobby/chat", Draft(data=b"2"))
        welcome = await Guest(rooms, "bob").subscribe("lobby/chat", since=first)
        assert welcome.page is not None and welcome.page.proved, "it jumped back: nothing is lost"
        clock.offset = 100_000
        await rooms.publish("lobby/chat", Draft(data=b"3"))
        welcome = await Guest(rooms, "carol").subscribe("lobby/chat", since=first)
        assert welcome.page is not None and not welcome.page.proved, "it jumped ahead: what went early is told"
        await rooms.touch()
        assert guest.ear.data() == [b"1", b"2", b"3"]
        assert [seat.identity for seat in await rooms.presence("lobby/chat")] == ["alice", "bob", "carol"]


async def test_a_kick_ends_what_somebody_has_at_every_door() -> None:
    bearer = {"Authorization": f"Bearer {ADMIN}"}
    async with (
        whole_house(Agent("host", llm="demo"), token_secrets=(SECRET.decode(),)) as house,
        ClientSession(house.http, headers=bearer) as http,
    ):
        claims = Claims(sub="eve", exp=int(time.time()) + 600, salon=SalonClaim(rooms=("lobby",), peer="eve-1"))
        grant = mint(claims, SECRET)
        # One that does not read and says no goodbye, with a device that could come back.
        stuck = await RawWebSocket.connect("127.0.0.1", house.port, path="/connection/websocket")
        hello = {"id": 1, "connect": {"token": grant, "data": {"device": "phone"}}}
        both = json.dumps(hello) + "\n" + json.dumps({"id": 2, "subscribe": {"channel": "lobby/state"}})
        await stuck.send(1, both.encode())
        await stuck.read_until(b"}}]}}")
        peer = f"{house.ws}/peerjs?key=peerjs&id=eve-1&token={grant}"
        async with (
            connect(f"{house.ws}/connection/websocket") as socket,
            connect(peer) as signaling,
            http.get("/connection/sse", params={"token": grant, "channel": "lobby/chat"}) as stream,
        ):
            eve = Client(socket)
            await eve.connect(grant)
            assert "subscribe" in await eve.ask(subscribe={"channel": "lobby/chat"})
            assert "OPEN" in str(await signaling.recv())
            await stream.content.readline()
            async with http.post("/api/disconnect", json={"user": "eve", "seconds": 60}) as kicked:
                assert kicked.status == 200
            # Not a moment later: nobody of that name is seen, before any of them has said goodbye.
            async with http.get("/v1/rooms/lobby") as seen:
                assert "eve" not in await seen.text()
            assert (await eve.closed())[0] == 3503
            with pytest.raises(ConnectionClosed):
                while True:
                    await signaling.recv()
            assert signaling.close_code == 1008
            assert b"3503" in await stream.content.read()
        # Nor does anybody come in.
        async with connect(f"{house.ws}/connection/websocket") as socket:
            await Client(socket).send({"id": 1, "connect": {"token": grant}})
            assert (await Client(socket).closed())[0] == 3507
        with pytest.raises(Exception, match="403"):
            await connect(peer)
        async with http.get("/connection/sse", params={"token": grant, "channel": "lobby/chat"}) as refused:
            assert refused.status == 403
        stuck.close()


async def test_many_connections_of_one_address_are_refused() -> None:
    async with open_house() as house:
        house.gate._max_connections = 3
        sockets = [await connect(f"{house.server.ws}/connection/websocket") for _ in range(3)]
        with pytest.raises(Exception, match="503"):
            await connect(f"{house.server.ws}/connection/websocket")
        for socket in sockets:
            await socket.close()
