"""Counts what happens, for Prometheus.

What happens for every message or token is counted in plain integers and only becomes metrics when they are asked for;
everything else goes to ``prometheus_client`` directly. All of it runs in the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

import salon
from salon.ports.observer import Observer

MOST_LABELS = 500
"""Values of one label. Clients choose some of them (the model's name); what comes later is counted as ``other``."""

OTHER = "other"
FIRST_TOKEN_BUCKETS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
TOOL_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
JUDGEMENT_BUCKETS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5)
# An outbox holds at most 4096 messages; bucket n counts depths below 2**n.
DEPTH_BITS = 13

Child = TypeVar("Child", Counter, Gauge, Histogram)


class _Children(Generic[Child]):
    """The labelled children of a metric, found by one dictionary look-up, and never more than ``MOST_LABELS``."""

    __slots__ = ("_by_labels", "_metric")

    def __init__(self, metric: Child) -> None:
        self._metric: Child = metric
        self._by_labels: dict[tuple[str, ...], Child] = {}

    def __call__(self, *labels: str) -> Child:
        child = self._by_labels.get(labels)
        if child is None:
            if len(self._by_labels) >= MOST_LABELS:
                labels = (OTHER,) * len(labels)
            child = self._by_labels[labels] = self._metric.labels(*labels)
        return child


class Metrics(Observer):
    """An ``Observer`` with a registry of its own, so that a program that mounts Salon keeps its own metrics apart."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._open = _Children(self._gauge("salon_connections", "Clients connected now.", "door"))
        self._connected = _Children(self._counter("salon_connections_opened", "Clients that came in.", "door"))
        self._closed = _Children(
            self._counter("salon_connections_closed", "Clients that left, by WebSocket close code.", "door", "code")
        )
        self._refused = _Children(self._counter("salon_refused", "Clients that were not let in.", "door", "code"))
        self._errors = _Children(
            self._counter("salon_client_errors", "Messages answered with an error.", "door", "code")
        )
        self._running = _Children(self._gauge("salon_streams", "Answers of models under way.", "model"))
        self._streams = _Children(
            self._counter("salon_streams_ended", "Answers of models, by how they ended.", "model", "outcome")
        )
        self._first_token = _Children(
            self._histogram(
                "salon_first_token_seconds", "From a model's request to its first token.", FIRST_TOKEN_BUCKETS, "model"
            )
        )
        self._tools = _Children(
            self._histogram("salon_tool_seconds", "Runs of tools on this server.", TOOL_BUCKETS, "tool", "outcome")
        )
        self._silence = _Children(
            self._histogram(
                "salon_voice_silence_seconds",
                "From the end of what a person said until the answer is heard, by part; `total` is their sum.",
                FIRST_TOKEN_BUCKETS,
                "part",
            )
        )
        self._judged = _Children(
            self._histogram(
                "salon_turn_judgement_seconds",
                "What the turn model took to judge a pause.",
                JUDGEMENT_BUCKETS,
                "outcome",
            )
        )
        self._lag = Gauge(
            "salon_event_loop_lag_seconds", "How late the event loop woke up, last time.", registry=self.registry
        )
        info = Gauge("salon_info", "Always 1; the version is a label.", ["version"], registry=self.registry)
        info.labels(salon.__version__).set(1)
        self._deltas: dict[str, int] = {}
        self._depths: dict[str, list[int]] = {}
        self._depth_sums: dict[str, int] = {}
        self.registry.register(_Plain(self._hot))
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)

    def render(self) -> tuple[bytes, str]:
        """All metrics in Prometheus' text format, and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    async def rendered(self) -> tuple[bytes, str]:
        """``render``, for whoever may have to wait for others' too."""
        return self.render()

    async def watch(self, seconds: float = 1.0) -> None:
        """Measure the event loop's lag, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + seconds
            await asyncio.sleep(seconds)
            self._lag.set(max(0.0, loop.time() - due))

    def connected(self, door: str) -> None:
        self._open(door).inc()
        self._connected(door).inc()

    def disconnected(self, door: str, code: int) -> None:
        self._open(door).dec()
        # RFC 6455 section 7.4.2 leaves 3000 to 4999 to applications: a client may say any of them.
        self._closed(door, str(code)).inc()

    def refused(self, door: str, code: str) -> None:
        self._refused(door, code).inc()

    def stream_started(self, model: str) -> None:
        self._running(model).inc()

    def turn_judged(self, outcome: str, milliseconds: int) -> None:
        self._judged(outcome).observe(milliseconds / 1000)

    def voice_turn(self, parts: dict[str, int], total: int) -> None:
        for part, milliseconds in (*parts.items(), ("total", total)):
            self._silence(part).observe(milliseconds / 1000)

    def first_token(self, model: str, milliseconds: int) -> None:
        self._first_token(model).observe(milliseconds / 1000)

    def deltas(self, model: str, count: int) -> None:
        counted = self._deltas
        if model not in counted and len(counted) >= MOST_LABELS:
            model = OTHER
        counted[model] = counted.get(model, 0) + count

    def stream_ended(self, model: str, outcome: str) -> None:
        self._running(model).dec()
        self._streams(model, outcome).inc()

    def tool_ran(self, name: str, outcome: str, milliseconds: int) -> None:
        self._tools(name, outcome).observe(milliseconds / 1000)

    def client_error(self, door: str, code: str) -> None:
        self._errors(door, code).inc()

    def queued(self, door: str, depth: int) -> None:
        counts = self._depths.get(door)
        if counts is None:
            # Doors are ours to name: there are a handful.
            counts = self._depths[door] = [0] * (DEPTH_BITS + 1)
        counts[min((depth - 1).bit_length(), DEPTH_BITS)] += 1
        self._depth_sums[door] = self._depth_sums.get(door, 0) + depth

    def _hot(self) -> Iterable[Metric]:
        deltas = CounterMetricFamily("salon_deltas", "Pieces of answers received from models.", labels=["model"])
        for model, count in self._deltas.items():
            deltas.add_metric([model], count)
        yield deltas
        depths = HistogramMetricFamily(
            "salon_outbox_depth", "Messages waiting for one client, seen when one has to wait.", labels=["door"]
        )
        for door, counts in self._depths.items():
            total = 0
            buckets = []
            for bits, count in enumerate(counts[:-1]):
                total += count
                buckets.append((f"{2**bits}.0", float(total)))
            buckets.append(("+Inf", float(total + counts[-1])))
            depths.add_metric([door], buckets, sum_value=self._depth_sums[door])
        yield depths

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)


class _Plain(Collector):
    """Turns plain integers into metrics when they are asked for."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()
