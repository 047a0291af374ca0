"""A vendor's WebSockets while they are open: frames out and in, and every way in which that can end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from salon.base.errors import BadAnswer, TimedOut
from salon.providers.dialing import hidden


class Sockets:
    """The connections of one recogniser or synthesiser, so that closing it ends them. ``name`` is the vendor's for people,
    ``house`` for programs; ``stall`` the seconds in which a frame must have been taken; ``secrets`` show in no error."""

    def __init__(self, name: str, house: str, stall: float, secrets: tuple[str, ...] = ()) -> None:
        self.name = name
        self.house = house
        self.stall = stall
        self.secrets = secrets
        self._open: set[ClientConnection] = set()

    @asynccontextmanager
    async def held(self, opening: Awaitable[ClientConnection]) -> AsyncIterator[Socket]:
        """Leaving aborts at once: the service stops working."""
        connection = await opening
        self._open.add(connection)
        try:
            yield Socket(connection, self)
        finally:
            self._open.discard(connection)
            connection.transport.abort()

    async def aclose(self) -> None:
        for connection in self._open:
            connection.transport.abort()


class Socket:
    def __init__(self, connection: ClientConnection, among: Sockets) -> None:
        self._connection = connection
        self._among = among

    def shown(self, text: str) -> str:
        return hidden(text, self._among.secrets)

    async def send(self, frame: str | bytes) -> bool:
        """False where the service has closed already; what it said before is still to be read."""
        name, house, stall = self._among.name, self._among.house, self._among.stall
        try:
            async with asyncio.timeout(stall):
                await self._connection.send(frame)
        except TimeoutError:
            message = f"{name} has not taken anything for {stall:g} s."
            raise TimedOut(message, phase="stall", house=house) from None
        except ConnectionClosed:
            return False
        return True

    async def receive(self) -> str | bytes:
        """The next frame. Raises ``BadAnswer`` where the connection has ended: the answer was not whole."""
        try:
            return await self._connection.recv()
        except ConnectionClosed:
            message = f"{self._among.name} closed the connection before its answer was whole."
            raise BadAnswer(message, house=self._among.house, advice="Try again.") from None
