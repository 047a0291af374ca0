"""What an idle Realtime connection holds: memory of the server process at so many connections, against none.

python -m bench.connections [CONNECTIONS]
"""

from __future__ import annotations

import asyncio
import resource
import sys
from typing import cast

import uvloop

from bench.machine import cpu_seconds, describe, rss_bytes, salon
from bench.text import through

AT_REST = 40
"""Seconds: two rounds of pings."""


class Idle(asyncio.Protocol):
    """Opens a session and says nothing more than pings ask for."""

    def __init__(self, hello: bytes, opened: asyncio.Semaphore) -> None:
        self._hello = hello
        self._opened = opened
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self._transport.write(self._hello)

    def data_received(self, data: bytes) -> None:
        if not self._greeted and b"session.created" in data:
            self._greeted = True
            self._opened.release()
        elif data[:1] == b"\x89":
            # A ping (RFC 6455 section 5.5.2), answered with its payload under a mask of zeros.
            size = data[1]
            self._transport.write(bytes((0x8A, 0x80 | size)) + bytes(4) + data[2 : 2 + size])


async def main(connections: int) -> None:
    print(f"bench/connections: {describe()}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 65536), hard), hard))
    loop = asyncio.get_running_loop()
    async with salon("--llm", "demo") as (pid, port):
        opened = asyncio.Semaphore(0)
        hello = through(port)[0]
        transports = []

        async def open_more(count: int) -> None:
            for _ in range(count):
                transport, _ = await loop.create_connection(lambda: Idle(hello, opened), "127.0.0.1", port)
                transports.append(transport)
                await opened.acquire()

        await open_more(20)
        before = rss_bytes(pid)
        await open_more(connections)
        held = rss_bytes(pid) - before
        cpu = cpu_seconds(pid)
        await asyncio.sleep(AT_REST)
        cpu = (cpu_seconds(pid) - cpu) / AT_REST
        print(
            f"{connections} idle connections: {held / connections / 1024:.1f} KiB each, {cpu * 100:.1f} % of a core at rest"
        )
        for transport in transports:
            transport.abort()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
