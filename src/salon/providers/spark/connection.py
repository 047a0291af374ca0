"""The way to Spark: one signed WebSocket for one question, and every way in which it can fail to open."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI, ProxyError
from websockets.http11 import Response

from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    BadRequest,
    Overloaded,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
)
from salon.wire.spark import HOUSE
from salon.wire.spark_auth import ALLOWED_SKEW, http_date, parse_http_date, signed_url

#: Seconds that the server may take to answer our close frame.
CLOSE_TIMEOUT = 2.0
#: Bytes; Spark's frames have a few hundred, those with references some thousands.
MAX_FRAME = 4 << 20

# At level DEBUG, websockets logs the request line, and with it a signature that is good for five minutes.
_quiet = logging.getLogger("salon.providers.spark.websocket")
_quiet.setLevel(logging.INFO)


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


@cache
def tls() -> ssl.SSLContext:
    """The system's trusted roots; made once, since reading them takes milliseconds. There is no way to turn it off."""
    return ssl.create_default_context()


def is_loopback(host: str) -> bool:
    return host == "localhost" or host == "::1" or host.startswith("127.")


async def open_connection(url: str, settings: Settings, *, now: Callable[[], float]) -> ClientConnection:
    """Connect and shake hands. ``now`` gives the seconds since 1970.

    Raises ``TimedOut`` with phase ``connect``, ``Unreachable``, ``AuthFailed``, or what a proxy or a wrong server in the
    way deserves.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    signed = signed_url(url, api_key=settings.api_key, api_secret=settings.api_secret, date=http_date(now()))
    try:
        async with asyncio.timeout(settings.connect_timeout):
            return await connect(
                signed,
                ssl=tls() if parts.scheme == "wss" else None,
                compression=None,
                open_timeout=None,
                close_timeout=CLOSE_TIMEOUT,
                # One question is short, and its own deadlines notice a dead line sooner than a ping would.
                ping_interval=None,
                max_size=MAX_FRAME,
                user_agent_header="salon",
                proxy=None if is_loopback(host) else True,
                logger=_quiet,
            )
    except InvalidStatus as error:
        raise rejected(error.response, now()) from None
    except TimeoutError:
        raise TimedOut(
            f"Spark at {parts.netloc} did not take the connection within {settings.connect_timeout:g} s.",
            phase="connect",
            house=HOUSE,
            advice=f"Check the network's way to {parts.netloc}: firewall, proxy, DNS.",
        ) from None
    except (InvalidProxy, ProxyError, ImportError) as error:
        raise Unreachable(
            f"The proxy in front of Spark failed: {error}",
            house=HOUSE,
            advice="Check https_proxy and no_proxy; a SOCKS proxy needs the package python-socks.",
        ) from error
    except InvalidURI:
        # The exception quotes the signed URL.
        raise BadRequest(
            f"The address of Spark is no WebSocket URL: {url}", house=HOUSE, advice="Correct the setting url."
        ) from None
    except InvalidHandshake as error:
        raise BadAnswer(
            f"What answers at {parts.netloc} does not speak WebSocket: {error}",
            house=HOUSE,
            advice="Check the setting url, and that no proxy stands in the way.",
        ) from error
    except OSError as error:
        raise unreachable(error, parts.netloc) from error


def unreachable(error: OSError, where: str) -> Unreachable:
    """Name, TLS or TCP: which of them failed, and what to do about it."""
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"The name of {where} cannot be resolved.",
            house=HOUSE,
            advice="Check the host's name and this machine's DNS.",
        )
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        return Unreachable(
            f"TLS with {where} failed: {why}.",
            house=HOUSE,
            advice="Check this machine's clock and CA certificates (SSL_CERT_FILE adds one for a private deployment).",
        )
    return Unreachable(
        f"No connection to {where}: {error.strerror or str(error) or type(error).__name__}.",
        house=HOUSE,
        advice=f"Check the network's way to {where}: firewall, proxy, and whether the server runs and speaks TLS.",
    )


def rejected(response: Response, now: float) -> ProviderError:
    """What a handshake's HTTP answer other than 101 means. The gateway is Kong's hmac-auth; see ``wire.spark_auth``."""
    status, said = response.status_code, _message(response.body)
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
