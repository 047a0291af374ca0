"""The way to iFlytek's speech services: frames in and out of one signed WebSocket, and every way in which it can end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from salon.base.errors import BadAnswer, TimedOut
from salon.providers.spark.connection import Settings, open_connection
from salon.wire.iflytek_speech import HOUSE, Audio, Heard, error_for

T = TypeVar("T", Heard, Audio)


class Sockets:
    """The connections of one recogniser or synthesiser, so that closing it ends them. ``now`` gives seconds since 1970."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._now = now
        self._open: set[ClientConnection] = set()

    @asynccontextmanager
    async def connected(self, url: str) -> AsyncIterator[Socket]:
        """Leaving aborts at once: the service stops working."""
        connection = await open_connection(url, self.settings, now=self._now)
        self._open.add(connection)
        try:
            yield Socket(connection, self.settings.stall_timeout)
        finally:
            self._open.discard(connection)
            connection.transport.abort()

    async def aclose(self) -> None:
        for connection in self._open:
            connection.transport.abort()


class Socket:
    def __init__(self, connection: ClientConnection, stall: float) -> None:
        self._connection = connection
        self._stall = stall

    async def send(self, frame: str) -> bool:
        """False where the service has closed already; what it said before is still to be read."""
        try:
            async with asyncio.timeout(self._stall):
                await self._connection.send(frame)
        except TimeoutError:
            raise TimedOut(
                f"iFlytek has not taken anything for {self._stall:g} s.", phase="stall", house=HOUSE
            ) from None
        except ConnectionClosed:
            return False
        return True

    async def receive(self, decode: Callable[[str | bytes], T]) -> T:
        """The next frame. Raises what an error frame stands for, and ``BadAnswer`` where the connection ends before."""
        try:
            frame = decode(await self._connection.recv())
        except ConnectionClosed:
            raise BadAnswer(
                "iFlytek closed the connection before its answer was whole.", house=HOUSE, advice="Try again."
            ) from None
        if frame.code:
            raise error_for(frame.code, frame.message, frame.sid)
        return frame
