"""Several processes on one page of metrics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from salon.app.workers.metrics import CrewMetrics, merged


def page(value: float) -> str:
    registry = CollectorRegistry()
    Gauge("salon_peers", "Peers.", registry=registry).set(value)
    Counter("salon_packets", "Packets.", ["way"], registry=registry).labels('in "quotes" {x}').inc(value)
    Histogram("salon_seconds", "Seconds.", buckets=(1, 2), registry=registry).observe(value)
    return generate_latest(registry).decode()


def test_each_sample_says_whose_it_is_and_all_can_be_added_up() -> None:
    text = merged({"0": page(1), "1": page(2), "2": ""})
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert [(sample.labels, sample.value) for sample in families["salon_peers"].samples] == [
        ({"worker": "0"}, 1.0),
        ({"worker": "1"}, 2.0),
    ]
    packets = [each for each in families["salon_packets"].samples if each.name.endswith("_total")]
    assert [each.labels for each in packets] == [
        {"worker": "0", "way": 'in "quotes" {x}'},
        {"worker": "1", "way": 'in "quotes" {x}'},
    ]
    assert sum(each.value for each in families["salon_seconds"].samples if each.name.endswith("_sum")) == 3


def test_what_is_said_of_a_metric_stands_once_before_all_its_samples() -> None:
    lines = merged({"0": page(1), "1": page(2)}).splitlines()
    assert lines.count("# TYPE salon_peers gauge") == 1
    at = lines.index("# TYPE salon_peers gauge")
    assert [line.split("{")[0] for line in lines[at + 1 : at + 3]] == ["salon_peers", "salon_peers"]


def test_the_crew_in_numbers() -> None:
    registry = CollectorRegistry()
    crew: Any = SimpleNamespace(pids={1: 10, 2: 20}, restarts=3)
    registry.register(CrewMetrics(crew))
    text = generate_latest(registry).decode()
    assert "salon_workers 2.0" in text
    assert "salon_workers_restarted_total 3.0" in text
