"""Opening a vendor's WebSocket, and every way in which that can fail: the same for all of them, told in the vendor's name."""

from __future__ import annotations

import asyncio
import functools
import logging
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI, ProxyError
from websockets.http11 import Response

from salon.base.errors import BadAnswer, BadRequest, ProviderError, TimedOut, Unreachable

#: Seconds that a server may take to answer our close frame.
CLOSE_TIMEOUT = 2.0
#: Bytes of one frame; the largest that vendors send are of some ten thousand.
MAX_FRAME = 4 << 20

# At level DEBUG, websockets logs the request line and the headers, and with them signatures and keys.
_quiet = logging.getLogger("salon.providers.websocket")
_quiet.setLevel(logging.INFO)


@dataclass(frozen=True)
class Vendor:
    """``name`` is for people, ``house`` for programs. ``refused`` says what an HTTP answer other than 101 means."""

    name: str
    house: str
    refused: Callable[[Response], ProviderError]


def hidden(text: str, secrets: Iterable[str]) -> str:
    """What a vendor says, without the keys that it may quote."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return text


@functools.cache
def tls() -> ssl.SSLContext:
    """The system's trusted roots; made once, since reading them takes milliseconds. There is no way to turn it off."""
    return ssl.create_default_context()


def is_loopback(host: str) -> bool:
    return host == "localhost" or host == "::1" or host.startswith("127.")


async def dial(
    url: str, vendor: Vendor, *, within: float, headers: Mapping[str, str] | None = None
) -> ClientConnection:
    """Connect and shake hands within ``within`` seconds.

    Raises ``TimedOut`` with phase ``connect``, ``Unreachable``, ``vendor.refused``, or what a proxy or a wrong server in
    the way deserves. What may be secret in ``url`` (its query) and all of ``headers`` are in no message.
    """
    parts = urlsplit(url)
    name, house, where, host = vendor.name, vendor.house, parts.netloc, parts.hostname or ""
    try:
        async with asyncio.timeout(within):
            return await connect(
                url,
                additional_headers=headers,
                ssl=tls() if parts.scheme == "wss" else None,
                compression=None,
                open_timeout=None,
                close_timeout=CLOSE_TIMEOUT,
                # One question or utterance is short, and its own deadlines notice a dead line sooner than a ping would.
                ping_interval=None,
                max_size=MAX_FRAME,
                user_agent_header="salon",
                proxy=None if is_loopback(host) else True,
                logger=_quiet,
            )
    except InvalidStatus as error:
        raise vendor.refused(error.response) from None
    except TimeoutError:
        raise TimedOut(
            f"{name} at {where} did not take the connection within {within:g} s.",
            phase="connect",
            house=house,
            advice=f"Check the network's way to {where}: firewall, proxy, DNS.",
        ) from None
    except (InvalidProxy, ProxyError, ImportError) as error:
        raise Unreachable(
            f"The proxy in front of {name} failed: {error}",
            house=house,
            advice="Check https_proxy and no_proxy; a SOCKS proxy needs the package python-socks.",
        ) from error
    except InvalidURI:
        # The exception quotes the whole address.
        raise BadRequest(
            f"The address of {name} is no WebSocket URL: {parts.scheme}://{where}{parts.path}",
            house=house,
            advice="Correct the setting url.",
        ) from None
    except InvalidHandshake as error:
        raise BadAnswer(
            f"What answers at {where} does not speak WebSocket: {error}",
            house=house,
            advice="Check the setting url, and that no proxy stands in the way.",
        ) from error
    except OSError as error:
        raise unreachable(error, where, house) from error


def unreachable(error: OSError, where: str, house: str) -> Unreachable:
    """Name, TLS or TCP: which of them failed, and what to do about it."""
    if isinstance(error, socket.gaierror):
        return Unreachable(
            f"The name of {where} cannot be resolved.",
            house=house,
            advice="Check the host's name and this machine's DNS.",
        )
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", "") or error.reason or str(error)
        return Unreachable(
            f"TLS with {where} failed: {why}.",
            house=house,
            advice="Check this machine's clock and CA certificates (SSL_CERT_FILE adds one for a private deployment).",
        )
    return Unreachable(
        f"No connection to {where}: {error.strerror or str(error) or type(error).__name__}.",
        house=house,
        advice=f"Check the network's way to {where}: firewall, proxy, and whether the server runs and speaks TLS.",
    )
