"""A text made into another that knows where it came from."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.turn.aligned import Aligned


def made(text: str, pattern: str, new: str) -> Aligned:
    aligned = Aligned(text)
    aligned.sub(re.compile(pattern), new)
    return aligned


def test_what_is_kept_keeps_its_place() -> None:
    aligned = made("See [docs](u) now", r"\[(\w+)\]\(\w+\)", r"\1")
    assert aligned.text == "See docs now"
    assert [aligned.source(place) for place in range(13)] == [0, 1, 2, 3, 4, 6, 7, 8, 9, 14, 15, 16, 17]


def test_what_is_replaced_is_said_as_a_whole() -> None:
    aligned = made("It is $5 now", r"\$(\d)", r"\1 dollars")
    assert aligned.text == "It is 5 dollars now"
    assert [aligned.source(place) for place in (6, 7, 14, 15, 19)] == [6, 6, 6, 8, 12]
    assert (aligned.begins(6), aligned.finishes(8)) == (6, 15)


def test_what_a_replacement_has_in_common_with_what_it_replaces_stays() -> None:
    aligned = made("pages 10-20", r"(\d+)-(\d+)", r"\1 to \2")
    assert aligned.text == "pages 10 to 20"
    assert [aligned.source(place) for place in (8, 11, 14)] == [8, 8, 11]


def test_parts_are_put_together() -> None:
    whole = Aligned()
    whole.append(Aligned("one ", 3))
    whole.put("code ", 7)
    whole.append(Aligned("two", 20))
    assert whole.text == "one code two"
    assert [whole.source(place) for place in (4, 6, 9, 12)] == [7, 7, 7, 23]
    assert Aligned().source(0) == 0


@given(
    some.text(alphabet="ab1 $*", max_size=30),
    some.lists(
        some.tuples(
            some.sampled_from(["a", "b1", r"\$(\d)", r"\*(.)\*", " ", "a*"]), some.sampled_from(["", "xyz", "a"])
        ),
        max_size=5,
    ),
)
def test_places_never_fall_and_lie_within(text: str, rules: list[tuple[str, str]]) -> None:
    aligned, plain = Aligned(text), text
    for pattern, new in rules:
        aligned.sub(re.compile(pattern), new)
        plain = re.sub(pattern, new, plain)
    assert aligned.text == plain
    assert len(aligned.starts) == len(aligned.ends) == len(plain)
    assert aligned.starts == sorted(aligned.starts)
    assert aligned.ends == sorted(aligned.ends)
    places = [aligned.source(place) for place in range(len(plain) + 1)]
    assert places == sorted(places)
    assert all(0 <= place <= len(text) for place in places)


@pytest.mark.parametrize("place", [-1, 99])
def test_a_place_outside_is_none(place: int) -> None:
    assert Aligned("abc").source(place) == 0
