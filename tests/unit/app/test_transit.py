"""The settings in [transit] reach the door, and what it counts is told."""

from __future__ import annotations

import json

from prometheus_client import CollectorRegistry, generate_latest
from starlette.requests import Request

from salon.app.config import Config
from salon.app.config_peers import TransitRelay
from salon.app.transit import TransitMetrics, transit_door
from salon.ports.observer import Observer
from salon.serve.gate import Gate
from salon.serve.limits import Limits
from salon.serve.transit import TransitDoor
from tests.fakes.clock import FakeClock


def door(**told: int | float) -> TransitDoor:
    clock = FakeClock()
    gate = Gate(limits=Limits(), clock=clock, observer=Observer())
    return transit_door(Config(transit=TransitRelay(**told)), gate, clock, Observer())  # type: ignore[arg-type]


async def test_every_setting_reaches_the_door() -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    headers = [(b"host", b"localhost")]
    request = Request({"type": "http", "headers": headers, "client": ("127.0.0.1", 1)}, receive)
    answer = await door(max_mb=3, wait_seconds=7.5).mint(request)
    told = json.loads(answer.body)
    assert (told["max_bytes"], told["expires_in"]) == (3_000_000, 7)


def test_what_it_counts_is_told() -> None:
    registry = CollectorRegistry()
    made = door()
    made.carried = 42
    registry.register(TransitMetrics(made))
    text = generate_latest(registry).decode()
    assert "salon_transit_pipes 0.0" in text
    assert "salon_transit_bytes_total 42.0" in text
