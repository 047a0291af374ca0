"""How long words take to say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.turn.words import beats, pieces, syllables


def shown(text: str) -> list[str]:
    return [text[piece.start : piece.end] for piece in pieces(text)]


def test_pieces_of_a_text_in_two_scripts() -> None:
    assert shown("你好world，it's 2026!") == ["你", "好", "world", "，", "it's", "2026", "!"]
    assert [piece.beats for piece in pieces("你好world，it's 2026!")] == [1, 1, 1, 1, 1, 6.5, 2]


def test_a_point_within_a_number_is_no_pause() -> None:
    assert not any(piece.is_pause for piece in pieces("3.14"))
    assert pieces("yes. no")[1].is_pause


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("7", 1),
        ("0", 1),
        ("16", 2.5),
        ("20", 2),
        ("3.14", 4),
        ("1,250", 6),
        ("1,000,000", 2),
        ("3.12.1", 6),
        ("12345678", 12),
    ],
)
def test_a_number_takes_as_long_as_it_is_read(number: str, said: float) -> None:
    assert [piece.beats for piece in pieces(number)] == [said]


@pytest.mark.parametrize(
    ("word", "count"),
    [("cat", 1), ("water", 2), ("make", 1), ("table", 2), ("banana", 3), ("USA", 3), ("coffee", 2), ("rhythm", 1)],
)
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


@given(some.text(max_size=60))
def test_pieces_are_in_order_and_inside(text: str) -> None:
    at = 0
    for piece in pieces(text):
        assert at <= piece.start < piece.end <= len(text)
        assert piece.beats > 0
        at = piece.end
    assert beats(text) == sum(piece.beats for piece in pieces(text))
