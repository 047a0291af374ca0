"""A wire between client and server that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Wire:
    """Carries bytes from ``port`` to the server and back. With ``last`` it breaks when so many bytes have gone to clients,
    wherever in a frame that is."""

    def __init__(self) -> None:
        self.port = 0
        self.last: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Both ends see it break. Later connections are carried again."""
        self.last = None
        for writer in self._writers:
            writer.transport.abort()

    async def carry(self, server: tuple[str, int], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*server)
        self._writers |= {writer, server_writer}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, server_writer))
                group.create_task(self._pump(server_reader, writer, down=True))
        finally:
            self._writers -= {writer, server_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, down: bool = False) -> None:
        try:
            while data := await reader.read(1024):
                if down and self.last is not None:
                    data, self.last = data[: self.last], self.last - len(data)
                writer.write(data)
                await writer.drain()
                if down and self.last is not None and self.last <= 0:
                    self.cut()
                    return
        except OSError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    wire = Wire()
    serving = await asyncio.start_server(
        lambda reader, writer: wire.carry(("127.0.0.1", port), reader, writer), "127.0.0.1", 0
    )
    async with serving:
        wire.port = serving.sockets[0].getsockname()[1]
        yield wire
        wire.cut()
