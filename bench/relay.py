"""The least that anything in the middle costs: a process that hands bytes on and looks at none of them.

It answers a WebSocket's upgrade with what ``bench.text``'s reader waits for, asks the upstream when the reader speaks, and
writes each chunk on under a frame's head. Run as ``python -m bench.relay UPSTREAM_PORT [aiohttp]``; prints its port. With
``aiohttp`` it asks as Salon does, by that library, and does nothing else besides.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from typing import Any, Protocol, cast

import aiohttp

BODY = json.dumps({"model": "bench", "stream": True, "messages": [{"role": "user", "content": "go"}]}).encode()
HEAD = b"\x81\x7e\x00\xb4"  # a text frame of 180 bytes


class Ask(Protocol):
    def __call__(self, down: Down, /) -> Coroutine[Any, Any, object]: ...


class Down(asyncio.Protocol):
    """A client: its first bytes are the upgrade, what follows is the question."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._tasks: set[asyncio.Task[object]] = set()
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name

    def data_received(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        if not self._greeted:
            self._greeted = True
            self.transport.write(b"session.created")
        elif not self._tasks:
            self._tasks.add(loop.create_task(self._ask(self)))


class Up(asyncio.Protocol):
    """The upstream's end of one client."""

    def __init__(self, down: Down) -> None:
        self._write = down.transport.write

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n"
        cast(asyncio.Transport, transport).write(head.encode() + BODY)

    def data_received(self, data: bytes) -> None:
        self._write(HEAD + data)


async def main(upstream: int, by_aiohttp: bool) -> None:
    loop = asyncio.get_running_loop()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:

        async def plainly(down: Down) -> object:
            return await loop.create_connection(lambda: Up(down), "127.0.0.1", upstream)

        async def by_library(down: Down) -> object:
            async with session.post(f"http://127.0.0.1:{upstream}/v1/chat/completions", data=BODY) as response:
                while data := await response.content.readany():
                    down.transport.write(HEAD + data)
            return None

        ask = by_library if by_aiohttp else plainly
        server = await loop.create_server(lambda: Down(ask), "127.0.0.1", 0, backlog=2048)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(int(sys.argv[1]), "aiohttp" in sys.argv[2:]))
