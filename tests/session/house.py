"""A whole server on a real port, in the loop of the test: the hub, the gate with one API key, the Realtime door."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

from salon.app import listen
from salon.app.clock import SystemClock
from salon.app.lifecycle import MAX_MESSAGE, Server, lifespan
from salon.base.errors import ConfigError
from salon.base.ids import from_random_bytes
from salon.ports.llm import Llm
from salon.ports.observer import Observer
from salon.serve import http
from salon.serve.gate import ApiKey, Gate
from salon.serve.limits import Limits
from salon.serve.realtime import RealtimeDoor
from salon.session.agent import Agent
from salon.session.hub import Hub

KEY = "sk-the-key-of-the-tests"
OTHER_KEY = "sk-the-key-of-somebody-else"


def new_id(prefix: str) -> str:
    return from_random_bytes(prefix, secrets.token_bytes(21))


class Tally(Observer):
    """What is open now, what was ever seen, and events to wait for."""

    def __init__(self) -> None:
        self.connections = 0
        self.streams = 0
        self.ends: Counter[str] = Counter()
        self.closes: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.deepest = 0
        self._waiting: list[asyncio.Event] = []

    def connected(self, door: str) -> None:
        self.connections += 1
        self._tell()

    def disconnected(self, door: str, code: int) -> None:
        self.connections -= 1
        self.closes[code] += 1
        self._tell()

    def refused(self, door: str, code: str) -> None:
        self.refusals[code] += 1

    def stream_started(self, model: str) -> None:
        self.streams += 1
        self._tell()

    def stream_ended(self, model: str, outcome: str) -> None:
        self.streams -= 1
        self.ends[outcome] += 1
        self._tell()

    def client_error(self, door: str, code: str) -> None:
        self.errors[code] += 1

    def queued(self, door: str, depth: int) -> None:
        self.deepest = max(self.deepest, depth)

    async def wait(self, *, connections: int | None = None, streams: int | None = None, within: float = 20) -> None:
        """Return when that many are open."""
        async with asyncio.timeout(within):
            while (connections is not None and self.connections != connections) or (
                streams is not None and self.streams != streams
            ):
                changed = asyncio.Event()
                self._waiting.append(changed)
                await changed.wait()

    def _tell(self) -> None:
        for changed in self._waiting:
            changed.set()
        self._waiting.clear()


class House:
    def __init__(self, server: Server, hub: Hub, gate: Gate, tally: Tally, port: int, tls: bool) -> None:
        self.server = server
        self.hub = hub
        self.gate = gate
        self.tally = tally
        self.port = port
        self.http = f"http{'s' * tls}://127.0.0.1:{port}"
        self.ws = f"ws{'s' * tls}://127.0.0.1:{port}"

    def url(self, model: str = "host", **query: str) -> str:
        return f"{self.ws}/v1/realtime?{urlencode({'model': model, **query})}"


class _NoModels:
    """Agents of the tests bring their models."""

    def llm(self, names: str | Sequence[str]) -> Llm:
        raise ConfigError(f"There is no model {names!r} here.")


@asynccontextmanager
async def open_house(
    *agents: Agent,
    limits: Limits | None = None,
    grace_ms: int = 60_000,
    certificate: Path | None = None,
    max_message_bytes: int = MAX_MESSAGE,
    user_timeout_ms: int = listen.USER_TIMEOUT_MS,
) -> AsyncIterator[House]:
    """``certificate`` is a PEM file of key and chain; with it the house speaks TLS."""
    clock, tally = SystemClock(), Tally()
    hub = Hub(agents, _NoModels(), default_llm="", clock=clock, observer=tally, new_id=new_id, grace_ms=grace_ms)
    gate = Gate(
        keys=[ApiKey("tests", KEY, admin=True), ApiKey("other", OTHER_KEY)],
        limits=limits or Limits(),
        clock=clock,
        observer=tally,
    )
    app = http.app(RealtimeDoor(hub, gate, tally, new_id).routes(), gate=gate, lifespan=lifespan(hub))
    server = Server(app, max_message_bytes=max_message_bytes)
    if certificate is not None:
        server.config.ssl_certfile = str(certificate)
    listening = asyncio.Event()
    server.listening = listening.set
    sockets = listen.bind("127.0.0.1", 0, user_timeout_ms=user_timeout_ms)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets))
        await listening.wait()
        try:
            yield House(server, hub, gate, tally, sockets[0].getsockname()[1], certificate is not None)
        finally:
            server.stop()
            await serving
