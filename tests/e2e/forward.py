"""Hands TCP connections on, from a port or a Unix socket to another: these lead out of network namespaces."""

from __future__ import annotations

import asyncio
import sys


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main(listen: str, to: str) -> None:
    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        kind, _, place = to.partition(":")
        host, _, port = place.rpartition(":")
        opened = asyncio.open_unix_connection(place) if kind == "unix" else asyncio.open_connection(host, int(port))
        there, back = await opened
        await asyncio.gather(pump(reader, back), pump(there, writer))

    kind, _, place = listen.partition(":")
    host, _, port = place.rpartition(":")
    starting = (
        asyncio.start_unix_server(hand_on, place) if kind == "unix" else asyncio.start_server(hand_on, host, int(port))
    )
    async with await starting as server:
        name = server.sockets[0].getsockname()
        print(name[1] if isinstance(name, tuple) else 0, flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
