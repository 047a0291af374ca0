"""The way to Volcengine: one WebSocket with keys in its headers."""

from __future__ import annotations

import uuid
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial

from websockets.http11 import Response

from salon.base.errors import AuthFailed, BadAnswer, Overloaded, ProviderError, RateLimited
from salon.providers import sockets
from salon.providers.dialing import Vendor, dial, hidden
from salon.providers.sockets import Socket
from salon.wire.volcengine import HOUSE, Frame, decode, error_for
from salon.wire.volcengine.codes import QUOTA, quota_error
from salon.wire.volcengine.frame import ERROR


@dataclass(frozen=True)
class Access:
    """``api_key`` is of the new console and stands alone; ``app_id`` and ``access_token`` of the old one. Times are seconds."""

    api_key: str = field(default="", repr=False)
    app_id: str = ""
    access_token: str = field(default="", repr=False)
    connect: float = 10.0
    stall: float = 30.0

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.api_key, self.access_token

    def headers(self, resource: str) -> dict[str, str]:
        connection = str(uuid.uuid4())
        common = {"X-Api-Resource-Id": resource, "X-Api-Connect-Id": connection, "X-Api-Request-Id": connection}
        if self.api_key:
            return {"X-Api-Key": self.api_key, **common}
        return {"X-Api-App-Key": self.app_id, "X-Api-Access-Key": self.access_token, **common}


class Sockets(sockets.Sockets):
    def __init__(self, access: Access, resource: str) -> None:
        super().__init__("Volcengine", HOUSE, access.stall, access.secrets)
        self._access = access
        self._resource = resource

    def connected(self, url: str) -> AbstractAsyncContextManager[Socket]:
        headers = self._access.headers(self._resource)
        vendor = Vendor(self.name, HOUSE, partial(_refused, self.secrets))
        return self.held(dial(url, vendor, within=self._access.connect, headers=headers))


async def receive(socket: Socket) -> Frame:
    """The next frame. Raises what an error frame stands for."""
    frame = decode(await socket.receive())
    if frame.type == ERROR:
        raise error_for(frame.code, socket.shown(frame.payload.decode("utf-8", "replace")).encode())
    return frame


def _refused(secrets: tuple[str, ...], response: Response) -> ProviderError:
    status, said = (
        response.status_code,
        hidden(bytes(response.body or b"").decode("utf-8", "replace"), secrets)[:200].strip(),
    )
    seen = f" (HTTP {status}{': ' + said if said else ''})"
    if QUOTA in said.casefold():
        return quota_error(said, seen, status)
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
