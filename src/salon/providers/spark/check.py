"""``salon check`` for Spark: the way to the model, step by step."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from salon.base.chat import Delta, Message, Options, Text, ToolSpec
from salon.base.errors import ProviderError
from salon.ports.llm import CheckStep
from salon.providers.dialing import is_loopback, tls, unreachable
from salon.providers.spark.connection import Settings, open_connection
from salon.wire.spark import HOUSE

Stream = Callable[[Sequence[Message], Sequence[ToolSpec], Options], AsyncGenerator[Delta, None]]

_HELLO = (Message(role="user", content=(Text("你好"),)),)


class Way:
    """The way to one URL. Each method takes one step, says what was seen, and raises what went wrong."""

    def __init__(self, url: str, settings: Settings, stream: Stream, now: Callable[[], float]) -> None:
        parts = urlsplit(url)
        self.secure = parts.scheme == "wss"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.secure else 80)
        self.netloc = parts.netloc
        self._url = url
        self._settings = settings
        self._stream = stream
        self._now = now

    def proxy(self) -> str | None:
        """The proxy's host and port, without its password; None where there is none. The rules are those of websockets."""
        if is_loopback(self.host) or proxy_bypass(f"{self.host}:{self.port}"):
            return None
        proxies = getproxies()
        for scheme in ("wss", "socks", "https") if self.secure else ("ws", "socks", "https", "http"):
            if scheme in proxies:
                return urlsplit(proxies[scheme]).netloc.rpartition("@")[2]
        return None

    async def name(self) -> str:
        async with asyncio.timeout(self._settings.connect_timeout):
            found = await asyncio.get_running_loop().getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        return f"{self.host} is {found[0][4][0]}"

    async def tcp(self) -> str:
        async with asyncio.timeout(self._settings.connect_timeout):
            _, writer = await asyncio.open_connection(self.host, self.port)
        writer.transport.abort()
        return f"port {self.port}"

    async def tls(self) -> str:
        async with asyncio.timeout(self._settings.connect_timeout):
            _, writer = await asyncio.open_connection(self.host, self.port, ssl=tls(), server_hostname=self.host)
        version = writer.get_extra_info("ssl_object").version()
        writer.transport.abort()
        return f"{version}, the certificate is trusted"

    async def auth(self) -> str:
        connection = await open_connection(self._url, self._settings, now=self._now)
        connection.transport.abort()
        return "the signature is accepted"

    async def first_token(self) -> str:
        async with aclosing(self._stream(_HELLO, (), Options(max_output_tokens=16))) as deltas:
            delta = await anext(deltas)
        return type(delta).__name__


async def steps(
    url: str, settings: Settings, stream: Stream, *, now: Callable[[], float]
) -> AsyncGenerator[CheckStep, None]:
    """The steps ``name``, ``tcp``, ``tls`` (for ``wss``), ``auth`` and ``first token``; the first that fails is the last.

    Behind a proxy the first three are the proxy's to take, and ``proxy`` stands in their place.
    """
    loop = asyncio.get_running_loop()
    way = Way(url, settings, stream, now)
    plan: list[tuple[str, Callable[[], Awaitable[str]]]] = [("auth", way.auth), ("first token", way.first_token)]
    if (proxy := way.proxy()) is not None:
        yield CheckStep("proxy", True, f"by way of {proxy}")
    else:
        plan[:0] = [("name", way.name), ("tcp", way.tcp), *([("tls", way.tls)] if way.secure else [])]
    for name, take in plan:
        begun = loop.time()
        try:
            seen = await take()
        except TimeoutError:
            late = f"nothing within {settings.connect_timeout:g} s"
            yield CheckStep(name, False, late, f"Check the network's way to {way.netloc}: firewall, proxy, DNS.")
            return
        except OSError as error:
            failed = unreachable(error, way.netloc, HOUSE)
            yield CheckStep(name, False, str(failed), failed.advice)
            return
        except ProviderError as error:
            yield CheckStep(name, False, str(error), error.advice)
            return
        yield CheckStep(name, True, f"{seen}, {(loop.time() - begun) * 1000:.0f} ms")
