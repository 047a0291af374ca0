"""Moments: the first and the newest are kept."""

from __future__ import annotations

import pytest

from salon.media.timeline import MAX_MOMENTS, Timeline


def test_moments_are_kept_in_order() -> None:
    timeline = Timeline(10)
    timeline.add(10, "offer", "audio opus sendrecv")
    timeline.add(12, "answer")
    timeline.add(30, "answer")
    assert [(moment.at, moment.what, moment.detail) for moment in timeline.moments()] == [
        (10, "offer", "audio opus sendrecv"),
        (12, "answer", ""),
        (30, "answer", ""),
    ]
    assert timeline.when("answer") == 12
    assert timeline.when("close") is None


def test_too_many_give_way_in_the_middle() -> None:
    timeline = Timeline(0)
    for at in range(3 * MAX_MOMENTS):
        timeline.add(at, "selected")
    kept = [moment.at for moment in timeline.moments()]
    assert len(kept) == MAX_MOMENTS
    assert (kept[0], kept[-1]) == (0, 3 * MAX_MOMENTS - 1)


def test_a_word_that_nobody_knows_is_a_mistake() -> None:
    with pytest.raises(AssertionError):
        Timeline(0).add(0, "hello")
