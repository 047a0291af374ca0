from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from salon.app.clock import SystemClock
from salon.room.transit import Terms
from salon.serve import http, transit
from salon.serve.gate import ApiKey, Gate
from salon.serve.limits import Limits
from salon.serve.transit import STALL_SECONDS, TransitDoor
from salon.wire.token import Claims, mint
from salon.wire.transit import MAX_MESSAGE, handshake
from tests.fakes.raw_websocket import RawWebSocket
from tests.fakes.serving import Noting, Serving, serving

KEY = "sk-backend-key-of-some-length"
SECRET = b"a secret of at least thirty-two bytes"


class House:
    def __init__(self, at: Serving, gate: Gate, door: TransitDoor, observer: Noting, stack: AsyncExitStack) -> None:
        self.at = at
        self.gate = gate
        self.door = door
        self.observer = observer
        self._stack = stack

    async def asked(self, key: str = "", **body: Any) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with ClientSession(self.at.http) as client:
            answer = await client.post("/v1/transit", json=body, headers=headers)
            return answer.status, await answer.json()

    async def end(self, said: bytes = b"", **options: Any) -> ClientConnection:
        """One end, that has said its handshake."""
        end = await self._stack.enter_async_context(connect(f"{self.at.ws}/v1/transit", **options))
        if said:
            await end.send(said)
        return end

    async def pipe(self) -> tuple[ClientConnection, ClientConnection]:
        """Both ends of a new one, joined."""
        told = await self.minted()
        ends = await self.end(told[0]), await self.end(told[1])
        for end in ends:
            assert await end.recv() == b"ok\n"
        return ends

    async def minted(self) -> tuple[bytes, bytes]:
        """The handshakes of a new one."""
        status, told = await self.asked()
        assert status == 200
        return handshake(told["token"], told["side"]), handshake(told["token"], told["other_side"])


@asynccontextmanager
async def house(*, keys: bool = False, stall: float = STALL_SECONDS, **terms: int) -> AsyncIterator[House]:
    observer, clock = Noting(), SystemClock()
    given = {"keys": [ApiKey("backend", KEY)], "token_secrets": [SECRET]} if keys else {}
    gate = Gate(**given, limits=Limits(), clock=clock, observer=observer)  # type: ignore[arg-type]
    door = TransitDoor(gate, clock, observer, Terms(**terms), stall)  # type: ignore[arg-type]

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(door.run())
            yield
            running.cancel()

    app = http.app(door.routes(), gate=gate, lifespan=lifespan)
    async with serving(app) as at, AsyncExitStack() as stack:
        yield House(at, gate, door, observer, stack)


async def closed(end: ClientConnection) -> tuple[list[bytes | str], int | None]:
    """What still came, and the code of its close."""
    came = []
    with pytest.raises(ConnectionClosed):
        while True:
            came.append(await end.recv())
    return came, end.close_code


async def test_what_one_says_comes_to_the_other_as_it_was_in_order_both_ways() -> None:
    async with house() as at:
        ann, bob = await at.pipe()
        pieces = [os.urandom(size) for size in (0, 1, MAX_MESSAGE, 100)]
        for piece in pieces:
            await ann.send(piece)
            await bob.send(piece[::-1])
        assert [await bob.recv() for _ in pieces] == pieces
        assert [await ann.recv() for _ in pieces] == [piece[::-1] for piece in pieces]
        assert (at.door.pipes, at.door.carried) == (1, 2 * sum(map(len, pieces)))
        await ann.close()
        assert await closed(bob) == ([], 1001)
        await at.at.let_go()
        assert at.door.pipes == 0


async def test_the_subprotocol_of_its_clients_is_answered() -> None:
    async with house() as at:
        assert (await at.end(subprotocols=["transit_relay"])).subprotocol == "transit_relay"  # type: ignore[list-item]


async def test_who_guesses_meets_nobody() -> None:
    async with house() as at:
        one, other = await at.minted()
        waiting = await at.end(one)
        wrong_side = one[:-17] + b"0" * 16 + b"\n"
        for guess in (handshake("0" * 64, "1" * 16), wrong_side, handshake(one.split()[2].decode()[::-1], "1" * 16)):
            assert await closed(await at.end(guess)) == ([], 1008)
        assert at.observer.seen.count(("refused", "transit", "invalid_token")) == 3
        # The two for whom it was made still meet, and no third comes in.
        right = await at.end(other)
        assert (await waiting.recv(), await right.recv()) == (b"ok\n", b"ok\n")
        assert await closed(await at.end(other)) == ([], 1008)


@pytest.mark.parametrize("said", [b"hello", b"x" * 100_000, b"please relay " + b"g" * 80, b"\x00"])
async def test_what_is_no_handshake_ends_it(said: bytes) -> None:
    async with house() as at:
        assert await closed(await at.end(said)) == ([b"bad handshake\n"], 1008)


async def test_whoever_says_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transit, "HANDSHAKE_SECONDS", 0.05)
    async with house() as at:
        assert (await closed(await at.end()))[1] == 1008


async def test_who_speaks_before_the_other_is_here_is_impatient() -> None:
    async with house() as at:
        one, _ = await at.minted()
        end = await at.end(one)
        await end.send(b"already")
        assert await closed(end) == ([b"impatient\n"], 1008)


async def test_who_waits_in_vain_is_let_go() -> None:
    async with house(wait_ms=50) as at:
        one, other = await at.minted()
        assert await closed(await at.end(one)) == ([], 1013)
        assert await closed(await at.end(other)) == ([], 1008)


async def test_two_who_say_nothing_are_let_go() -> None:
    async with house(idle_ms=50) as at:
        ann, bob = await at.pipe()
        assert [await closed(ann), await closed(bob)] == [([], 1013), ([], 1013)]


async def test_the_same_side_comes_again() -> None:
    async with house() as at:
        one, other = await at.minted()
        first, again = await at.end(one), await at.end(one)
        assert await closed(first) == ([], 4001)
        await at.end(other)
        assert await again.recv() == b"ok\n"


async def test_so_much_and_no_more() -> None:
    async with house(max_bytes=1_000) as at:
        assert (await at.asked(bytes=1_001))[0] == 413
        ann, bob = await at.pipe()
        await ann.send(b"x" * 900)
        await ann.send(b"x" * 101)
        assert await closed(bob) == ([b"x" * 900], 1009)
        assert await closed(ann) == ([], 1009)


async def test_a_message_is_not_longer_than_what_may_wait_here() -> None:
    async with house() as at:
        ann, bob = await at.pipe()
        await ann.send(b"x" * (MAX_MESSAGE + 1))
        assert await closed(ann) == ([], 1009)
        assert await closed(bob) == ([], 1001)


async def test_who_may_have_one_and_how_many() -> None:
    async with house(max_pipes_of_one=2, max_pipes=3, keys=True) as at:
        user, other = (mint(Claims(sub=name), SECRET) for name in ("ann", "bob"))
        assert (await at.asked())[0] == 401
        assert [(await at.asked(user))[0] for _ in range(3)] == [200, 200, 429]
        assert [(await at.asked(other))[0] for _ in range(2)] == [200, 503]
        assert at.observer.seen[-1] == ("refused", "transit", "server_full")
        assert (await at.asked(KEY, bites=1))[0] == 400
    async with house(max_pipes=0) as at:
        status, told = await at.asked()
        assert (status, told["error"]["code"]) == (403, "transit_disabled")


async def test_a_client_secret_is_for_talking_only() -> None:
    async with house() as at:
        secret = at.gate.issue(at.gate.stranger)
        assert (await at.asked(secret.value))[0] == 403


async def test_nobody_comes_in_while_the_server_ends() -> None:
    async with house() as at:
        at.gate.draining = True
        assert (await at.asked())[0] == 503
        with pytest.raises(InvalidStatus):
            await at.end()


async def test_a_slow_reader_stops_the_sender_and_nothing_piles_up_here() -> None:
    async with house(stall=0.3, bytes_per_second=10**9) as at:
        one, other = await at.minted()
        slow = await RawWebSocket.connect(at.at.host, at.at.port, "/v1/transit")
        await slow.send(2, one)
        fast = await at.end(other)
        assert await fast.recv() == b"ok\n"
        sent = 0
        with pytest.raises(ConnectionClosed):
            while True:
                await fast.send(bytes(MAX_MESSAGE))
                sent += MAX_MESSAGE
        # What was taken lies in the kernel's buffers and in one message here; the rest of a gigabyte was never read.
        assert at.door.carried <= sent < 16 * 1024 * 1024
        assert (await closed(fast))[1] == 1013
        await at.at.let_go()
        assert at.door.pipes == 0
        slow.close()


async def test_who_vanishes_is_noticed_and_its_partner_told() -> None:
    async with house() as at:
        one, other = await at.minted()
        mute = await RawWebSocket.connect(at.at.host, at.at.port, "/v1/transit")
        await mute.send(2, one)
        bob = await at.end(other)
        assert await bob.recv() == b"ok\n"
        mute.close()
        assert await closed(bob) == ([], 1001)


async def test_who_is_too_fast_is_read_more_slowly() -> None:
    async with house(bytes_per_second=1_000) as at:
        ann, bob = await at.pipe()
        for _ in range(2):
            await ann.send(bytes(100_000))
        await bob.recv()
        # Ann's budget is used up for a minute and more: what she said next is not read. The other way is open.
        await bob.send(b"go on")
        assert await ann.recv() == b"go on"
        assert at.door.carried == 100_005
