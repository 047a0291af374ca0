"""``salon check`` for a house that speaks Chat Completions: the way to the model, step by step."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol
from urllib.parse import urlsplit

from salon.base.chat import Delta, Finished, Message, Options, Text, ToolSpec
from salon.base.errors import BadRequest, ProviderError
from salon.ports.llm import CheckStep
from salon.providers.openai.connection import Access
from salon.providers.openai.profiles import Profile

_HELLO = (Message(role="user", content=(Text("Say hello."),)),)
# Room for a model that thinks in spite of being told not to.
_SHORT = Options(max_output_tokens=64)
MOST_NAMED = 8


class Checked(Protocol):
    """What a check needs of a model."""

    async def listed(self) -> list[str] | None: ...
    async def served_model(self) -> str: ...
    def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]: ...


class Way:
    """Each method takes one step, says what was seen, and raises what went wrong."""

    def __init__(self, llm: Checked, profile: Profile, access: Access) -> None:
        parts = urlsplit(access.base_url)
        self.secure = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.secure else 80)
        self._llm = llm
        self._profile = profile
        self._listed: list[str] | None = None

    async def dns(self) -> str:
        found = await asyncio.get_running_loop().getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        return f"{self.host} is {found[0][4][0]}"

    async def tcp(self) -> str:
        _, writer = await asyncio.open_connection(self.host, self.port)
        writer.transport.abort()
        return f"port {self.port} is open"

    async def tls(self) -> str:
        _, writer = await asyncio.open_connection(self.host, self.port, ssl=True, server_hostname=self.host)
        version = writer.get_extra_info("ssl_object").version()
        writer.transport.abort()
        return f"{version}, the certificate is trusted"

    async def auth(self) -> str:
        self._listed = await self._llm.listed()
        return "no list of models; the next step will tell" if self._listed is None else "accepted"

    async def model(self) -> str:
        name = await self._llm.served_model()
        if self._profile.lists_all and self._listed is not None:
            # Ollama's names may leave out the tag.
            if name not in self._listed and f"{name}:latest" not in self._listed:
                has = ", ".join(self._listed[:MOST_NAMED]) or "none"
                raise BadRequest(
                    f"{self._profile.name} does not have {name}; it has: {has}",
                    house=self._profile.name,
                    advice=self._profile.fetch.format(model=name),
                )
            return f"{name} is there"
        return name

    async def first_token(self) -> str:
        async with aclosing(self._llm.stream(_HELLO, (), _SHORT)) as deltas:
            delta = await anext(deltas)
        return "an empty answer" if isinstance(delta, Finished) else "it answers"


async def steps(llm: Checked, profile: Profile, access: Access, proxy: str | None) -> AsyncGenerator[CheckStep, None]:
    """``dns``, ``tcp``, ``tls`` for https, ``auth``, ``model`` and ``first token``; the first that fails is the last.

    Behind a proxy the first three are the proxy's to take, and ``proxy`` stands in their place.
    """
    loop = asyncio.get_running_loop()
    way = Way(llm, profile, access)
    plan: list[tuple[str, Callable[[], Awaitable[str]], float]] = [
        ("auth", way.auth, access.connect + access.first_token),
        ("model", way.model, access.connect + access.first_token),
        ("first token", way.first_token, access.connect + access.first_token),
    ]
    if proxy is not None:
        yield CheckStep("proxy", True, f"by way of {urlsplit(proxy).netloc.rpartition('@')[2]}")
    else:
        near = [("dns", way.dns), ("tcp", way.tcp), *([("tls", way.tls)] if way.secure else [])]
        plan[:0] = [(name, take, access.connect) for name, take in near]
    for name, take, limit in plan:
        begun = loop.time()
        try:
            async with asyncio.timeout(limit):
                seen = await take()
        except TimeoutError:
            yield CheckStep(name, False, f"nothing within {limit:g} s", profile.start)
            return
        except OSError as error:
            yield CheckStep(name, False, _why(error), profile.start)
            return
        except ProviderError as error:
            yield CheckStep(name, False, error.message, error.advice)
            return
        yield CheckStep(name, True, f"{seen}, {(loop.time() - begun) * 1000:.0f} ms")


def _why(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "the name cannot be resolved"
    return getattr(error, "verify_message", "") or error.strerror or type(error).__name__
