"""An application at one end of a socket, its clients at the other."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from salon.transport.line import Line
from salon.transport.tunnel import DENIAL, Answering, Lost, Tunnel, reduced
from salon.wire.workers import Frame

HTTP: Scope = {
    "type": "http",
    "method": "POST",
    "path": "/",
    "query_string": b"",
    "headers": [(b"a", b"b")],
    "client": None,
}
WEBSOCKET: Scope = {**HTTP, "type": "websocket", "subprotocols": []}


class Ends:
    def __init__(self, tunnel: Tunnel, line: Line, far: Line) -> None:
        self.tunnel = tunnel
        self.line = line
        self.far = far
        self.before = 0


@asynccontextmanager
async def ends(app: ASGIApp) -> AsyncIterator[Ends]:
    ours, theirs = socket.socketpair()
    both: list[Any] = []

    def near(frame: Frame) -> None:
        both[0].take(frame)

    def far(frame: Frame) -> None:
        both[1].take(frame)

    line, other = await Line.open(ours, near), await Line.open(theirs, far)
    found = Ends(Tunnel(line), line, other)

    def before() -> None:
        found.before += 1

    async with asyncio.TaskGroup() as group:
        both += [found.tunnel, Answering(other, app, group, before)]

        async def watch() -> None:
            await line.over.wait()
            found.tunnel.lose()
            both[1].lose()

        group.create_task(watch())
        yield found
        line.cut()
        other.cut()


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 201, "headers": scope["headers"]})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": scope["path"].encode()})


async def test_a_request_and_its_answer() -> None:
    async with ends(echo) as there:
        answer = await there.tunnel.request(HTTP, b"hello ", 5)
        assert (answer.status, answer.headers, answer.body) == (201, [(b"a", b"b")], b"hello /")
        assert there.before >= 3, "who tells others of changes does so before any part of an answer"
        answers = await asyncio.gather(*(there.tunnel.request(HTTP, b"%d" % n, 5) for n in range(50)))
        assert [answer.body for answer in answers] == [b"%d/" % n for n in range(50)]
        assert there.tunnel._talks == {}


async def test_a_failure_is_its_own(caplog: pytest.LogCaptureFixture) -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/":
            raise LookupError("no")
        await echo(scope, receive, send)

    async with ends(fails) as there:
        with pytest.raises(Lost):
            await there.tunnel.request(HTTP, b"", 5)
        assert (await there.tunnel.request({**HTTP, "path": "/x"}, b"", 5)).body == b"/x"
    assert "A request failed" in caplog.text


async def test_who_does_not_answer_is_given_up() -> None:
    given_up = asyncio.Event()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()

    async with ends(stuck) as there:
        with pytest.raises(Lost):
            await there.tunnel.request(HTTP, b"", 0.01)
        await given_up.wait()


async def test_an_end_that_is_gone_answers_nobody() -> None:
    asked = asyncio.Event()

    async def silent(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        await asyncio.Event().wait()

    async with ends(silent) as there, asyncio.TaskGroup() as group:

        async def ask() -> None:
            with pytest.raises(Lost):
                await there.tunnel.request(HTTP, b"", 5)

        group.create_task(ask())
        await asked.wait()
        there.far.cut()
        await there.line.over.wait()
        with pytest.raises(Lost):
            await there.tunnel.request(HTTP, b"", 5)


class Client:
    """A browser's WebSocket as the server gives it to an application."""

    def __init__(self) -> None:
        self.says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.heard: list[Any] = []
        self.reads = asyncio.Event()
        self.reads.set()
        self.says.put_nowait({"type": "websocket.connect"})

    async def send(self, message: Any) -> None:
        await self.reads.wait()
        self.heard.append(message)


async def shouts(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"].upper()})


async def test_a_websocket() -> None:
    client = Client()
    async with ends(shouts) as there:
        for text in ("a", "b"):
            client.says.put_nowait({"type": "websocket.receive", "text": text})
        client.says.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await there.tunnel.websocket(WEBSOCKET, client.says.get, client.send)
        assert [each.get("text") for each in client.heard] == [None, "A", "B"]
        assert there.tunnel._talks == {}


async def test_nobody_is_ahead_of_a_client_that_does_not_read() -> None:
    sent = []

    async def talks(scope: Scope, receive: Receive, send: Send) -> None:
        for number in range(100):
            await send({"type": "websocket.send", "text": str(number)})
            sent.append(number)

    client = Client()
    client.reads.clear()
    async with ends(talks) as there, asyncio.TaskGroup() as group:
        talking = group.create_task(there.tunnel.websocket(WEBSOCKET, client.says.get, client.send))
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(sent) <= 1
        client.reads.set()
        await talking
        assert len(client.heard) == 100


async def test_a_handshake_that_is_denied_is_answered_as_http() -> None:
    async def denies(scope: Scope, receive: Receive, send: Send) -> None:
        assert DENIAL in scope["extensions"]
        await send({"type": f"{DENIAL}.start", "status": 404, "headers": []})
        await send({"type": f"{DENIAL}.body", "body": b"no"})

    client = Client()
    scope = reduced({**WEBSOCKET, "extensions": {DENIAL: {}, "salon.abort": print}}, [])
    async with ends(denies) as there:
        await there.tunnel.websocket(scope, client.says.get, client.send)
    assert [each["type"] for each in client.heard] == [f"{DENIAL}.start", f"{DENIAL}.body"]


@pytest.mark.parametrize("accepted", [False, True])
async def test_a_websocket_whose_application_is_gone(accepted: bool) -> None:
    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if accepted:
            await send({"type": "websocket.accept"})
        there.far.cut()
        await asyncio.Event().wait()

    client = Client()
    async with ends(waits) as there:
        if accepted:
            await there.tunnel.websocket(WEBSOCKET, client.says.get, client.send)
            assert (client.heard[-1]["type"], client.heard[-1]["code"]) == ("websocket.close", 1011)
        else:
            with pytest.raises(Lost):
                await there.tunnel.websocket(WEBSOCKET, client.says.get, client.send)


def test_a_scope_is_reduced_to_plain_data() -> None:
    scope = {
        **HTTP,
        "client": ("192.0.2.1", 5),
        "app": object(),
        "state": {"x": 1},
        "extensions": {"salon.write": print},
    }
    assert reduced(scope, [(b"c", b"d")]) == {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [(b"c", b"d")],
        "client": ["192.0.2.1", 5],
        "extensions": {},
    }
