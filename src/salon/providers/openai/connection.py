"""The way to a house over HTTP: a pool of connections, and every way in which one can fail to open."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from salon.base.errors import BadAnswer, ProviderError, TimedOut, Unreachable
from salon.providers.openai.profiles import Profile

# Seconds that a connection waits in the pool for the next turn of a conversation.
KEEP_ALIVE = 60.0


@dataclass(frozen=True)
class Access:
    """How to reach a house. ``secrets`` are the parts of the Bearer token; times are seconds."""

    base_url: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    connect: float = 10.0
    first_token: float = 30.0
    stall: float = 30.0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        # Compression would hold back single words of a stream.
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity", "Content-Type": "application/json"}
        if self.secrets:
            headers["Authorization"] = f"Bearer {':'.join(self.secrets)}"
        return headers


def new_session(access: Access) -> aiohttp.ClientSession:
    """A pool for one model. To be called within the running loop. Certificates are always verified."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
        timeout=aiohttp.ClientTimeout(total=None, connect=access.connect),
        cookie_jar=aiohttp.DummyCookieJar(),
        # aiohttp's own reading of the environment also reads ~/.netrc, and then refuses our Authorization header.
        trust_env=False,
    )


def proxy_for(url: str) -> str | None:
    """The HTTP proxy that the environment names for this address (``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in ("localhost", "::1") or host.startswith("127."):
        return None
    if proxy_bypass(host):
        return None
    proxy = getproxies().get(parts.scheme)
    return proxy if proxy is not None and proxy.startswith(("http://", "https://")) else None


def abort(response: aiohttp.ClientResponse) -> None:
    """Close the socket now: the house stops working, and the connection does not return to the pool."""
    connection = response.connection
    if connection is not None and connection.transport is not None:
        # A close would first say goodbye by TLS and wait for the answer.
        connection.transport.abort()
    response.close()


def broken(error: Exception, profile: Profile, access: Access) -> ProviderError:
    """What a failure of aiohttp means. ``error`` is an ``aiohttp.ClientError`` or an ``OSError``."""
    house, where = profile.name, urlsplit(access.base_url).netloc
    match error:
        case aiohttp.ServerTimeoutError() | TimeoutError():
            message = f"{house} at {where} did not take the connection within {access.connect:g} s"
            return TimedOut(message, phase="connect", house=house, advice=profile.start)
        case aiohttp.ClientConnectorDNSError():
            return Unreachable(f"The name of {where} cannot be resolved", house=house, advice=profile.start)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            advice = "Check HTTPS_PROXY, HTTP_PROXY and NO_PROXY."
            return Unreachable(f"The proxy on the way to {where} failed", house=house, advice=advice)
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            advice = "Check this machine's clock and CA certificates (SSL_CERT_FILE adds one of your own)."
            return Unreachable(f"TLS with {where} failed: {_tls(error)}", house=house, advice=advice)
        case aiohttp.ClientConnectorError():
            why = error.os_error.strerror or "no connection"
            return Unreachable(f"{house} cannot be reached at {where}: {why}", house=house, advice=profile.start)
        case aiohttp.ClientPayloadError():
            return BadAnswer(f"{house} broke off in the middle of its answer", house=house)
        case aiohttp.ClientConnectionError() | OSError():
            return BadAnswer(f"{house} closed the connection before its answer was whole", house=house)
        case _:
            return BadAnswer(f"What answers at {where} does not speak HTTP as expected", house=house)


def is_reset(error: Exception) -> bool:
    """Whether a connection that stood was lost: a pooled one may have been closed by the house while it was idle."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return False
    return isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError | ConnectionError)


def _tls(error: Exception) -> str:
    inner = getattr(error, "certificate_error", None) or getattr(error, "os_error", None) or error
    return getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or type(inner).__name__


async def read_body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """A body that is not a stream, as far as ``most`` bytes."""
    body = bytearray()
    while len(body) < most and (more := await response.content.readany()):
        body += more
    return bytes(body[:most])


async def drain(response: aiohttp.ClientResponse, seconds: float) -> None:
    """Read what is left, briefly, so that the connection can be used again."""
    try:
        async with asyncio.timeout(seconds):
            while await response.content.readany():
                pass
    except (TimeoutError, aiohttp.ClientError, OSError):
        return
