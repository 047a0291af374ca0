"""Where newcomers go."""

from __future__ import annotations

import pytest

from salon.rtc.placement import NEARLY, STALE_MS, Load, Placement


def placed(*loads: Load) -> Placement:
    """Engines from 1 on, all of which have just reported."""
    placement = Placement()
    for number, load in enumerate(loads, 1):
        placement.up(number, 0)
        placement.reported(number, load, 0)
    return placement


def test_among_idle_engines_newcomers_take_turns() -> None:
    placement = placed(Load(), Load(), Load())
    went = []
    for _ in range(6):
        went.append(placement.order(0)[0])
        placement.sent(went[-1])
    assert went == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize(
    ("one", "other", "first"),
    [
        (Load(cpu=0.5), Load(cpu=0.1, sessions=9), 2),
        (Load(cpu=NEARLY, sessions=3), Load(cpu=0.01, sessions=4), 1),
        (Load(cpu=0.01, sessions=4), Load(cpu=NEARLY, sessions=3), 2),
        (Load(load=1.0), Load(cpu=0.9), 2),
        (Load(load=0.9), Load(load=0.1, sessions=1), 1),
    ],
    ids=["busier by far", "nearly as idle", "nearly as idle, the other way", "full", "late but not full"],
)
def test_the_best_is_first_and_nobody_is_left_out(one: Load, other: Load, first: int) -> None:
    order = placed(one, other).order(0)
    assert (order[0], sorted(order)) == (first, [1, 2])


def test_an_idle_engine_that_is_full_does_not_make_the_others_busy() -> None:
    """Blocked, it uses no processor at all."""
    placement = placed(Load(load=1.0, cpu=0.0), Load(cpu=0.5, sessions=2), Load(cpu=0.5, sessions=1))
    assert placement.order(0) == [3, 2, 1]


def test_who_says_nothing_any_more_comes_last() -> None:
    placement = placed(Load(), Load(sessions=100))
    placement.reported(2, Load(sessions=100), STALE_MS + 1)
    assert placement.order(STALE_MS + 1) == [2, 1]


def test_a_report_counts_what_was_sent_before_it() -> None:
    placement = placed(Load(), Load(sessions=1))
    placement.sent(1)
    placement.sent(1)
    assert placement.order(0) == [2, 1]
    placement.reported(1, Load(sessions=0), 1)
    assert placement.order(1) == [1, 2]


def test_a_broadcast_is_at_home_from_its_first_request_to_its_end() -> None:
    placement = placed(Load(), Load())
    assert placement.home("north") is None
    placement.begin("north", 2)
    assert (placement.home("north"), placement.rooms) == (2, 1)
    placement.began("north", 2)
    placement.end("north", 2)
    assert (placement.home("north"), placement.rooms) == (2, 1)
    placement.ended("north", 1)  # of another life, elsewhere
    assert placement.home("north") == 2
    placement.ended("north", 2)
    assert (placement.home("north"), placement.rooms) == (None, 0)


def test_a_request_that_came_to_nothing_leaves_nothing() -> None:
    placement = placed(Load())
    placement.begin("north", 1)
    placement.end("north", 1)
    assert (placement.home("north"), placement.rooms) == (None, 0)


def test_only_one_that_is_alone_may_try_elsewhere() -> None:
    placement = placed(Load(), Load())
    placement.begin("north", 1)
    assert placement.alone("north")
    placement.begin("north", 1)
    assert not placement.alone("north")
    placement.end("north", 1)
    placement.began("north", 1)
    assert not placement.alone("north")


def test_an_engine_that_is_gone_takes_its_broadcasts_with_it() -> None:
    placement = placed(Load(), Load())
    for room, engine in (("north", 1), ("south", 2), ("west", 1)):
        placement.began(room, engine)
    placement.begin("east", 1)
    assert sorted(placement.down(1)) == ["north", "west"]
    assert (placement.order(0), placement.home("south")) == ([2], 2)
    assert placement.home("east") is None, "it may be asked for elsewhere, though nobody has answered yet"
    placement.end("east", 1)
    placement.reported(1, Load(), 1)
    placement.sent(1)
    assert (placement.engines, placement.order(1)) == (1, [2])
