"""A stream keeps its length, its tone and its level at another rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.sound.resample import Resampler

RATES = [(24_000, 16_000), (48_000, 16_000), (8_000, 16_000), (16_000, 24_000), (24_000, 8_000), (22_050, 24_000)]


def tone(hertz: float, rate: int, seconds: float = 0.5) -> bytes:
    moments = np.arange(int(rate * seconds)) / rate
    return np.rint(np.sin(2 * np.pi * hertz * moments) * 10_000).astype("<i2").tobytes()


def samples(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.frombuffer(data, dtype="<i2").astype(np.float64)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_tone_stays_that_tone(source: int, target: int) -> None:
    resampler = Resampler(source, target)
    made = samples(resampler.push(tone(1000, source)) + resampler.flush())
    middle = made[target // 10 : target * 4 // 10]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size)))
    assert np.argmax(spectrum) * target / middle.size == pytest.approx(1000, abs=10)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(10_000 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_no_time_is_lost(source: int, target: int) -> None:
    resampler = Resampler(source, target)
    whole = resampler.push(tone(300, source)) + resampler.flush()
    assert len(whole) / 2 == pytest.approx(target * 0.5, abs=40)


def test_what_the_slower_rate_cannot_carry_is_kept_out() -> None:
    made = samples(Resampler(24_000, 8_000).push(tone(6_000, 24_000)))
    assert np.abs(made[200:]).max() < 100


@given(cuts=some.lists(some.integers(1, 400), max_size=12))
def test_pieces_make_the_same_as_the_whole(cuts: list[int]) -> None:
    data = tone(440, 24_000, 0.05)
    whole, parts = Resampler(24_000, 16_000), Resampler(24_000, 16_000)
    made, at = b"", 0
    for cut in cuts:
        made += parts.push(data[at : at + cut])
        at += cut
    made += parts.push(data[at:])
    assert made == whole.push(data)


def test_one_rate_costs_nothing() -> None:
    assert Resampler(16_000, 16_000).push(b"abc") == b"abc"


def test_a_rate_is_above_zero() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Resampler(0, 16_000)
