"""A whole Salon on a real port, in the loop of the test: all that ``salon serve`` runs, with keys and agents of the test's."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlencode

from salon.app import build, listen
from salon.app.config import ApiKey, Auth, Config, Limits, Server
from salon.app.config_load import Loaded
from salon.app.config_media import Media
from salon.app.config_rooms import Rooms
from salon.app.lifecycle import Server as HttpServer
from salon.app.models import Models
from salon.app.observe import Metrics
from salon.serve.gate import Gate
from salon.session.agent import Agent
from salon.session.hub import Hub

KEY = "sk-the-key-of-the-tests"
OTHER_KEY = "sk-the-key-of-somebody-else"


class Tally(Metrics):
    """The product's own metrics, and beside them what is open now, what was ever seen, and events to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.connections = 0
        self.streams = 0
        self.ends: Counter[str] = Counter()
        self.closes: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.deepest = 0
        self._waiting: list[asyncio.Event] = []

    def connected(self, door: str) -> None:
        super().connected(door)
        self.connections += 1
        self._tell()

    def disconnected(self, door: str, code: int) -> None:
        super().disconnected(door, code)
        self.connections -= 1
        self.closes[code] += 1
        self._tell()

    def refused(self, door: str, code: str) -> None:
        super().refused(door, code)
        self.refusals[code] += 1

    def stream_started(self, model: str) -> None:
        super().stream_started(model)
        self.streams += 1
        self._tell()

    def stream_ended(self, model: str, outcome: str) -> None:
        super().stream_ended(model, outcome)
        self.streams -= 1
        self.ends[outcome] += 1
        self._tell()

    def client_error(self, door: str, code: str) -> None:
        super().client_error(door, code)
        self.errors[code] += 1

    def queued(self, door: str, depth: int) -> None:
        super().queued(door, depth)
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
    def __init__(self, server: HttpServer, hub: Hub, gate: Gate, tally: Tally, port: int, tls: bool) -> None:
        self.server = server
        self.hub = hub
        self.gate = gate
        self.tally = tally
        self.port = port
        self.http = f"http{'s' * tls}://127.0.0.1:{port}"
        self.ws = f"ws{'s' * tls}://127.0.0.1:{port}"

    def url(self, model: str = "host", **query: str) -> str:
        return f"{self.ws}/v1/realtime?{urlencode({'model': model, **query})}"


@asynccontextmanager
async def open_house(
    *agents: Agent,
    limits: Limits | None = None,
    grace_seconds: float = 60.0,
    token_secrets: tuple[str, ...] = (),
    certificate: Path | None = None,
    user_timeout_ms: int = listen.USER_TIMEOUT_MS,
) -> AsyncIterator[House]:
    """``certificate`` is a PEM file of key and chain; with it the house speaks TLS."""
    keys = (ApiKey(name="tests", key=KEY, admin=True), ApiKey(name="other", key=OTHER_KEY))
    config = Config(
        server=Server(grace_seconds=grace_seconds),
        auth=Auth(api_keys=keys, token_secrets=token_secrets),
        limits=limits or Limits(),
        rooms=Rooms(path=""),
        media=Media(load_limit=1e9),  # it refuses nobody, however slow this machine is
    )
    tally = Tally()
    with patch.object(build, "Metrics", lambda: tally):
        built = build.build(config, agents, Models(Loaded(config=config), environ={}))
    server = HttpServer(built.app)
    if certificate is not None:
        server.config.ssl_certfile = str(certificate)
    listening = asyncio.Event()
    server.listening = listening.set
    sockets = listen.bind("127.0.0.1", 0, user_timeout_ms=user_timeout_ms)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets))
        await listening.wait()
        try:
            yield House(server, built.hub, built.gate, tally, sockets[0].getsockname()[1], certificate is not None)
        finally:
            server.stop()
            await serving
