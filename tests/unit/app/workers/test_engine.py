"""A worker, in the loop of the test, over a real socket and a real UDP port."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from salon.app.config import Config, LlmDefaults, Server
from salon.app.config_load import Loaded
from salon.app.models import Models
from salon.app.workers import engine as module
from salon.app.workers.engine import Engine
from salon.serve.gate import Caller
from salon.serve.limits import Limits
from salon.serve.workers.gate import HOLD, PASSPORT
from salon.serve.workers.passport import sealed
from salon.session.agent import Agent
from salon.transport.line import Line
from salon.transport.tunnel import Answer, Tunnel
from salon.wire.workers import (
    Began,
    Drain,
    Drained,
    Ended,
    Entered,
    Failed,
    Frame,
    Left,
    Over,
    Ready,
    Report,
    Said,
    Taken,
)
from tests.fakes.light_peer import Light
from tests.fakes.media_house import until

CALLER = Caller("ann", "key", Limits())


class Parent:
    def __init__(self) -> None:
        self.heard: list[Frame] = []
        self.line: Line
        self.tunnel: Tunnel

    def take(self, frame: Frame) -> None:
        if isinstance(frame, Said | Taken | Over):
            self.tunnel.take(frame)
        else:
            self.heard.append(frame)

    async def hears(self, kind: type[Frame]) -> Any:
        return (await until(lambda: [each for each in self.heard if isinstance(each, kind)]))[0]

    async def ask(self, method: str, path: str, body: str = "", hold: int = 0, type: str = "application/sdp") -> Answer:
        scope = {
            "type": "http", "method": method, "path": path, "query_string": b"", "root_path": "", "client": None,
            "headers": [(b"content-type", type.encode())], "extensions": {}, PASSPORT: sealed(CALLER), HOLD: hold,
        }  # fmt: skip
        return await self.tunnel.request(scope, body.encode(), 10)


@asynccontextmanager
async def running(**server: Any) -> AsyncIterator[Parent]:
    config = Config(llm=LlmDefaults(default=("demo",)), server=Server(**{"port": 0, **server}))
    engine = Engine(3, config, [Agent("host", asr="none", tts="none")], Models(Loaded(config=config), environ={}))
    ours, theirs = socket.socketpair()
    parent = Parent()
    parent.line = await Line.open(ours, parent.take)
    parent.tunnel = Tunnel(parent.line)
    async with asyncio.TaskGroup() as group:
        work = group.create_task(engine.run(theirs))
        yield parent
        parent.line.close()
        await work


async def test_it_says_where_it_is_answers_and_ends_with_its_parent() -> None:
    async with running() as parent:
        ready = await parent.hears(Ready)
        assert isinstance(parent.heard[0], Ready)
        assert ready.port > 0
        report = await parent.hears(Report)
        assert (report.load, report.sessions) == (0, 0)
        metrics = await parent.ask("GET", "/metrics")
        assert (metrics.status, b"salon_media_peers 0.0" in metrics.body) == (403, False)
        light = Light("sendonly")
        answer = await parent.ask("POST", "/whip/studio", light.offer, hold=5)
        location = dict(answer.headers)[b"location"].decode()
        assert (answer.status, location.startswith("/whip/studio/live_3-")) == (201, True)
        assert [each for each in parent.heard if isinstance(each, Entered | Began)] == [Entered(5), Began("studio")]
        assert (await parent.ask("POST", "/v1/realtime/calls", light.offer, hold=6)).status == 400
        parent.line.send(Drain(5))
        await parent.hears(Drained)
        assert Left(5) in parent.heard
        assert Ended("studio") in parent.heard
        assert (await parent.ask("POST", "/whip/studio", light.offer)).status == 503
        light.close()


async def test_a_port_that_is_taken_is_said_to_the_parent() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        async with running(udp_port=taken.getsockname()[1] - 2) as parent:
            assert str(taken.getsockname()[1]) in (await parent.hears(Failed)).message
            await parent.line.over.wait()


def test_its_log_says_which_one_it_is() -> None:
    record = logging.makeLogRecord({"msg": "x"})
    assert module._number(3, record)
    assert record.worker == 3  # type: ignore[attr-defined]


def test_processor_time_is_that_of_this_process() -> None:
    before = module._cpu_seconds()
    sum(range(3_000_000))
    assert module._cpu_seconds() > before


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPORT_SECONDS", 0.01)
