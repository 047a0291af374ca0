"""Layers alive, and the choice among them."""

from __future__ import annotations

import pytest

from salon.rtc.layers import PAUSE_AFTER_MS, UP_AFTER_MS, Allocator, Layers, Rate

THREE = [("h", 1_500_000), ("l", 150_000), ("m", 500_000)]


def test_a_rate_is_that_of_the_last_second() -> None:
    rate = Rate()
    assert rate.bits(0) == rate.packets(0) == 0
    for now in range(5_000, 8_000, 10):
        rate.add(1_250, now)
    assert rate.bits(7_999) == pytest.approx(1_000_000, rel=0.06)
    assert rate.packets(7_999) == pytest.approx(100, rel=0.06)
    assert rate.bits(8_500) == pytest.approx(500_000, rel=0.12)
    assert rate.bits(9_100) == rate.packets(9_100) == 0


def test_a_young_rate_is_not_too_low() -> None:
    rate = Rate()
    for now in range(0, 300, 10):
        rate.add(1_250, 60_000 + now)
    assert rate.bits(60_300) == pytest.approx(1_000_000, rel=0.05)


def test_layers_are_alive_while_they_send() -> None:
    layers = Layers()
    for now in range(0, 2_000, 20):
        layers.add("h", 1_000, now)
        if now < 500:
            layers.add("l", 100, now)
    assert [rid for rid, _ in layers.alive(400)] == ["l", "h"]
    assert [rid for rid, _ in layers.alive(1_990)] == ["h"]
    assert layers.alive(4_000) == []


def test_the_highest_that_fits() -> None:
    assert Allocator().choose(THREE, 2_000_000, 40_000, 0) == "h"
    assert Allocator().choose(THREE, 600_000, 40_000, 0) == "m"
    assert Allocator().choose(THREE, 10, 40_000, 0) == "l", "the first choice is tried whatever it needs"


def test_down_at_once_up_with_room_and_after_a_while() -> None:
    allocator = Allocator()
    allocator.choose(THREE, 2_000_000, 0, 0)
    assert allocator.choose(THREE, 1_400_000, 0, 100) == "m"
    assert allocator.choose(THREE, 2_000_000, 0, 200) == "m"
    assert allocator.choose(THREE, 1_600_000, 0, 100 + UP_AFTER_MS) == "m", "not enough to spare"
    assert allocator.choose(THREE, 1_800_000, 0, 100 + UP_AFTER_MS) == "h"
    assert allocator.choose(THREE, 1_550_000, 0, 5_000) == "h", "and no less needed to stay"


def test_a_layer_that_ends_is_replaced_and_none_keeps_the_choice() -> None:
    allocator = Allocator()
    allocator.choose(THREE, 2_000_000, 0, 0)
    assert allocator.choose(THREE[1:], 2_000_000, 0, 10) == "m"
    assert allocator.choose([], 2_000_000, 0, 20) == "m"
    assert allocator.choose([("l", 1)], 2_000_000, 0, 30) == "l"


def test_the_picture_pauses_only_for_a_lasting_want_and_resumes_with_room() -> None:
    only = [("", 1_000_000)]
    allocator = Allocator()
    allocator.choose(only, 2_000_000, 40_000, 0)
    assert allocator.choose(only, 900_000, 40_000, 100) == "", "a little short is repaired"
    assert allocator.choose(only, 300_000, 40_000, 200) == ""
    assert allocator.choose(only, 2_000_000, 40_000, 800) == ""
    assert allocator.choose(only, 300_000, 40_000, 1_000) == ""
    assert allocator.choose(only, 300_000, 40_000, 999 + PAUSE_AFTER_MS) == ""
    assert allocator.choose(only, 300_000, 40_000, 1_000 + PAUSE_AFTER_MS) is None
    assert allocator.choose(only, 2_000_000, 40_000, 1_500 + PAUSE_AFTER_MS) is None
    later = 1_000 + PAUSE_AFTER_MS + UP_AFTER_MS
    assert allocator.choose(only, 1_200_000, 40_000, later) is None
    assert allocator.choose(only, 1_300_000, 40_000, later) == ""


def test_what_it_wishes_for_is_what_would_bring_the_best() -> None:
    allocator = Allocator()
    assert allocator.wanted(THREE, 40_000) == 0
    allocator.choose(THREE, 200_000, 40_000, 0)
    wanted = allocator.wanted(THREE, 40_000)
    assert allocator.choose(THREE, wanted - 2, 40_000, 5_000) == "m"
    assert allocator.choose(THREE, wanted, 40_000, 5_000) == "h"
    assert allocator.wanted(THREE, 40_000) == 0
    assert allocator.wanted([], 40_000) == 0
    for now in (10_000, 12_000):
        allocator.choose(THREE, 50_000, 40_000, now)
    assert allocator.chosen is None
    resumed = allocator.wanted(THREE, 40_000)
    assert allocator.choose(THREE, resumed, 40_000, 20_000) == "h"
