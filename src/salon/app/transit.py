"""The transit door, as it is set, and what it counts."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from salon.app.config import Config
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.room.transit import Terms
from salon.serve.gate import Gate
from salon.serve.transit import TransitDoor


def transit_door(config: Config, gate: Gate, clock: Clock, observer: Observer) -> TransitDoor:
    """One that carries nothing where ``max_pipes`` is 0: whoever asks is told so."""
    told = config.transit
    terms = Terms(
        max_pipes=told.max_pipes,
        max_pipes_of_one=told.max_pipes_per_client,
        max_bytes=told.max_mb * 1_000_000,
        bytes_per_second=told.bytes_per_second,
        wait_ms=round(told.wait_seconds * 1000),
        idle_ms=round(told.idle_seconds * 1000),
    )
    return TransitDoor(gate, clock, observer, terms)


class TransitMetrics(Collector):
    """What the door counts, when Prometheus asks."""

    def __init__(self, door: TransitDoor) -> None:
        self._door = door

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "salon_transit_pipes", "Pairs of clients whose bytes are carried now.", self._door.pipes
        )
        yield CounterMetricFamily("salon_transit_bytes", "Bytes carried from client to client.", self._door.carried)
