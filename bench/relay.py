"""The least that anything in the middle costs: a process that hands bytes on and looks at none of them.

It answers a WebSocket's upgrade with what ``bench.text``'s reader waits for, asks the upstream when the reader speaks, and
writes each chunk on under a frame's head. Run as ``python -m bench.relay UPSTREAM_PORT``; prints its port.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import cast

HEAD = b"\x81\x7e\x00\xb4"  # a text frame of 180 bytes


class Down(asyncio.Protocol):
    """A client: its first bytes are the upgrade, what follows is the question."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
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
            asked = loop.create_connection(lambda: Up(self), "127.0.0.1", self._upstream)
            self._tasks.add(loop.create_task(asked))


class Up(asyncio.Protocol):
    """The upstream's end of one client."""

    def __init__(self, down: Down) -> None:
        self._write = down.transport.write

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        body = json.dumps({"model": "bench", "stream": True, "messages": [{"role": "user", "content": "go"}]})
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        cast(asyncio.Transport, transport).write((head + body).encode())

    def data_received(self, data: bytes) -> None:
        self._write(HEAD + data)


async def main(upstream: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Down(upstream), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(main(int(sys.argv[1])))
