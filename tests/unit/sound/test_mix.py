"""Gain moves without a click; two voices become one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from salon.sound.mix import Gain, mix

LOUD = np.full(480, 10_000, dtype="<i2").tobytes()


def values(data: bytes) -> list[int]:
    return np.frombuffer(data, dtype="<i2").tolist()


def test_nothing_changes_at_one() -> None:
    assert Gain(24_000).apply(LOUD) is LOUD


def test_a_duck_goes_down_step_by_step_and_back() -> None:
    gain = Gain(24_000, ramp_ms=40)
    gain.target = 0.0
    down = values(gain.apply(LOUD) + gain.apply(LOUD))
    assert down[0] > 9_900
    assert down[-1] == 0
    assert max(abs(one - other) for one, other in pairwise(down)) <= 12
    assert gain.settled
    assert values(gain.apply(LOUD)) == [0] * 480
    gain.target = 1.0
    up = values(gain.apply(LOUD) + gain.apply(LOUD))
    assert up[-1] == 10_000


def test_a_share_is_a_share() -> None:
    gain = Gain(24_000)
    gain.jump(0.25)
    assert values(gain.apply(LOUD)) == [2500] * 480
    assert gain.now == 0.25


def test_two_voices_are_added_and_clipped() -> None:
    one = np.array([100, 30_000, -30_000], dtype="<i2").tobytes()
    other = np.array([20, 30_000], dtype="<i2").tobytes()
    assert values(mix(one, other)) == values(mix(other, one)) == [120, 32_767, -30_000]
