"""Where a voice would breathe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.turn.sentences import LONGEST, Cutter


def cut(text: str, step: int = 1) -> list[str]:
    cutter = Cutter()
    found = [clause for at in range(0, len(text), step) for clause in cutter.push(text[at : at + step])]
    return [each for each in [*found, cutter.flush()] if each]


@pytest.mark.parametrize(
    "clauses",
    [
        [
            "Of course, ",
            "the capital of France is Paris. ",
            "It has two million inhabitants, and many more around it. ",
            "Yes.",
        ],
        ["好的没问题，", "法国的首都是巴黎。", "它有两百万人口，周围还有更多的人住着。", "是的。"],
        ["The answer is 3.14, ", "more or less."],
        ["Ask Dr. Smith at 10:30 a.m. about it."],
        ["It costs $1,000.50 in all. ", "Cheap!"],
        ["Here are the steps:\n", "1. Open the door.\n", "2. Go in there."],
        ['He said "go there now." ', "Then he left."],
        ["What?! Really now? ", "I see it well."],
    ],
)
def test_clauses(clauses: list[str]) -> None:
    assert cut("".join(clauses)) == clauses


def test_the_first_cut_comes_with_the_first_mark() -> None:
    cutter = Cutter()
    assert cutter.push("今天天气很好，") == ["今天天气很好，"]


def test_a_mark_that_may_belong_to_a_number_is_waited_for() -> None:
    cutter = Cutter()
    assert cutter.push("It is about 3.") == []
    assert cutter.push("14 or so.") == []
    assert cutter.push(" Yes") == ["It is about 3.14 or so. "]


def test_a_text_without_marks_is_cut_at_last() -> None:
    assert max(map(len, cut("word " * 200))) < 400
    assert max(map(len, cut("字" * 300))) <= 61


@pytest.mark.parametrize("step", [1, 7, 10_000])
@pytest.mark.parametrize("dots", [".", "-,", "...!\n", "`"])
def test_a_row_of_dots_is_cut_at_last(dots: str, step: int) -> None:
    text = "Well " + dots * 1000 + " good."
    assert cut(text, step) == cut(text, 3)
    assert max(map(len, cut(text, step))) == LONGEST


@given(some.text(alphabet='ab 1.,!?。，：\n"好*', max_size=200), some.integers(1, 9))
def test_nothing_is_lost(text: str, step: int) -> None:
    assert "".join(cut(text, step)) == text
