"""A bad network between a client and an engine: a UDP relay that drops, delays, reorders, duplicates, cuts, and moves.

::

    client  <──>  Relay.port  ...  a socket of its own for each client address  <──>  engine

To the engine the client is at the relay's outer socket: ``move`` gives it a new one, as a walk from Wi-Fi to the phone's does.
"""

from __future__ import annotations

import asyncio
import re
from random import Random
from types import TracebackType
from typing import Any, Self

Address = tuple[str, int]


class _Inner(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def datagram_received(self, data: bytes, address: Address) -> None:
        self._relay.from_client(data, address)


class _Outer(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay, client: Address) -> None:
        self._relay = relay
        self._client = client

    def datagram_received(self, data: bytes, _: Address) -> None:
        self._relay.from_engine(data, self._client)


class Relay:
    """``loss`` and ``doubled`` are shares; a packet is under way for ``delay`` plus up to ``jitter`` ms, so that jitter reorders.
    ``rate`` in bit/s bounds what goes to the client, with a queue of 200 ms. The figures may be changed at any time."""

    def __init__(self, engine_port: int, *, seed: int = 1) -> None:
        self.loss = 0.0
        self.doubled = 0.0
        self.delay = 0
        self.jitter = 0
        self.rate = 0
        self.cut = False
        self.dropped = 0
        self.passed = 0
        self.clients: set[Address] = set()
        self._engine = ("127.0.0.1", engine_port)
        self._random = Random(seed)
        self._inner: Any = None
        self._outer: dict[Address, Any] = {}
        self._opening: set[Address] = set()
        self._free_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._moves = 0

    async def __aenter__(self) -> Self:
        self._inner, _ = await self._loop.create_datagram_endpoint(lambda: _Inner(self), ("127.0.0.1", 0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inner.close()
        for transport in self._outer.values():
            transport.close()
        self._inner = None
        await asyncio.sleep(0)

    @property
    def port(self) -> int:
        return int(self._inner.get_extra_info("sockname")[1])

    def rewrite(self, answer: str) -> str:
        """The answer with the relay in place of the engine, and UDP alone."""
        lines = [line for line in answer.split("\r\n") if not re.match(r"a=candidate:\d+ 1 tcp", line)]
        text = "\r\n".join(lines)
        return re.sub(r"(a=candidate:\d+ 1 udp \d+ )\S+ \d+", rf"\g<1>127.0.0.1 {self.port}", text)

    def move(self) -> None:
        """From now on the client has another address."""
        for transport in self._outer.values():
            transport.close()
        self._outer.clear()
        self._moves += 1

    def from_client(self, data: bytes, client: Address) -> None:
        self.clients.add(client)
        transport = self._outer.get(client)
        if transport is None:
            if client not in self._opening:
                self._opening.add(client)
                self._tasks(client)
            return
        self._pass(lambda: self._to_engine(client, data), len(data), limited=False)

    def from_engine(self, data: bytes, client: Address) -> None:
        self._pass(lambda: self._to_client(data, client), len(data), limited=True)

    def _to_engine(self, client: Address, data: bytes) -> None:
        transport = self._outer.get(client)
        if transport is not None and not transport.is_closing():
            transport.sendto(data, self._engine)

    def _to_client(self, data: bytes, client: Address) -> None:
        if self._inner is not None:
            self._inner.sendto(data, client)

    def _tasks(self, client: Address) -> None:
        # A socket of its own: made without waiting, the packet that asked for it is lost, as it may be.
        opening = self._loop.create_datagram_endpoint(lambda: _Outer(self, client), ("127.0.0.1", 0))

        async def opened() -> None:
            transport, _ = await opening
            self._opening.discard(client)
            if self._inner is None:
                transport.close()
            else:
                self._outer[client] = transport

        self._loop.create_task(opened())

    def _pass(self, deliver: Any, size: int, *, limited: bool) -> None:
        random = self._random
        if self.cut or random.random() < self.loss:
            self.dropped += 1
            return
        wait = (self.delay + random.random() * self.jitter) / 1000
        if limited and self.rate:
            now = self._loop.time()
            start = max(now, self._free_at)
            if start - now > 0.2:
                self.dropped += 1
                return
            self._free_at = start + size * 8 / self.rate
            wait += self._free_at - now
        self.passed += 1
        for _ in range(2 if random.random() < self.doubled else 1):
            if wait:
                self._loop.call_later(wait, deliver)
            else:
                deliver()
