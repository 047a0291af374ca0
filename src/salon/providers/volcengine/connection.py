"""The way to Volcengine: one WebSocket with keys in its headers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Response

from salon.base.errors import AuthFailed, BadAnswer, Overloaded, ProviderError, RateLimited, TimedOut
from salon.providers.dialing import Vendor, dial
from salon.wire.volcengine import HOUSE, Frame, decode, error_for
from salon.wire.volcengine.frame import ERROR


@dataclass(frozen=True)
class Access:
    """``api_key`` is of the new console and stands alone; ``app_id`` and ``access_token`` of the old one. Times are seconds."""

    api_key: str = field(default="", repr=False)
    app_id: str = ""
    access_token: str = field(default="", repr=False)
    connect: float = 10.0
    stall: float = 30.0

    def headers(self, resource: str) -> dict[str, str]:
        connection = str(uuid.uuid4())
        common = {"X-Api-Resource-Id": resource, "X-Api-Connect-Id": connection, "X-Api-Request-Id": connection}
        if self.api_key:
            return {"X-Api-Key": self.api_key, **common}
        return {"X-Api-App-Key": self.app_id, "X-Api-Access-Key": self.access_token, **common}


class Sockets:
    """The connections of one recogniser or synthesiser, so that closing it ends them."""

    def __init__(self, access: Access, resource: str) -> None:
        self._access = access
        self._resource = resource
        self._open: set[ClientConnection] = set()

    @asynccontextmanager
    async def connected(self, url: str) -> AsyncIterator[Socket]:
        """Leaving aborts at once: the service stops working."""
        headers = self._access.headers(self._resource)
        connection = await dial(url, _VENDOR, within=self._access.connect, headers=headers)
        self._open.add(connection)
        try:
            yield Socket(connection, self._access.stall)
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

    async def send(self, frame: bytes) -> bool:
        """False where the service has closed already; what it said before is still to be read."""
        try:
            async with asyncio.timeout(self._stall):
                await self._connection.send(frame)
        except TimeoutError:
            message = f"Volcengine has not taken anything for {self._stall:g} s."
            raise TimedOut(message, phase="stall", house=HOUSE) from None
        except ConnectionClosed:
            return False
        return True

    async def receive(self) -> Frame:
        """The next frame. Raises what an error frame stands for, and ``BadAnswer`` where the connection ends before."""
        try:
            frame = decode(await self._connection.recv())
        except ConnectionClosed:
            raise BadAnswer(
                "Volcengine closed the connection before its answer was whole.", house=HOUSE, advice="Try again."
            ) from None
        if frame.type == ERROR:
            raise error_for(frame.code, frame.payload)
        return frame


def _refused(response: Response) -> ProviderError:
    status, said = response.status_code, bytes(response.body or b"").decode("utf-8", "replace")[:200].strip()
    seen = f" (HTTP {status}{': ' + said if said else ''})"
    if status in (400, 401, 403):
        return AuthFailed(
            f"Volcengine does not accept the keys, or the app may not use this resource.{seen}",
            house=HOUSE,
            vendor_code=status,
            advice="Check VOLCENGINE_API_KEY, or VOLCENGINE_APP_ID and VOLCENGINE_ACCESS_TOKEN, and in the console that the "
            "resource is enabled.",
        )
    if status == 429:
        return RateLimited(f"Volcengine was asked too often.{seen}", house=HOUSE, vendor_code=status)
    if status >= 500:
        return Overloaded(f"Volcengine's gateway failed.{seen}", house=HOUSE, vendor_code=status, advice="Try again.")
    return BadAnswer(
        f"Volcengine did not open a WebSocket.{seen}", house=HOUSE, vendor_code=status, advice="Check the setting url."
    )


_VENDOR = Vendor("Volcengine", HOUSE, _refused)
