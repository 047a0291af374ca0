"""A server that does to a Spark client what a script says: frames, silence, a close, a cut line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

SID = "cht000cb087@dx18793cd421fb894542"

Answer = Callable[["Asked"], Awaitable[None]]


class Asked:
    """One question that came in."""

    def __init__(self, socket: ServerConnection, frame: dict[str, Any]) -> None:
        self.socket = socket
        self.frame = frame
        request = socket.request
        assert request is not None
        self.path = urlsplit(request.path).path
        self.query = dict(parse_qsl(urlsplit(request.path).query))

    async def say(self, *texts: str, status: int = 1, **payload: Any) -> None:
        """A frame with these texts, each an element of ``choices.text``."""
        choices = {"status": status, "text": [{"content": text, "role": "assistant"} for text in texts]}
        await self.send({"choices": choices, **payload}, status=status)

    async def send(self, payload: dict[str, Any], *, status: int = 1) -> None:
        header = {"code": 0, "message": "Success", "sid": SID, "status": status}
        await self.socket.send(json.dumps({"header": header, "payload": payload}))

    async def fail(self, code: int, message: str = "") -> None:
        await self.socket.send(json.dumps({"header": {"code": code, "message": message, "sid": SID, "status": 2}}))


class SparkServer:
    """``url`` is its address. ``asked`` has every question, ``asking`` is set by the first. ``closes`` has the close code
    of each connection that ended."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.url = ""
        self.asked: list[Asked] = []
        self.asking = asyncio.Event()
        self.closes: asyncio.Queue[int | None] = asyncio.Queue()

    async def handle(self, socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            question = Asked(socket, json.loads(await socket.recv()))
            self.asked.append(question)
            self.asking.set()
            await self._answer(question)
        await socket.wait_closed()
        self.closes.put_nowait(socket.close_code)


@asynccontextmanager
async def spark_server(answer: Answer, **settings: Any) -> AsyncIterator[SparkServer]:
    server = SparkServer(answer)
    async with serve(server.handle, "127.0.0.1", 0, compression=None, **settings) as listening:
        port = listening.sockets[0].getsockname()[1]
        scheme = "wss" if settings.get("ssl") else "ws"
        server.url = f"{scheme}://127.0.0.1:{port}"
        yield server


@asynccontextmanager
async def tcp_server(
    handle: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]],
) -> AsyncIterator[str]:
    """Something else than Spark. Gives its ``host:port``; waits at the end until every connection is gone."""
    handling: set[asyncio.Event] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handled = asyncio.Event()
        handling.add(handled)
        with suppress(ConnectionError):
            await handle(reader, writer)
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
        handled.set()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for handled in handling:
            await handled.wait()


def denying(status: int, body: bytes, **headers: str) -> Callable[[ServerConnection, Request], Response]:
    """For ``process_request``: answer the handshake with ``status``."""

    def deny(_: ServerConnection, __: Request) -> Response:
        return Response(status, "No", Headers({"Content-Length": str(len(body)), **headers}), body)

    return deny
