"""One heap of what is to be done: in order, once, and without a trace of what was cancelled."""

from __future__ import annotations

import logging

import pytest

from salon.media.schedule import Schedule


def test_what_is_due_is_called_in_order_with_the_time() -> None:
    schedule, called = Schedule(), list[tuple[str, int]]()
    schedule.at(30, lambda now: called.append(("late", now)))
    schedule.at(10, lambda now: called.append(("early", now)))
    schedule.run(9)
    assert called == []
    schedule.run(20)
    assert called == [("early", 20)]
    schedule.run(30)
    schedule.run(40)
    assert called == [("early", 20), ("late", 30)]
    assert len(schedule) == 0


def test_what_is_called_may_add_and_cancel() -> None:
    schedule, called = Schedule(), list[int]()
    doomed = schedule.at(10, lambda _: called.append(-1))

    def first(now: int) -> None:
        doomed.cancel()
        schedule.at(now, called.append)

    schedule.at(5, first)
    schedule.run(10)
    assert called == [10]
    assert len(schedule) == 0


def test_cancelled_twice_counts_once() -> None:
    schedule = Schedule()
    entry, other = schedule.at(10, print), schedule.at(20, lambda _: None)
    entry.cancel()
    entry.cancel()
    assert len(schedule) == 1
    schedule.run(30)
    other.cancel()
    assert len(schedule) == 0


def test_churn_holds_no_memory() -> None:
    schedule = Schedule()
    for _ in range(1_000):
        schedule.at(1 << 40, lambda _: None).cancel()
    assert len(schedule._heap) <= 2


def test_a_sweep_while_it_runs_loses_and_repeats_nothing() -> None:
    schedule, called = Schedule(), list[int]()
    doomed = [schedule.at(50, lambda _: called.append(-1)) for _ in range(20)]

    def sweep(_: int) -> None:
        for entry in doomed:
            entry.cancel()
        schedule.at(20, lambda _: called.append(20))

    schedule.at(1, sweep)
    schedule.at(30, lambda _: called.append(30))
    schedule.run(100)
    schedule.run(200)
    assert called == [20, 30]
    assert len(schedule) == 0


def test_a_mistake_in_one_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    schedule, called = Schedule(), list[int]()

    def wrong(_: int) -> None:
        raise ValueError

    schedule.at(1, wrong)
    schedule.at(2, called.append)
    with caplog.at_level(logging.ERROR):
        schedule.run(5)
    assert called == [5]
    assert "a timer failed" in caplog.text
