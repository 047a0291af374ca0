"""What carries audio and video, seen from the rest of the house: an engine in this process, or workers with one each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from starlette.routing import BaseRoute

from salon.app.config import Config
from salon.app.first_bytes import Take
from salon.app.hub import new_id
from salon.app.media import MediaHouse, MediaMetrics, folder_of, settings_of
from salon.app.observe import Metrics
from salon.app.workers.crew import Crew
from salon.app.workers.forking import Forker
from salon.app.workers.metrics import CrewMetrics, merged
from salon.app.workers.tools import calling
from salon.ports.clock import Clock
from salon.serve.calls import Calls
from salon.serve.gate import Caller, Gate
from salon.serve.ice import IceServers
from salon.serve.live import LiveDoor
from salon.serve.live_list import LiveListDoor
from salon.serve.realtime import Joinable
from salon.serve.recordings import RecordingsDoor
from salon.serve.whip import WhipDoor
from salon.serve.workers.doors import CallsToWorkers, LiveToWorkers, WhipToWorkers
from salon.serve.workers.fleet import Fleet
from salon.session.agent import Agent
from salon.session.hub import Hub
from salon.transport.tunnel import Lost

METRICS_SECONDS = 2.0
"""How long a worker may take to count: who asks for metrics gives up after ten."""


@dataclass(frozen=True, kw_only=True)
class Carrying:
    """``running`` is entered and left with the house, and drained before by ``drain``. ``missing`` says what it lacks to be
    ready; ``framed``, called before it runs, who takes the frames of ICE-TCP on HTTP's port."""

    running: AbstractAsyncContextManager[Any]
    drain: Callable[[float], Coroutine[Any, Any, None]]
    routes: Sequence[BaseRoute]
    calls: Joinable
    metrics: Callable[[], Awaitable[tuple[bytes, str]]]
    missing: Callable[[], str] = lambda: ""
    framed: Callable[[], Take] = lambda: lambda: None


@dataclass(frozen=True, kw_only=True)
class Around:
    """What both have to do with."""

    config: Config
    clock: Clock
    gate: Gate
    hub: Hub
    relays: IceServers
    metrics: Metrics


def embedded(around: Around) -> Carrying:
    config, clock, gate, metrics = around.config, around.clock, around.gate, around.metrics
    media = MediaHouse(config, clock, new_id)
    metrics.registry.register(MediaMetrics(media))
    calls = Calls(around.hub, gate, media.engine, metrics, new_id)

    async def drain(seconds: float) -> None:
        media.live.drain()

    return Carrying(
        running=media,
        drain=drain,
        routes=[
            *calls.routes(),
            *WhipDoor(media.live, gate, around.relays, clock, metrics).routes(),
            *LiveListDoor(media.live, gate).routes(),
            *LiveDoor(media.live, gate).routes(),
            *RecordingsDoor(media.folder, media.live, gate).routes(),
        ],
        calls=calls,
        metrics=metrics.rendered,
        framed=media.share_tcp,
    )


def by_workers(around: Around, forker: Forker, agents: Sequence[Agent]) -> Carrying:
    config, clock, gate, metrics = around.config, around.clock, around.gate, around.metrics
    folder = folder_of(config)
    settings_of(config, config.server.workers)  # a port that cannot be is a sentence now
    fleet = Fleet(clock, calling(agents), records=folder is not None)
    crew = Crew(forker, config.server.workers, fleet, clock)
    metrics.registry.register(CrewMetrics(crew))
    calls = CallsToWorkers(fleet, gate, around.hub.admit)
    around.hub.elsewhere = calls.__len__
    whip = WhipToWorkers(fleet, gate, around.relays, most=config.live.max_broadcasts)
    operator = Caller("parent", "open", gate.limits, admin=True)

    async def rendered() -> tuple[bytes, str]:
        own, kind = metrics.render()
        numbers = sorted(crew.pids)
        texts = await asyncio.gather(*(_metrics_of(fleet, number, operator) for number in numbers))
        told = {"0": own.decode()} | {str(number): text for number, text in zip(numbers, texts, strict=True)}
        return merged(told).encode(), kind

    return Carrying(
        running=crew,
        drain=crew.drain,
        routes=[
            *calls.routes(),
            *whip.routes(),
            *LiveListDoor(fleet, gate).routes(),
            *LiveToWorkers(fleet, gate).routes(),
            *RecordingsDoor(folder, fleet, gate).routes(),
        ],
        calls=calls,
        metrics=rendered,
        missing=lambda: crew.missing,
    )


async def _metrics_of(fleet: Fleet, worker: int, operator: Caller) -> str:
    """Empty where it cannot say."""
    scope = {"type": "http", "method": "GET", "path": "/metrics", "query_string": b"", "root_path": "", "headers": []}
    try:
        return (await fleet.ask(worker, scope, operator, within=METRICS_SECONDS)).body.decode()
    except Lost:
        return ""
