from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Set
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from salon.app.clock import SystemClock
from salon.base.errors import Refused
from salon.base.ids import counting
from salon.base.rooms import Kick
from salon.room.signaling import Terms
from salon.room.waiting import Bounds
from salon.serve import http
from salon.serve.gate import ApiKey, Gate
from salon.serve.limits import Limits
from salon.serve.peerjs import MESSAGES_PER_SECOND, SECONDS_AT_ONCE, PeerJsDoor
from salon.wire.peerjs import MAX_MESSAGE
from salon.wire.token import Claims, SalonClaim, mint
from tests.fakes.raw_websocket import RawWebSocket
from tests.fakes.serving import Noting, Serving, serving

KEY = "sk-backend-key-of-some-length"
SECRET = b"a secret of at least thirty-two bytes"
QUICK = Terms(grace_ms=50, waiting=Bounds(wait_ms=50))


class Errors(Noting):
    def client_error(self, door: str, code: str) -> None:
        self.seen.append(("error", code))


class Peer:
    """One client, as npm peerjs speaks."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, type: str, dst: str | None = None, **more: Any) -> None:
        payload = {} if type in ("LEAVE", "HEARTBEAT") else {"payload": {"connectionId": "dc_1"}}
        await self.socket.send(json.dumps({"type": type, **({} if dst is None else {"dst": dst}), **payload, **more}))

    async def hear(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(await self.socket.recv())
        return said

    async def ended(self) -> int | None:
        with pytest.raises(ConnectionClosed):
            while True:
                await self.socket.recv()
        return self.socket.close_code


class House:
    def __init__(self, at: Serving, gate: Gate, door: PeerJsDoor, observer: Errors, stack: AsyncExitStack) -> None:
        self.at = at
        self.gate = gate
        self.door = door
        self.observer = observer
        self._stack = stack

    def url(self, id: str, token: str = "", key: str = "peerjs", path: str = "/peerjs") -> str:
        return f"{self.at.ws}{path}?{urlencode({'key': key, 'id': id, 'token': token or id, 'version': '1.5.5'})}"

    async def socket(self, url: str) -> Peer:
        return Peer(await self._stack.enter_async_context(connect(url)))

    async def peer(self, id: str, token: str = "") -> Peer:
        """One who is let in."""
        peer = await self.socket(self.url(id, token))
        assert await peer.hear() == {"type": "OPEN"}
        return peer

    async def talking(self, *ids: str) -> list[Peer]:
        """Peers, of whom the first has called all others and was answered."""
        first, *others = [await self.peer(id) for id in ids]
        for id, other in zip(ids[1:], others, strict=True):
            await first.say("OFFER", id)
            assert (await other.hear())["type"] == "OFFER"
            await other.say("ANSWER", ids[0])
            assert (await first.hear())["type"] == "ANSWER"
        return [first, *others]


@asynccontextmanager
async def house(
    *,
    keys: bool = False,
    discovery: bool = False,
    messages_per_second: int = MESSAGES_PER_SECOND,
    terms: Terms = QUICK,
    banned: Set[str] = frozenset(),
    **settings: Any,
) -> AsyncIterator[House]:
    observer, clock = Errors(), SystemClock()
    given = {"keys": [ApiKey("backend", KEY, admin=True)], "token_secrets": [SECRET]} if keys else {}
    gate = Gate(**given, limits=Limits(), clock=clock, observer=observer, origins=["https://app.example.com"])  # type: ignore[arg-type]

    def check_name(name: str) -> None:
        if name in banned:
            raise Refused("You were removed.", status=403, code="kicked")

    door = PeerJsDoor(
        gate,
        clock,
        observer,
        counting(),
        discovery=discovery,
        messages_per_second=messages_per_second,
        terms=terms,
        check_name=check_name,
    )

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(door.run())
            yield
            running.cancel()

    app = http.app(door.routes(), gate=gate, lifespan=lifespan)
    async with serving(app, **settings) as at, AsyncExitStack() as stack:
        yield House(at, gate, door, observer, stack)


def grant(sub: str = "", peer: str = "", **claims: Any) -> str:
    return mint(Claims(sub=sub, salon=SalonClaim(peer=peer), **claims), SECRET)


async def test_two_say_to_each_other_what_is_between_them() -> None:
    async with house() as at:
        ann, bob = await at.peer("ann"), await at.peer("bob")
        await ann.say("OFFER", "bob", payload={"sdp": {"sdp": "v=0\r\n"}, "metadata": "é"})
        assert await bob.hear() == {
            "type": "OFFER", "src": "ann", "dst": "bob", "payload": {"sdp": {"sdp": "v=0\r\n"}, "metadata": "é"},
        }  # fmt: skip
        await bob.say("ANSWER", "ann")
        assert (await ann.hear())["src"] == "bob"
        await bob.say("LEAVE", "ann")
        assert await ann.hear() == {"type": "LEAVE", "src": "bob", "dst": "ann"}


@pytest.mark.parametrize("path", ["/peerjs", "/peerjs/peerjs"])
async def test_both_paths_of_the_client_lead_here(path: str) -> None:
    async with house() as at, ClientSession(at.at.http) as client:
        answer = await client.get(f"{path}/id?ts=1&version=1.5.5", headers={"Origin": "https://app.example.com"})
        assert (answer.status, answer.content_type, await answer.text()) == (200, "text/plain", "peer_1")
        assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
        assert answer.headers["cache-control"] == "no-store"
        peer = await at.socket(at.url("peer_1", path=path))
        assert await peer.hear() == {"type": "OPEN"}


async def test_who_is_here_is_told_only_where_that_is_wanted() -> None:
    async with house() as at, ClientSession(at.at.http) as client:
        assert (await client.get("/peerjs/peers")).status == 401
    async with house(discovery=True) as at, ClientSession(at.at.http) as client:
        await at.peer("ann")
        assert await (await client.get("/peerjs/peers")).json() == ["ann"]
    async with house(discovery=True, keys=True) as at, ClientSession(at.at.http) as client:
        assert (await client.get("/peerjs/peers")).status == 401
        assert (await client.get("/peerjs/peers", headers={"Authorization": f"Bearer {KEY}"})).status == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "No id, token, or key supplied to websocket server"),
        ("?id=ann&token=t", "No id, token, or key supplied to websocket server"),
        ("?key=other&id=ann&token=t", "Invalid key provided"),
        ("?key=peerjs&id=-ann&token=t", "Invalid id provided"),
    ],
)
async def test_what_a_handshake_needs(query: str, words: str) -> None:
    async with house() as at:
        peer = await at.socket(f"{at.at.ws}/peerjs{query}")
        said = await peer.hear()
        assert said["type"] == "ERROR"
        assert said["payload"]["msg"].startswith(words)
        assert await peer.ended() == 1008


async def test_an_id_is_held_by_its_token() -> None:
    async with house() as at:
        ann, bob = await at.talking("ann", "bob")
        thief = await at.socket(at.url("ann", "another"))
        assert await thief.hear() == {"type": "ID-TAKEN", "payload": {"msg": "ID is taken"}}
        assert await thief.ended() == 1008
        # With the same token it is she, on a new connection; the old one may not even know that it is dead.
        again = await at.peer("ann", "ann")
        assert await ann.ended() == 4001
        await bob.say("CANDIDATE", "ann")
        assert (await again.hear())["type"] == "CANDIDATE"
    assert ("refused", "peerjs", "id_taken") in at.observer.seen


async def test_nobody_comes() -> None:
    async with house() as at:
        ann = await at.peer("ann")
        for type in ("OFFER", "CANDIDATE", "CANDIDATE"):
            await ann.say(type, "bob")
        assert await ann.hear() == {"type": "EXPIRE", "src": "bob", "dst": "ann"}
        # No second one: the next thing she hears is what she says to herself.
        await ann.say("CANDIDATE", "bob")
        await ann.say("OFFER", "ann")
        assert (await ann.hear())["type"] == "OFFER"


async def test_nobody_can_have_such_an_id() -> None:
    async with house(terms=Terms()) as at:
        ann = await at.peer("ann")
        await ann.say("OFFER", "bob@example.com")
        await ann.say("CANDIDATE", "bob@example.com")
        assert await ann.hear() == {"type": "EXPIRE", "src": "bob@example.com", "dst": "ann"}
        await ann.say("OFFER", "ann")
        assert (await ann.hear())["type"] == "OFFER"


async def test_somebody_comes_in_time() -> None:
    async with house(terms=Terms()) as at:
        ann = await at.peer("ann")
        await ann.say("OFFER", "bob")
        await ann.say("CANDIDATE", "bob")
        await ann.say("OFFER", "ann")  # heard when the others have been taken in
        await ann.hear()
        bob = await at.peer("bob")
        assert [(await bob.hear())["type"] for _ in range(2)] == ["OFFER", "CANDIDATE"]


async def test_partners_hear_of_one_who_vanishes() -> None:
    async with house() as at:
        ann, bob, cleo = await at.talking("ann", "bob", "cleo")
        ann.socket.transport.abort()
        for name, partner in (("bob", bob), ("cleo", cleo)):
            assert await partner.hear() == {"type": "LEAVE", "src": "ann", "dst": name}


async def test_partners_hear_of_one_who_navigates_away_at_once() -> None:
    async with house(terms=Terms(grace_ms=600_000)) as at:
        ann, bob = await at.talking("ann", "bob")
        await ann.socket.close(1001)
        assert (await bob.hear())["type"] == "LEAVE"


async def test_partners_hear_of_one_who_says_that_it_leaves() -> None:
    async with house(terms=Terms()) as at:
        ann, bob = await at.talking("ann", "bob")
        await ann.say("LEAVE")
        assert (await bob.hear())["type"] == "LEAVE"
        assert await ann.ended() == 1000


@pytest.mark.parametrize("code", [1000, 1005])
async def test_a_disconnected_peer_keeps_its_connections(code: int) -> None:
    async with house(terms=Terms(grace_ms=0)) as at:
        ann, bob = await at.talking("ann", "bob")
        # An empty close frame is what a browser sends for close().
        await (ann.socket.close(1000) if code == 1000 else empty_close(ann.socket))
        await at.at.let_go(1)
        await bob.say("OFFER", "bob")
        assert (await bob.hear())["type"] == "OFFER"
        await at.peer("ann", "the next one")


async def empty_close(socket: ClientConnection) -> None:
    socket.protocol.send_close()
    socket.send_data()
    await socket.wait_closed()


async def test_who_comes_back_in_time_has_not_left() -> None:
    async with house(terms=Terms(grace_ms=60_000)) as at:
        ann, bob = await at.talking("ann", "bob")
        ann.socket.transport.abort()
        await at.at.let_go(1)
        await bob.say("CANDIDATE", "ann")
        again = await at.peer("ann")
        assert (await again.hear())["type"] == "CANDIDATE"
        await again.say("CANDIDATE", "bob")
        assert (await bob.hear())["type"] == "CANDIDATE"


async def test_silence() -> None:
    async with house(terms=Terms(silence_ms=300)) as at:
        ann, bob = await at.talking("ann", "bob")

        async def beat() -> None:
            while True:
                await bob.say("HEARTBEAT")
                await asyncio.sleep(0.05)

        async with asyncio.TaskGroup() as group:
            beating = group.create_task(beat())
            assert await ann.ended() == 1013
            assert (await bob.hear())["type"] == "LEAVE"
            beating.cancel()


async def test_a_half_open_connection_is_noticed() -> None:
    async with house(ping_seconds=0.1) as at:
        bob = await at.peer("bob")
        # It shakes hands, calls, and from then on answers nothing, not even a ping.
        mute = await RawWebSocket.connect(at.at.host, at.at.port, "/peerjs?key=peerjs&id=mute&token=t")
        await mute.send(1, b'{"type":"OFFER","dst":"bob","payload":{}}')
        assert (await bob.hear())["src"] == "mute"
        assert await bob.hear() == {"type": "LEAVE", "src": "mute", "dst": "bob"}
        mute.close()


async def test_a_token_is_for_one_id() -> None:
    async with house(keys=True) as at:
        await at.peer("ann", grant("ann"))
        await at.peer("ann-phone", grant("ann", peer="ann-phone"))
        for token in (grant("bob"), grant("ann", peer="ann-phone"), grant()):
            peer = await at.socket(at.url("ann", token))
            said = await peer.hear()
            assert said["type"] == "ERROR"
            assert said["payload"]["msg"].startswith("Invalid token provided: it is for the id")
            assert await peer.ended() == 1008


@pytest.mark.parametrize(
    "token",
    ["made-by-the-client", KEY, grant("ann")[:-2] + "xx", grant("ann", exp=1), mint(Claims(sub="ann"), b"x" * 32)],
    ids=["random", "key", "forged", "expired", "foreign"],
)
async def test_without_a_grant_nobody_comes_in(token: str, caplog: pytest.LogCaptureFixture) -> None:
    async with house(keys=True) as at:
        peer = await at.socket(at.url("ann", token))
        said = await peer.hear()
        assert said["type"] == "ERROR"
        assert said["payload"]["msg"].startswith("Invalid token provided: ")
        assert token not in said["payload"]["msg"]
        assert await peer.ended() == 1008
    assert token not in caplog.text


async def test_a_user_takes_over_with_a_fresh_token() -> None:
    async with house(keys=True) as at:
        ann = await at.peer("ann", grant("ann", jti="1"))
        await at.peer("ann", grant("ann", jti="2"))
        assert await ann.ended() == 4001
        # Somebody else whose token names that id too has to wait until it is free.
        other = await at.socket(at.url("ann", grant("eve", peer="ann")))
        assert (await other.hear())["type"] == "ID-TAKEN"


async def test_a_kick_ends_it_and_a_ban_keeps_it_out() -> None:
    banned: set[str] = set()
    async with house(keys=True, banned=banned) as at:
        ann, bob = await at.peer("ann-1", grant("ann", "ann-1")), await at.peer("bob", grant("bob"))
        await ann.say("OFFER", "bob")
        assert (await bob.hear())["type"] == "OFFER"
        at.door.kick(Kick("ann", room="lobby"))
        at.door.kick(Kick("somebody else"))
        at.door.kick(Kick("ann"))
        assert await ann.hear() == {"type": "ERROR", "payload": {"msg": "You were removed."}}
        assert await ann.ended() == 1008
        assert await bob.hear() == {"type": "LEAVE", "src": "ann-1", "dst": "bob"}
        await at.peer("ann-1", grant("ann", "ann-1"))
        banned.add("ann")
        with pytest.raises(InvalidStatus) as refused:
            await at.socket(at.url("ann-1", grant("ann", "ann-1")))
        assert refused.value.response.status_code == 403


async def test_a_server_that_is_full_or_going_down() -> None:
    async with house(terms=Terms(max_peers=1)) as at, ClientSession(at.at.http) as client:
        await at.peer("ann")
        late = await at.socket(at.url("bob"))
        assert await late.hear() == {
            "type": "ERROR", "payload": {"msg": "Server has reached its concurrent user limit"},
        }  # fmt: skip
        assert await late.ended() == 1013
        at.gate.draining = True
        assert (await client.get("/peerjs/id")).status == 503
        with pytest.raises(InvalidStatus) as caught:
            await at.socket(at.url("cleo"))
        # Over HTTP, not as an ERROR: the client may come again.
        assert caught.value.response.status_code == 503


async def test_a_stopping_server_says_so_and_ends_nobodys_call() -> None:
    async with house(terms=Terms(grace_ms=0)) as at:
        ann, bob = await at.talking("ann", "bob")
        at.at.server.stop()
        assert {await ann.ended(), await bob.ended()} == {1012}
    left = [seen for seen in at.observer.seen if seen[0] == "disconnected"]
    assert left == [("disconnected", "peerjs", "1012")] * 2


async def test_pages_of_others_do_not_come_in() -> None:
    async with house() as at:
        with pytest.raises(InvalidStatus) as caught:
            await connect(at.url("ann"), origin="https://evil.example.net").__aenter__()  # type: ignore[arg-type]
        assert caught.value.response.status_code == 403


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("peace", 1008),
        ("[]", 1008),
        (b"\x00", 1008),
        ('{"type":"OFFER","dst":"bob","payload":{"x":"' + "x" * MAX_MESSAGE + '"}}', 1009),
        ('{"type":"OFFER","dst":"bob","payload":{"x":"' + "é" * (MAX_MESSAGE // 2) + '"}}', 1009),
    ],
    ids=["no JSON", "no object", "binary", "giant", "giant in bytes"],
)
async def test_what_is_no_message_ends_its_own_connection_only(message: str | bytes, code: int) -> None:
    async with house() as at:
        mallory, bob = await at.peer("mallory"), await at.peer("bob")
        await mallory.socket.send(message)
        assert (await mallory.hear())["type"] == "ERROR"
        assert await mallory.ended() == code
        await bob.say("OFFER", "bob")
        assert (await bob.hear())["src"] == "bob"


async def test_the_longest_message_passes() -> None:
    async with house() as at:
        ann, bob = await at.peer("ann"), await at.peer("bob")
        head, tail = '{"type":"OFFER","dst":"bob","payload":{"x":"', '"}}'
        await ann.socket.send(head + "x" * (MAX_MESSAGE - len(head + tail)) + tail)
        assert len((await bob.hear())["payload"]["x"]) == MAX_MESSAGE - len(head + tail)


@pytest.mark.parametrize(
    "message",
    ['{"type":"NEWS","dst":"bob"}', '{"type":"OPEN"}', '{"type":"OFFER","payload":{}}', '{"type":"OFFER","dst":7}'],
)
async def test_what_this_protocol_does_not_have_is_passed_over(message: str) -> None:
    async with house() as at:
        ann = await at.peer("ann")
        await ann.socket.send(message)
        await ann.say("OFFER", "ann")
        assert (await ann.hear())["type"] == "OFFER"
    assert [seen[0] for seen in at.observer.seen].count("error") == 1


async def test_nobody_speaks_for_another() -> None:
    async with house() as at:
        mallory, bob = await at.peer("mallory"), await at.peer("bob")
        await mallory.say("LEAVE", "bob", src="ann")
        await mallory.say("OFFER", "bob", src="ann")
        assert [(await bob.hear())["src"] for _ in range(2)] == ["mallory", "mallory"]


async def test_a_flood_is_slowed_and_others_do_not_notice() -> None:
    async with house(messages_per_second=10) as at:
        mallory, ann, bob = [await at.peer(name) for name in ("mallory", "ann", "bob")]
        for _ in range(10 * SECONDS_AT_ONCE + 10):
            await mallory.say("HEARTBEAT")
        await mallory.say("OFFER", "bob")
        # Time in which an unhindered server would have read all that.
        for _ in range(20):
            await ann.say("OFFER", "ann")
            await ann.hear()
        await ann.say("OFFER", "bob")
        # Hers overtakes his, which is behind what he sent before.
        assert [(await bob.hear())["src"] for _ in range(2)] == ["ann", "mallory"]


async def test_a_flood_does_not_close_whom_it_is_meant_for() -> None:
    async with house(terms=Terms()) as at:
        # Bob does not read for a while; his small window is soon shut, and half of what may wait for him is full.
        bob = await RawWebSocket.connect(at.at.host, at.at.port, "/peerjs?key=peerjs&id=bob&token=t")
        big = json.dumps({"type": "OFFER", "dst": "bob", "payload": {"x": "x" * 60_000}})
        mallories = [await at.peer(f"mallory{n}") for n in range(4)]
        told = []
        for mallory in mallories:
            for _ in range(15):
                await mallory.socket.send(big)
            await mallory.say("OFFER", "nobody here@")
            # Everybody hears of the id that cannot be; who found no room hears of Bob, once.
            while (src := (await mallory.hear())["src"]) == "bob":
                told.append(mallory)
            assert src == "nobody here@"
        assert told
        assert len(set(map(id, told))) == len(told)
        # He reads now: all that was taken is there, and he was never closed.
        await bob.send(1, b'{"type":"LEAVE"}')
        data = await bob.read_until(b"\x88\x06\x03\xe8left")
        assert data.count(b'"OFFER"') > 8
        bob.close()


async def test_what_waits_for_somebody_absent_is_bounded() -> None:
    terms = Terms(waiting=Bounds(messages_from_one=5))
    async with house(terms=terms) as at:
        mallory, ann = await at.peer("mallory"), await at.peer("ann")
        for number in range(20):
            await mallory.say("OFFER", f"target{number}")
        assert [(await mallory.hear())["src"] for _ in range(15)] == [f"target{n}" for n in range(5, 20)]
        await ann.say("OFFER", "target0")
        await ann.say("OFFER", "ann")
        assert (await ann.hear())["type"] == "OFFER"
        target = await at.peer("target0")
        assert [(await target.hear())["src"] for _ in range(2)] == ["mallory", "ann"]


async def test_it_can_be_mounted_under_a_path_of_ones_own() -> None:
    observer, clock = Errors(), SystemClock()
    gate = Gate(limits=Limits(), clock=clock, observer=observer, origins=["https://app.example.com"])
    mounted = http.app(PeerJsDoor(gate, clock, observer, counting()).routes(), gate=gate)
    async with serving(Starlette(routes=[Mount("/salon", mounted)])) as at, ClientSession(at.http) as client:
        answer = await client.get("/salon/peerjs/id", headers={"Origin": "https://app.example.com"})
        assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
        async with connect(f"{at.ws}/salon/peerjs?key=peerjs&id={await answer.text()}&token=t") as socket:
            assert await socket.recv() == '{"type":"OPEN"}'
