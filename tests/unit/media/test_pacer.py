"""The grid of 20 ms: it does not drift, catches up a little, and skips the rest."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from salon.media import instants, pacer
from salon.media.capacity import Capacity
from salon.media.pacer import MAX_CATCH_UP, Pacer


class Loop:
    """Calls when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []
        self.call: Any = None

    def call_later(self, delay: float, call: Any) -> asyncio.TimerHandle:
        self.waits.append(delay)
        self.call = call
        return cast(asyncio.TimerHandle, self)

    def cancel(self) -> None:
        self.call = None


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(instants, "seconds", lambda: loop.now)
    return loop


def started(loop: Loop, last: int = 10**6) -> tuple[Pacer, list[float], Capacity]:
    """Awake; tick number ``last`` says that there is nothing more to do."""
    ticks: list[float] = []
    capacity = Capacity()

    def tick() -> bool:
        ticks.append(loop.now)
        return len(ticks) % last != 0

    found = Pacer(tick, capacity)
    found.start(cast(asyncio.AbstractEventLoop, loop))
    found.wake()
    loop.call()
    return found, ticks, capacity


def test_it_ticks_at_once_and_every_20_ms_without_drift(loop: Loop) -> None:
    found, ticks, _ = started(loop)
    for _ in range(50):
        loop.now += loop.waits[-1] + 0.001  # a loop that is always a little late
        loop.call()
    assert len(ticks) == 51
    assert ticks[-1] == pytest.approx(100 + 50 * 0.02 + 0.001)
    assert (found.late, found.missed) == (0, 0)


def test_what_was_late_is_caught_up_with(loop: Loop) -> None:
    found, ticks, capacity = started(loop)
    loop.now = 100.02 + 0.045
    loop.call()
    assert len(ticks) == 1 + 3
    assert (found.late, found.missed) == (1, 0)
    assert max(capacity._lateness) == pytest.approx(45)
    assert loop.waits[-1] == pytest.approx(0.015)


def test_what_is_too_old_is_skipped(loop: Loop) -> None:
    found, ticks, _ = started(loop)
    loop.now = 100.02 + 1.0
    loop.call()
    assert len(ticks) == 1 + MAX_CATCH_UP + 1
    assert found.missed == pytest.approx(50 - MAX_CATCH_UP, abs=1)
    assert loop.waits[-1] <= 0.02


def test_stopped_it_ticks_no_more(loop: Loop) -> None:
    found, ticks, _ = started(loop)
    run = loop.call
    found.stop()
    assert loop.call is None
    loop.now += 1
    run()
    assert len(ticks) == 1


def test_where_there_is_nothing_to_do_it_rests_until_it_is_woken(loop: Loop) -> None:
    found, ticks, capacity = started(loop, last=3)
    for _ in range(2):
        loop.now += loop.waits[-1]
        loop.call()
    asleep = len(loop.waits)
    assert len(capacity._lateness) == 0, "a house that was full and is empty is not full"
    loop.now += 60
    found.wake()
    found.wake()
    assert (len(ticks), len(loop.waits)) == (3, asleep + 1)
    loop.call()
    assert (len(ticks), found.missed) == (4, 0), "the rest was not lateness"


def test_before_anybody_comes_it_rests(loop: Loop) -> None:
    found = Pacer(lambda: True, Capacity())
    found.start(cast(asyncio.AbstractEventLoop, loop))
    assert loop.waits == []


def test_stopped_it_cannot_be_woken(loop: Loop) -> None:
    found, _, _ = started(loop)
    found.stop()
    found._handle = None
    found.wake()
    assert loop.call is None


def test_a_step_is_20_ms() -> None:
    assert pacer.TICK_MS == 20
