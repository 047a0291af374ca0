"""Room is what lateness leaves."""

from __future__ import annotations

import pytest

from salon.base.errors import Refused
from salon.media.capacity import FEWEST, LIMIT_MS, STEP_MS, WINDOW, Capacity
from salon.media.pacer import TICK_MS


def ticked(capacity: Capacity, late: float, times: int) -> Capacity:
    for _ in range(times):
        capacity.ticked(late)
    return capacity


def test_an_idle_house_is_empty() -> None:
    capacity = Capacity()
    assert (capacity.load, capacity.lag_ms) == (0.0, 0.0)
    capacity.admit()


def test_a_few_late_ticks_say_nothing() -> None:
    capacity = ticked(Capacity(), LIMIT_MS, FEWEST - 1)
    assert capacity.load == 0.0


def test_load_is_the_lateness_that_three_of_four_stay_below() -> None:
    capacity = ticked(ticked(Capacity(), 0.0, 60), LIMIT_MS / 2, 40)
    assert capacity.lag_ms == LIMIT_MS / 2
    assert capacity.load == pytest.approx(0.5)
    capacity.admit()


def test_late_by_more_than_the_limit_nobody_else_comes_in() -> None:
    capacity = ticked(Capacity(), LIMIT_MS, WINDOW)
    with pytest.raises(Refused) as caught:
        capacity.admit()
    assert (caught.value.status, caught.value.code, caught.value.retryable) == (503, "over_capacity", True)
    assert caught.value.retry_after == 5
    assert capacity.refused == 1


def test_it_is_over_when_the_house_is_quick_again() -> None:
    capacity = ticked(ticked(Capacity(), 50.0, WINDOW), 1.0, WINDOW)
    capacity.admit()
    assert capacity.refused == 0


def test_missed_ticks_fill_a_house_whose_others_are_in_time() -> None:
    """A loop that is held up for 180 ms of each 200 makes ten ticks a second, one of them late: it misses the other forty."""
    capacity = Capacity()
    for _ in range(3):
        capacity.ticked(0.0)
        capacity.ticked(180.0)
    assert capacity.load == 1.0


def test_one_short_pause_is_none() -> None:
    capacity = ticked(Capacity(), 0.0, WINDOW)
    capacity.ticked(200.0)
    assert capacity.load == 0.0


def test_a_long_one_is_remembered_until_the_house_was_quick_for_a_while() -> None:
    capacity = Capacity()
    capacity.ticked(60_000.0)
    assert capacity.load == 1.0
    assert capacity.load == ticked(capacity, 0.0, 74).load
    assert ticked(capacity, 0.0, 2).load == 0.0


def test_a_step_is_the_pacers() -> None:
    assert STEP_MS == TICK_MS


def test_a_limit_scales_what_is_allowed() -> None:
    assert ticked(Capacity(limit=4.0), LIMIT_MS, WINDOW).load == pytest.approx(0.25)
