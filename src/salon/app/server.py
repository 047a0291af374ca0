"""Salon from Python: agents in, a server out."""

from __future__ import annotations

import asyncio
import logging
import os
import pathlib
from collections.abc import Callable, Sequence
from typing import Literal, TypedDict, Unpack

from starlette.types import ASGIApp, Receive, Scope, Send

from salon.app import lifecycle, logs
from salon.app.agents import agents_of
from salon.app.build import House, build
from salon.app.config import Config
from salon.app.config_load import Loaded, Override, api_key, short_names
from salon.app.exposure import refuse_exposure
from salon.app.hints import did_you_mean
from salon.app.models import Models, read
from salon.app.program import AnyHandler, AnyStep, AnyWork, Program
from salon.app.workers.engine import work
from salon.app.workers.forking import Forker
from salon.base.errors import ConfigError
from salon.session.agent import Agent
from salon.session.rooms import Rooms
from salon.session.topic import Room

logger = logging.getLogger(__name__)


class Settings(TypedDict, total=False):
    """What ``Salon(…)`` takes by name. Each is described under the same name in docs/reference/configuration.md."""

    api_key: str
    host: str
    port: int
    udp_port: int
    workers: int
    public_ip: str
    public_url: str
    origins: Sequence[str]
    hosts: Sequence[str]
    proxies: Sequence[str]
    max_frame_bytes: int
    max_connections: int
    max_sessions: int
    grace_seconds: float
    drain_seconds: float
    token_secrets: Sequence[str]
    metrics_token: str
    limits_connections: int
    limits_connections_per_minute: int
    limits_messages_per_second: int
    limits_address_connections: int
    limits_address_connections_per_minute: int
    limits_address_messages_per_second: int
    llm: str | Sequence[str]
    llm_first_token_seconds: float
    llm_stall_seconds: float
    asr: str | Sequence[str]
    tts: str | Sequence[str]
    turn_model: str
    ice_stun: str | Sequence[str]
    ice_turn: str | Sequence[str]
    ice_turn_secret: str
    ice_turn_username: str
    ice_turn_credential: str
    ice_ttl_seconds: int
    peerjs_discovery: bool
    peerjs_max_peers: int
    peerjs_messages_per_second: int
    peerjs_grace_seconds: float
    peerjs_silence_seconds: float
    transit_max_pipes: int
    transit_max_pipes_per_client: int
    transit_max_mb: int
    transit_bytes_per_second: int
    transit_wait_seconds: float
    transit_idle_seconds: float
    rooms_path: str
    rooms_grace_seconds: float
    rooms_max_topics: int
    chat_agent_rooms: Sequence[str]
    rooms_demos: Sequence[str]
    rooms_bots: int
    support_visitors: bool
    support_visit_seconds: int
    media_announce: Sequence[str]
    media_tcp: bool
    media_load_limit: float
    live_max_broadcasts: int
    live_max_viewers: int
    live_grace_seconds: float
    live_recordings: str
    live_recording_max_mb: int
    live_record_all: bool
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["text", "json"]


class Salon:
    """A server with these agents.

    ``config`` is a configuration, the path of a ``salon.toml``, or None: then ``SALON_CONFIG`` or ``./salon.toml`` is read if
    there is one. Its agents follow ``agents``; without any there is one, ``assistant``. ``settings`` go before the file and
    the environment. Raises ``ConfigError``, with every mistake, one a line.
    """

    def __init__(
        self,
        agents: Sequence[Agent] = (),
        config: Config | Loaded | str | os.PathLike[str] | None = None,
        **settings: Unpack[Settings],
    ) -> None:
        if isinstance(config, Config | Loaded):
            if settings:
                raise ConfigError("a configuration that is already read takes no settings beside it")
            self._loaded = Loaded(config=config) if isinstance(config, Config) else config
        else:
            path = pathlib.Path(config) if config is not None else None
            self._loaded = read(path, overrides=list(_overrides(settings)))
        self.agents = agents_of(self._loaded, agents)
        self.models = Models(self._loaded)
        self._program = Program()
        self._house: House | None = None
        self._asgi = _Mounted(self._build)

    @property
    def config(self) -> Config:
        return self._loaded.config

    @property
    def asgi(self) -> ASGIApp:
        """The server as an ASGI application, to be mounted in another (``app.mount("/salon", salon.asgi)``) or run by any
        ASGI server. It starts with the application's lifespan, or, where that does not reach it, with the first request."""
        return self._asgi

    def run(self, ready: Callable[[list[str]], None] | None = None) -> int:
        """Serve until SIGINT or SIGTERM, then let running answers finish. Gives the exit code.

        ``ready`` is called with the addresses once connections are accepted. This sets up the process's logging. Raises
        ``ConfigError`` before anything starts, for instance when others could come in and there is no API key.
        """
        server, log = self.config.server, self.config.log
        refuse_exposure(self.config)
        logs.configure(log.level, log.format)
        forker = self._forker()
        try:
            house = self._build(forker)
            return lifecycle.run(
                house.app,
                host=server.host,
                port=server.port,
                hub=house.running,
                gate=house.gate,
                drain_seconds=server.drain_seconds,
                ready=ready or _log_ready,
                max_message_bytes=max(server.max_frame_bytes, lifecycle.MAX_MESSAGE),
                forwarded_allow_ips=",".join(server.proxies),
                framed=house.carrying.framed(),
            )
        finally:
            if forker is not None:
                forker.close()

    def room(self, name: str) -> Room:
        """A room, to publish to and to listen to while the server runs."""
        return Room(name, self._rooms_now)

    def state(
        self, name: str, *, tick: float = 30, patch: float = 20, durable: bool = False
    ) -> Callable[[AnyStep], AnyStep]:
        """Hold a state: ``@salon.state("arena", tick=30)`` over a function of a ``Tick``, called so often a second. ``name`` is a
        room, whose topic ``state`` it is, or a channel. Participants send it inputs; what the function changes goes out as
        ``patch`` patches a second. A ``durable`` one is there again after a restart."""
        return self._program.state(name, tick, patch, durable)

    def on(self, name: str, channel: str = "*") -> Callable[[AnyHandler], AnyHandler]:
        """``@salon.on("room.joined")`` over a function of a ``Happening``, plain or async. There are ``room.joined``,
        ``room.left`` and ``room.message``; ``channel`` is a pattern of rooms, or of channels for messages."""
        return self._program.on(name, channel)

    def task(self, work: AnyWork) -> AnyWork:
        """``@salon.task`` over an async function that runs beside the server, from its start to its end."""
        return self._program.task(work)

    def _rooms_now(self) -> Rooms:
        if self._house is None:
            raise RuntimeError("The server does not run yet: use rooms in a task, a hook or a request.")
        return self._house.rooms

    def _forker(self) -> Forker | None:
        """What makes the workers, if there are to be any: made before anything else is."""
        if self.config.server.workers == 1:
            return None
        return Forker(work(self.config, self.agents, self.models))

    def _build(self, forker: Forker | None = None) -> House:
        self._house = build(self.config, self.agents, self.models, self._program, forker)
        return self._house


def _log_ready(urls: list[str]) -> None:
    logger.info("Salon is ready: %s", urls[0])


def _overrides(settings: Settings) -> list[Override]:
    names, found = short_names(), []
    for name, value in settings.items():
        label = f"Salon({name}=…)"
        if name == "api_key":
            found.append(api_key(str(value), label))
        elif name in names:
            plain = value if isinstance(value, str | int | float) else list(value)  # type: ignore[call-overload]
            found.append(Override(names[name], plain, label))
        else:
            raise ConfigError(f'Salon() has no setting "{name}"{did_you_mean(name, [*names, "api_key"])}')
    return found


class _Mounted:
    """Starts the house when it is first needed, in each event loop that needs it."""

    def __init__(self, make: Callable[[], House]) -> None:
        self._make = make
        self._house: House | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started: asyncio.Future[None] | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        loop = asyncio.get_running_loop()
        if self._house is None or self._loop is not loop:
            self._house, self._loop, self._started = self._make(), loop, None
            if scope["type"] != "lifespan":
                self._start(self._house, loop)
        if self._started is not None:
            # Whoever else waits for it must not lose it when this request is given up.
            await asyncio.shield(self._started)
        await self._house.app(scope, receive, send)

    def _start(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        """Start without a lifespan: applications do not hand theirs on to what is mounted in them."""
        self._started = loop.create_future()
        # The house outlives the request that woke it, and there is no task group above it to live in. What ends it is what
        # ends the event loop: asyncio.run() cancels all tasks and waits for them.
        self._keeper = asyncio.Task(_keep(house, self._started), loop=loop)


async def _keep(house: House, started: asyncio.Future[None]) -> None:
    async with house.app.router.lifespan_context(house.app):
        started.set_result(None)
        await asyncio.Event().wait()
