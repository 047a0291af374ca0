"""The composition root: the one file that knows every room. It makes the parts and joins them; it decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette

import salon
from salon.app import demos, lifecycle
from salon.app.carrying import Around, Carrying, by_workers, embedded
from salon.app.clock import SystemClock
from salon.app.config import ApiKey, Config
from salon.app.config_rooms import DEMOS, Demo
from salon.app.hub import hub_of, new_id
from salon.app.ice import ice_servers
from salon.app.models import Models
from salon.app.observe import Metrics
from salon.app.page import PageFacts
from salon.app.program import Program
from salon.app.transit import TransitMetrics, transit_door
from salon.app.webhooks import Webhook
from salon.app.workers.forking import Forker
from salon.base.errors import ConfigError
from salon.brokers.memory import MemoryBroker
from salon.brokers.sqlite import SqliteBroker
from salon.ports.llm import Llm
from salon.room import chat
from salon.room.policy import RateLimits, Rules
from salon.room.signaling import Terms
from salon.serve import admin, gate, http, ice, room_agents, spark, ui
from salon.serve import rooms as rooms_admin
from salon.serve.centrifuge.api import Api
from salon.serve.centrifuge.connection import Parts
from salon.serve.centrifuge.door import CentrifugeDoor
from salon.serve.centrifuge.stream import SseDoor
from salon.serve.limits import Limits
from salon.serve.peerjs import PeerJsDoor
from salon.serve.realtime import RealtimeDoor
from salon.serve.support import SupportDoor
from salon.serve.under_way import UnderWay
from salon.session.agent import Agent
from salon.session.hub import Hub
from salon.session.room_agents import RoomAgents
from salon.session.rooms import Rooms
from salon.session.service_desk import RULES as DESK_RULES
from salon.session.service_desk import ServiceDesk


@dataclass(frozen=True, kw_only=True)
class House:
    """Everything that runs, joined. ``app`` starts and stops it by its lifespan; ``running`` is drained before."""

    app: Starlette
    running: lifecycle.Hub
    hub: Hub
    rooms: Rooms
    gate: gate.Gate
    metrics: Metrics
    carrying: Carrying


def build(
    config: Config,
    agents: Sequence[Agent],
    models: Models,
    program: Program | None = None,
    forker: Forker | None = None,
) -> House:
    """Make the house; ``forker`` makes its workers, where it has any. Raises ``ConfigError`` for what cannot work: a model that
    is not known, a secret that is too short."""
    if config.server.workers > 1 and forker is None:
        raise ConfigError(
            "Workers need a server of Salon's own: `salon serve`, or run(). Leave workers at 1 in another's."
        )
    clock, metrics = SystemClock(), Metrics()
    hub, warm = hub_of(config, agents, models, clock, metrics)
    door = _gate(config, clock, metrics)
    relays = ice_servers(config, clock)
    transit = transit_door(config, door, clock, metrics)
    metrics.registry.register(TransitMetrics(transit))
    rooms = _rooms(config, clock)
    peers = _peers(config, door, clock, metrics, rooms)
    chatting = RoomAgents(rooms, agents, hub.part, patterns=config.chat.agent_rooms, clock=clock, observer=metrics)
    service_desk = ServiceDesk(rooms, chatting, clock)
    support = SupportDoor(door, clock, new_id, visitors=config.support.visitors, seconds=config.support.visit_seconds)
    questions = _spark_door(config, hub, models, door, clock, metrics)
    around = Around(config=config, clock=clock, gate=door, hub=hub, relays=relays, metrics=metrics)
    carrying = by_workers(around, forker, agents) if forker is not None else embedded(around)
    joined = program.join(rooms) if program is not None else []
    joined += [each.run for each in _webhooks(config, rooms)]
    joined.append(warm)
    parts = Parts(rooms, door, clock, metrics, new_id, salon.__version__)
    joined += demos.join(rooms, _demos(config, door, program), bots=config.rooms.bots)
    routes = [
        *ui.routes(door, PageFacts(config, hub, models)),
        *RealtimeDoor(
            hub, door, metrics, new_id, max_frame=config.server.max_frame_bytes, calls=carrying.calls
        ).routes(),
        *carrying.routes,
        *spark.routes(questions),
        *peers.routes(),
        *transit.routes(),
        *CentrifugeDoor(parts).routes(),
        *SseDoor(parts).routes(),
        *Api(parts).routes(),
        *rooms_admin.routes(door, rooms),
        *ice.routes(door, relays),
        *admin.routes(door, clock),
        *room_agents.routes(door, chatting),
        *support.routes(),
    ]
    running = _Running(hub, models, rooms, carrying, questions.under_way)
    app = http.app(
        routes,
        gate=door,
        metrics=carrying.metrics,
        metrics_token=config.auth.metrics_token,
        missing=carrying.missing,
        signed=spark.signed(questions),
        lifespan=lifecycle.lifespan(
            running, metrics.watch, peers.run, transit.run, rooms.run, chatting.run, service_desk.run, *joined
        ),
    )
    return House(app=app, running=running, hub=hub, rooms=rooms, carrying=carrying, gate=door, metrics=metrics)


def _gate(config: Config, clock: SystemClock, metrics: Metrics) -> gate.Gate:
    server, limits = config.server, _limits(config)
    public = urlsplit(server.public_url)
    return gate.Gate(
        keys=[
            gate.ApiKey(key.name, key.key, limits=_own_limits(key, limits), admin=key.admin)
            for key in config.auth.api_keys
        ],
        token_secrets=[secret.encode() for secret in config.auth.token_secrets],
        # A proxy may not hand the Host header on: then the page's own origin has to be known by name.
        origins=[*server.origins, *([f"{public.scheme}://{public.netloc}"] if public.netloc else [])],
        hosts=[*server.hosts, *([public.hostname] if public.hostname else [])],
        limits=limits,
        clock=clock,
        observer=metrics,
        max_connections=server.max_connections,
    )


def _limits(config: Config) -> Limits:
    limits = config.limits
    return Limits(**{name: getattr(limits, name) for name in limits.__struct_fields__})


def _own_limits(key: ApiKey, limits: Limits) -> Limits:
    own = {name: getattr(key.limits, name) for name in key.limits.__struct_fields__}
    return msgspec.structs.replace(limits, **{name: value for name, value in own.items() if value is not None})


def _peers(config: Config, door: gate.Gate, clock: SystemClock, metrics: Metrics, rooms: Rooms) -> PeerJsDoor:
    told = config.peerjs
    terms = Terms(
        max_peers=told.max_peers,
        grace_ms=round(told.grace_seconds * 1000),
        silence_ms=round(told.silence_seconds * 1000),
    )
    peers = PeerJsDoor(
        door,
        clock,
        metrics,
        new_id,
        discovery=told.discovery,
        messages_per_second=told.messages_per_second,
        terms=terms,
        check_name=rooms.check_name,
    )
    rooms.kicked.append(peers.kick)
    return peers


def _spark_door(
    config: Config, hub: Hub, models: Models, door: gate.Gate, clock: SystemClock, metrics: Metrics
) -> spark.SparkDoor:
    credentials = {
        each.api_key: spark.SparkCredential(
            each.app_id, each.api_key, each.api_secret, each.name or each.app_id, each.max_concurrent, each.per_second
        )
        for each in config.spark_door.credentials
    }
    named = {agent.name for agent in hub.agents}

    def llm_for(path: str, domain: str) -> Llm:
        name = config.spark_door.domains.get(domain)
        return hub.part(name).llm if name is None or name in named else models.llm(name)

    return spark.SparkDoor(
        llm_for=llm_for,
        clock=clock,
        credentials=credentials,
        observer=metrics,
        open=door.open and not credentials,
        draining=lambda: door.draining,
        hold=lambda scope: door.hold(door.stranger, gate.address_of(scope), spark.DOOR),
    )


def _rooms(config: Config, clock: SystemClock) -> Rooms:
    told = config.rooms
    broker = SqliteBroker(told.path, clock=clock, new_id=new_id, lazy=True) if told.path else None
    return Rooms(
        broker or MemoryBroker(clock=clock, new_id=new_id),
        Rules([*(topic.rule() for topic in told.topics), *DESK_RULES, *chat.RULES]),
        clock=clock,
        new_id=new_id,
        rates=RateLimits(told.command_rates()),
        grace_ms=round(told.grace_seconds * 1000),
        most_topics=told.max_topics,
    )


def _webhooks(config: Config, rooms: Rooms) -> list[Webhook]:
    made = []
    for told in config.rooms.webhooks:
        webhook = Webhook(told.url, told.secret, clock=rooms.clock, new_id=new_id)
        for event in told.events:
            rooms.hooks.on(event, webhook.take, told.channels)
        made.append(webhook)
    return made


def _demos(config: Config, door: gate.Gate, program: Program | None) -> tuple[Demo, ...]:
    """Without a word about it: for a newcomer, and not for a server that has a program of its own in its rooms."""
    if config.rooms.demos is not None:
        return config.rooms.demos
    return DEMOS if door.open and (program is None or program.empty) else ()


class _Running:
    """The rooms, the media, all that answers (the hub's sessions and Spark's questions), and the models' connections, which end
    after the last."""

    def __init__(self, hub: Hub, models: Models, rooms: Rooms, carrying: Carrying, questions: UnderWay) -> None:
        self._hub = hub
        self._models = models
        self._rooms = rooms
        self._carrying = carrying
        self._questions = questions
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Hub:
        # What fails to start leaves nothing behind that had started before it.
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._rooms)
            stack.push_async_callback(self._models.aclose)
            await stack.enter_async_context(self._carrying.running)
            await stack.enter_async_context(self._hub)
            self._stack = stack.pop_all()
        return self._hub

    async def __aexit__(self, *exc_info: Any) -> None:
        await self._stack.__aexit__(*exc_info)

    async def drain(self, seconds: float) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carrying.drain(seconds))
            await self._rooms.drain()
            group.create_task(self._hub.drain(seconds))
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._questions.over()
