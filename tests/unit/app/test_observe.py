from __future__ import annotations

import asyncio

import pytest

import salon
from salon.app import observe
from salon.app.observe import Metrics


def samples(metrics: Metrics) -> dict[str, float]:
    """``name{labels}`` to value, of our own metrics."""
    text, content_type = metrics.render()
    assert content_type.startswith("text/plain")
    found = {}
    for line in text.decode().splitlines():
        if not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


def test_connections_come_and_go() -> None:
    metrics = Metrics()
    metrics.connected("realtime")
    metrics.connected("realtime")
    metrics.connected("spark")
    metrics.disconnected("realtime", 1000)
    metrics.refused("realtime", "invalid_api_key")
    metrics.client_error("spark", "invalid_event")
    seen = samples(metrics)
    assert seen['salon_connections{door="realtime"}'] == 1
    assert seen['salon_connections{door="spark"}'] == 1
    assert seen['salon_connections_opened_total{door="realtime"}'] == 2
    assert seen['salon_connections_closed_total{code="1000",door="realtime"}'] == 1
    assert seen['salon_refused_total{code="invalid_api_key",door="realtime"}'] == 1
    assert seen['salon_client_errors_total{code="invalid_event",door="spark"}'] == 1


def test_streams_run_and_end() -> None:
    metrics = Metrics()
    metrics.stream_started("demo")
    metrics.stream_started("demo")
    metrics.first_token("demo", 150)
    metrics.deltas("demo", 3)
    metrics.deltas("demo", 2)
    metrics.stream_ended("demo", "completed")
    metrics.tool_ran("weather", "completed", 40)
    seen = samples(metrics)
    assert seen['salon_streams{model="demo"}'] == 1
    assert seen['salon_streams_ended_total{model="demo",outcome="completed"}'] == 1
    assert seen['salon_deltas_total{model="demo"}'] == 5
    assert seen['salon_first_token_seconds_sum{model="demo"}'] == 0.15
    assert seen['salon_first_token_seconds_bucket{le="0.1",model="demo"}'] == 0
    assert seen['salon_first_token_seconds_bucket{le="0.2",model="demo"}'] == 1
    assert seen['salon_tool_seconds_count{outcome="completed",tool="weather"}'] == 1


def test_depths_of_outboxes_are_a_histogram() -> None:
    metrics = Metrics()
    for depth in (1, 2, 3, 4, 5, 4096, 5000):
        metrics.queued("realtime", depth)
    seen = samples(metrics)
    prefix = 'salon_outbox_depth_bucket{door="realtime",le='
    assert [seen[f'{prefix}"{le}"}}'] for le in ("1.0", "2.0", "4.0", "8.0", "4096.0", "+Inf")] == [1, 2, 4, 5, 6, 7]
    assert seen['salon_outbox_depth_count{door="realtime"}'] == 7
    assert seen['salon_outbox_depth_sum{door="realtime"}'] == 1 + 2 + 3 + 4 + 5 + 4096 + 5000


def test_clients_cannot_make_labels_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observe, "MOST_LABELS", 3)
    metrics = Metrics()
    for number in range(10):
        metrics.stream_started(f"openai:{number}")
        metrics.deltas(f"openai:{number}", 1)
    seen = samples(metrics)
    for name in ("salon_streams", "salon_deltas_total"):
        values = {label: value for label, value in seen.items() if label.startswith(name + "{")}
        assert len(values) == 4
        assert values[f'{name}{{model="other"}}'] == 7


def test_the_silence_before_an_answer_is_seen_by_its_parts() -> None:
    metrics = Metrics()
    metrics.voice_turn({"vad": 100, "end_of_turn": 400}, 500)
    seen = samples(metrics)
    assert seen['salon_voice_silence_seconds_sum{part="end_of_turn"}'] == 0.4
    assert seen['salon_voice_silence_seconds_sum{part="total"}'] == 0.5


def test_what_a_turn_model_took_is_seen_by_what_it_said() -> None:
    metrics = Metrics()
    metrics.turn_judged("finished", 60)
    metrics.turn_judged("late", 500)
    seen = samples(metrics)
    assert seen['salon_turn_judgement_seconds_sum{outcome="finished"}'] == 0.06
    assert seen['salon_turn_judgement_seconds_count{outcome="late"}'] == 1


def test_it_says_which_version_runs_and_what_the_process_uses() -> None:
    seen = samples(Metrics())
    assert seen[f'salon_info{{version="{salon.__version__}"}}'] == 1
    assert seen["process_resident_memory_bytes"] > 0
    assert "process_open_fds" in seen


def test_two_of_them_do_not_meet() -> None:
    one, other = Metrics(), Metrics()
    one.connected("realtime")
    assert 'salon_connections{door="realtime"}' not in samples(other)


async def test_the_loops_lag_is_seen() -> None:
    metrics = Metrics()
    lag = metrics._lag
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(metrics.watch(0.01))
        await asyncio.sleep(0)
        # Nothing else runs meanwhile, which is just what is measured.
        end = asyncio.get_running_loop().time() + 0.1
        while asyncio.get_running_loop().time() < end:
            pass
        while not lag._value.get():  # noqa: ASYNC110  # a gauge has no event
            await asyncio.sleep(0)
        watch.cancel()
    assert 0.05 < samples(metrics)["salon_event_loop_lag_seconds"] < 60
