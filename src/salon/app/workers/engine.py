"""A worker: one media engine with its calls and broadcasts, answering what its parent passes on."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

import uvicorn

from salon.app import lifecycle
from salon.app.clock import SystemClock
from salon.app.config import Config
from salon.app.hub import hub_of, new_id
from salon.app.ice import ice_servers
from salon.app.media import MediaHouse, MediaMetrics
from salon.app.models import Models
from salon.app.observe import Metrics
from salon.app.workers.tools import Asking, elsewhere
from salon.base import ids
from salon.base.errors import ConfigError
from salon.media.memory import settle
from salon.serve import http
from salon.serve.calls import Calls
from salon.serve.live import LiveDoor
from salon.serve.realtime import RealtimeDoor
from salon.serve.whip import WhipDoor
from salon.serve.workers.gate import TrustingGate
from salon.serve.workers.telling import Telling
from salon.session.agent import Agent
from salon.transport.line import Line
from salon.transport.tunnel import Answering
from salon.wire.workers import (
    Drain,
    Drained,
    Failed,
    Frame,
    Open,
    Over,
    Owes,
    Ran,
    Ready,
    Report,
    Said,
    Taken,
)

REPORT_SECONDS: Final = 0.5
LOOK_EVERY: Final = 4
"""Reports between two looks at what changes by itself: the bit rates of broadcasts."""

logger = logging.getLogger(__name__)


class Engine:
    """``number`` is from 1. Use it in a running loop: ``await engine.run(socket)``."""

    def __init__(self, number: int, config: Config, agents: Sequence[Agent], models: Models) -> None:
        clock, metrics = SystemClock(), Metrics()
        self._clock = clock
        self._models = models
        self._metrics = metrics
        self._asking = Asking(self._tell)
        self._gate = TrustingGate(clock=clock, observer=metrics, tell=self._tell)
        self.hub, self._warm = hub_of(config, elsewhere(agents, self._asking.ask), models, clock, metrics)
        named = ids.of_worker(number, new_id)
        self.media = MediaHouse(config, clock, named, worker=number)
        metrics.registry.register(MediaMetrics(self.media))
        self._calls = calls = Calls(self.hub, self._gate, self.media.engine, metrics, named)
        frame = config.server.max_frame_bytes
        self._app = http.app(
            [
                *RealtimeDoor(self.hub, self._gate, metrics, new_id, max_frame=frame, calls=calls).routes(),
                *calls.routes(),
                *WhipDoor(self.media.live, self._gate, ice_servers(config, clock), clock, metrics).routes(),
                *LiveDoor(self.media.live, self._gate).routes(),
            ],
            gate=self._gate,
            metrics=metrics.rendered,
        )
        self._line: Line | None = None
        self._group: asyncio.TaskGroup
        self._draining: list[asyncio.Task[None]] = []
        self._answering: Answering
        self._telling: Telling

    async def run(self, end: socket.socket) -> None:
        """Until the parent is gone, or closes the socket."""
        self._line = line = await Line.open(end, self._take)
        try:
            async with AsyncExitStack() as stack:
                stack.push_async_callback(self._models.aclose)
                await stack.enter_async_context(self.media)
                await stack.enter_async_context(self.hub)
                async with asyncio.TaskGroup() as group:
                    self._group = group
                    self._telling = Telling(self.media.live, line.send)
                    self._answering = Answering(line, self._app, group, self._telling.changes)
                    line.send(Ready(os.getpid(), self.media.engine.udp.port, self.media.live.records))
                    works = (self._metrics.watch, self._report, self._warm)
                    running = [group.create_task(each()) for each in works]
                    await line.over.wait()
                    self._answering.lose()
                    for task in (*running, *self._draining):
                        task.cancel()
        except ConfigError as error:
            line.send(Failed(error.message))
        finally:
            line.close()

    def _tell(self, frame: Frame) -> None:
        if self._line is not None:
            self._line.send(frame)

    def _take(self, frame: Frame) -> None:
        match frame:
            case Open() | Said() | Taken() | Over():
                self._answering.take(frame)
            case Owes(hold, milliseconds):
                self._gate.owes(hold, milliseconds)
            case Ran():
                self._asking.take(frame)
            case Drain(seconds):
                self._draining.append(self._group.create_task(self._drain(seconds)))

    async def _drain(self, seconds: float) -> None:
        self.media.live.drain()
        await self.hub.drain(seconds)
        self._tell(Drained())

    async def _report(self) -> None:
        capacity, reports = self.media.engine.capacity, 0
        before, at = _cpu_seconds(), self._clock.now()
        while True:
            cpu, now = _cpu_seconds(), self._clock.now()
            share = (cpu - before) * 1000 / (now - at) if now > at else 0.0
            before, at = cpu, now
            sessions = len(self.media.live) + len(self._calls)
            self._tell(Report(capacity.load, share, sessions, self._gate.counted()))
            reports += 1
            if not reports % LOOK_EVERY:
                self._telling.look()
            await asyncio.sleep(REPORT_SECONDS)


def work(config: Config, agents: Sequence[Agent], models: Models) -> Callable[[int, socket.socket], int]:
    """What ``salon.app.workers.forking`` runs in each worker."""

    def run(number: int, end: socket.socket) -> int:
        for handler in logging.getLogger().handlers:
            handler.addFilter(partial(_number, number))
        settle()
        loop = uvicorn.Config("", loop=lifecycle.LOOP, log_config=None).get_loop_factory()
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(Engine(number, config, agents, models).run(end))
        return 0

    return run


def _number(worker: int, record: logging.LogRecord) -> bool:
    """Each line says which worker wrote it."""
    record.worker = worker
    return True


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system
