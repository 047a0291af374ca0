"""The way to Spark: one signed WebSocket for one question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.http11 import Response

from salon.base.errors import AuthFailed, BadAnswer, BadRequest, Overloaded, ProviderError, RateLimited
from salon.providers.dialing import Vendor, dial, hidden
from salon.wire.spark import HOUSE
from salon.wire.spark_auth import ALLOWED_SKEW, http_date, parse_http_date, signed_url


@dataclass(frozen=True)
class Settings:
    """What the house was configured with. ``url`` takes the place of the models' own; times are seconds."""

    app_id: str
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    url: str | None = None
    patch_id: str | None = None
    connect_timeout: float = 10.0
    first_token_timeout: float = 30.0
    stall_timeout: float = 30.0

    @property
    def secrets(self) -> tuple[str, ...]:
        return self.api_key, self.api_secret


async def open_connection(url: str, settings: Settings, *, now: Callable[[], float]) -> ClientConnection:
    """Sign, connect and shake hands (``dial`` says what may be raised). ``now`` gives the seconds since 1970."""
    at = now()
    signed = signed_url(url, api_key=settings.api_key, api_secret=settings.api_secret, date=http_date(at))
    return await dial(
        signed, Vendor("Spark", HOUSE, partial(_refused, at, settings.secrets)), within=settings.connect_timeout
    )


def _refused(now: float, secrets: tuple[str, ...], response: Response) -> ProviderError:
    """What a handshake's HTTP answer other than 101 means. The gateway is Kong's hmac-auth; see ``wire.spark_auth``."""
    status, said = response.status_code, hidden(_message(response.body), secrets)
    seen = f" (HTTP {status}{': ' + said if said else ''})"
    if status in (401, 403):
        return AuthFailed(
            f"Spark does not accept the signature.{seen}",
            house=HOUSE,
            vendor_code=status,
            advice=_signature_advice(status, said, response.headers.get("Date"), now),
        )
    if status == 429:
        return RateLimited(
            f"Spark's gateway was asked too often.{seen}",
            house=HOUSE,
            vendor_code=status,
            advice="Send fewer requests.",
        )
    if status == 404:
        return BadRequest(
            f"Spark has nothing at this address.{seen}",
            house=HOUSE,
            vendor_code=status,
            advice="Check the setting url.",
        )
    if status >= 500:
        return Overloaded(
            f"Spark's gateway failed.{seen}", house=HOUSE, vendor_code=status, advice="Try again in a while."
        )
    return BadAnswer(
        f"Spark did not open a WebSocket.{seen}", house=HOUSE, vendor_code=status, advice="Check the setting url."
    )


def _message(body: bytes | bytearray | None) -> str:
    try:
        said = msgspec.json.decode(body or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    message = said.get("message") if isinstance(said, dict) else None
    return message[:200] if isinstance(message, str) else ""


def _signature_advice(status: int, said: str, server_date: str | None, now: float) -> str:
    theirs = parse_http_date(server_date) if server_date else None
    off = now - theirs if theirs is not None else 0.0
    if abs(off) > ALLOWED_SKEW:
        side = "ahead of" if off > 0 else "behind"
        return f"This machine's clock is {abs(off):.0f} s {side} Spark's; 300 s are allowed. Set it by NTP."
    if status == 403:
        return "Spark wants a valid date within 300 s of its own clock: set this machine's clock by NTP."
    if "fail to retrieve credential" in said:
        return "Spark does not know this APIKey: check SPARK_API_KEY; the console shows the APISecret beside it."
    if "does not match" in said:
        return "The APISecret does not belong to this APIKey: check SPARK_API_SECRET."
    return "Check SPARK_API_KEY and SPARK_API_SECRET, and that no proxy cuts the query from the URL."
