"""HTTP and frames of RFC 4571 on one port, by the first byte; who owes a request's head for long, or is silent, is let go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from aiohttp import ClientSession
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect

from salon.app.first_bytes import FRAMED, FirstByte, Patience
from salon.media.tcp import MAX_FRAME
from tests.fakes.serving import Serving, serving


class Frames(asyncio.Protocol):
    def __init__(self) -> None:
        self.got = bytearray()
        self.news = asyncio.Event()
        self.transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.got += data
        self.news.set()
        self.transport.write(b"framed")

    def connection_lost(self, exc: Exception | None) -> None:
        self.news.set()


class Kept:
    """Somebody who owes something."""

    def __init__(self) -> None:
        self.gone = False

    def let_go(self) -> None:
        self.gone = True


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what it was sent, over HTTP and WebSocket."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
    else:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def one_port(patience: Patience | None = None) -> AsyncIterator[tuple[Serving, list[Frames]]]:
    made: list[Frames] = []

    def framed() -> Frames:
        made.append(Frames())
        return made[-1]

    async with serving(application, framed=framed) as server:
        if patience is not None:
            server.server._patience = patience
        yield server, made


async def ask(server: Serving, *parts: bytes) -> bytes:
    """Send the parts, each by itself, and read to the end."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0)
    answer = await reader.read()
    writer.close()
    return answer


def test_the_longest_frame_begins_below_any_method() -> None:
    assert FRAMED == MAX_FRAME >> 8
    assert min(b"\r\n" + bytes(range(ord("A"), ord("z") + 1))) > FRAMED


async def test_http_and_websocket_are_what_they_were_and_frames_go_elsewhere() -> None:
    async with one_port() as (server, made), ClientSession(server.http) as session:
        for body in (b"", b"hello", bytes(300_000)):
            async with session.post("/", data=body) as response:
                assert await response.read() == body
        async with connect(server.ws) as socket:
            await socket.send("over")
            assert await socket.recv() == "over"
        assert made == []
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"\x00\x14stun")
        assert await reader.readexactly(6) == b"framed"
        writer.write(b"GET /")
        await reader.readexactly(6)
        assert [bytes(each.got) for each in made] == [b"\x00\x14stunGET /"]
        writer.close()


async def test_a_request_may_come_in_pieces_and_one_may_follow_another() -> None:
    async with one_port() as (server, _):
        last = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        once = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"
        answer = await ask(server, *(bytes([byte]) for byte in once), once, last)
        assert (answer.count(b"HTTP/1.1 200 OK"), answer.count(b"hello")) == (3, 2)


async def test_any_first_bytes_reach_one_of_both() -> None:
    random = Random(1)
    async with one_port() as (server, made):
        for byte in range(256):
            first = bytes([byte]) + random.randbytes(random.randrange(20))
            made.clear()
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(first)
            writer.write_eof()
            answer = await reader.read()
            if byte <= FRAMED:
                assert bytes(made[0].got) == first
            else:
                assert made == []
                assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
            writer.close()


async def test_where_nobody_takes_frames_http_refuses_them() -> None:
    async with serving(application) as server:
        assert (await ask(server, b"\x00\x14stun")).startswith(b"HTTP/1.1 400 ")


async def test_the_silent_are_let_go_and_the_slow_are_told() -> None:
    async with one_port(Patience(seconds=0.05)) as (server, _):
        assert await ask(server) == b""
        for dribbled in (b"G", b"GET / HTTP/1.1\r\nhost: a\r\n", b"\r\n"):
            assert (await ask(server, dribbled)).startswith(b"HTTP/1.1 408 ")
        # One that was patient for its first request is not trusted with the second.
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.write(b"GET")
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        writer.close()
        await server.let_go()
        assert len(server.server._patience) == 0


async def test_a_body_and_an_answer_may_take_their_time() -> None:
    async with one_port(Patience(seconds=0.05)) as (server, _):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\na")
        # Somebody silent came later and went earlier: time has passed.
        assert await ask(server) == b""
        writer.write(b"b")
        assert (await reader.read()).endswith(b"ab")
        writer.close()


async def test_a_head_without_end_is_refused() -> None:
    async with one_port() as (server, _):
        _, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"GET / HTTP/1.1\r\nx: ")
        sent = 0
        while not writer.transport.is_closing() and sent < 64 << 20:
            writer.write(bytes([ord("a")]) * 4096)
            sent += 4096
            await asyncio.sleep(0)
        await server.let_go()
        # What lies in buffers on the way is sent too.
        assert sent < 64 << 20
        writer.close()


async def test_past_the_limit_the_oldest_goes() -> None:
    patience, owing = Patience(limit=2), [Kept() for _ in range(4)]
    for each in owing[:3]:
        patience.begin(each)
    patience.end(owing[1])
    patience.begin(owing[3])
    assert [each.gone for each in owing] == [True, False, False, False]
    assert len(patience) == 2
    patience.stop()
    assert [each.gone for each in owing] == [True, False, True, True]


async def test_a_connection_that_is_gone_wakes_nobody() -> None:
    made: list[Frames] = []
    patience = Patience()
    first = FirstByte(patience, lambda: made.append(Frames()), {})  # type: ignore[func-returns-value]
    patience.begin(first)
    first.connection_lost(None)
    assert len(patience) == 0
    first.data_received(b"\x00")
    first.let_go()
    assert made == []
