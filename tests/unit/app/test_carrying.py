"""What carries audio and video: here, or in workers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from salon.app import carrying as module
from salon.app.build import build
from salon.app.config import Config, LiveSettings, LlmDefaults, Server
from salon.app.config_load import Loaded
from salon.app.models import Models
from salon.base.errors import ConfigError
from salon.session.agent import Agent
from tests.unit.app.workers.test_crew import READY, Forker

DEMO = LlmDefaults(default=("demo",))


def built(forker: Any = None, **config: Any) -> Any:
    told = Config(**{"llm": DEMO, **config})
    return build(told, (Agent("host"),), Models(Loaded(config=told), environ={}), None, forker)


def paths(house: Any) -> set[tuple[str, str]]:
    return {
        (method, getattr(route, "path", ""))
        for route in house.app.routes
        for method in getattr(route, "methods", None) or {"WS"}
    }


def test_clients_find_the_same_doors() -> None:
    here, there = built(), built(Forker(READY), server=Server(workers=2))
    assert paths(here) == paths(there)
    assert ("POST", "/whip/{room}") in paths(there)


def test_workers_need_a_server_of_salon_s_own() -> None:
    with pytest.raises(ConfigError, match="salon serve"):
        built(server=Server(workers=2))


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"server": Server(workers=3, udp_port=65_534)}, "not enough ports"),
        ({"server": Server(workers=2), "live": LiveSettings(record_all=True)}, "folder"),
    ],
)
def test_what_no_worker_could_do_is_said_before_one_is_made(config: dict[str, Any], says: str) -> None:
    forker = Forker(READY)
    with pytest.raises(ConfigError, match=says):
        built(forker, **config)
    assert forker.forked == []


async def test_the_house_is_ready_as_long_as_a_worker_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "METRICS_SECONDS", 0.05)  # these say nothing
    forker = Forker(READY)
    house = built(forker, server=Server(workers=2), live=LiveSettings(recordings=str(Path("none"))))
    async with house.carrying.running as crew:
        assert (house.carrying.missing(), sorted(crew.pids)) == ("", [1, 2])
        text, kind = await house.carrying.metrics()
        assert kind.startswith("text/plain")
        assert b'salon_workers{worker="0"} 2.0' in text
    assert house.carrying.missing() == "no media engine"
