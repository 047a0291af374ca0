"""The parts sum to the silence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from salon.turn.waterfall import PARTS, Waterfall


def test_parts_in_order() -> None:
    waterfall = Waterfall(1000)
    for part, now in zip(PARTS, (1030, 1100, 1500, 1520, 1800, 1900, 1920, 1950), strict=True):
        waterfall.mark(part, now)
    assert list(waterfall.parts().values()) == [30, 70, 400, 20, 280, 100, 20, 30]
    assert waterfall.total == 950
    assert waterfall.whole


def test_what_was_ready_before_its_time_took_none() -> None:
    waterfall = Waterfall(1000)
    for part, now in (("transcript", 1300), ("first_token", 1350), ("end_of_turn", 1500), ("first_packet", 1600)):
        waterfall.mark(part, now)
    assert waterfall.parts() == {
        "uplink": 0, "vad": 0, "end_of_turn": 500, "transcript": 0, "first_token": 0, "first_audio": 0, "first_packet": 100,
        "downlink": 0,
    }  # fmt: skip


def test_the_first_time_counts() -> None:
    waterfall = Waterfall(0)
    waterfall.mark("first_packet", 10)
    waterfall.mark("first_packet", 90)
    assert waterfall.total == 10


@given(some.dictionaries(some.sampled_from(PARTS), some.integers(0, 10_000)))
def test_the_parts_sum_to_the_whole(moments: dict[str, int]) -> None:
    waterfall = Waterfall(100)
    for part, now in moments.items():
        waterfall.mark(part, now)
    assert sum(waterfall.parts().values()) == waterfall.total
