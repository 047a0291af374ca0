"""What is written, as it is said."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.turn.sentences import Cutter
from salon.turn.speakable import Speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is **very** _nice_ and ~~bad~~.", "It is very nice and bad."),
        ("# Title\n", "Title\n"),
        ("- one\n- [x] two\n", "one\ntwo\n"),
        ("> quoted", "quoted"),
        ("See [the docs](https://example.com/a?b=c).", "See the docs."),
        ("Go to https://www.example.com/very/long?x=1 now.", "Go to example dot com now."),
        ("请看 https://example.com/路径 。", "请看 example点com。"),
        ("Use `pip install` here.", "Use pip install here."),
        ("Great 🎉👍🏽!", "Great!"),
        ("It costs 1,234,567 euros.", "It costs 1234567 euros."),
        ("Salt & pepper ≈ 5", "Salt and pepper about 5"),
        ("盐&胡椒", "盐和胡椒"),
        ("写信给 a.b@example.com 吧", "写信给 a.b at example点com 吧"),
        ("2 * 3 and snake_case", "2 times 3 and snake case"),
        ("As shown [1], yes.", "As shown, yes."),
        ("---\n", ""),
        ("🎉", ""),
        ("Good <b>day</b>.", "Good day."),
    ],
)
def test_what_is_said(written: str, said: str) -> None:
    assert Speakable().say(written).text == said


def test_a_table_is_read_cell_by_cell() -> None:
    speakable = Speakable()
    assert speakable.say("| City | People |\n").text == " City, People "
    assert speakable.say("|---|---|\n").text == ""


def test_code_is_pointed_at_once_whatever_the_clauses() -> None:
    speakable = Speakable()
    said = [
        speakable.say(clause).text for clause in ("Like this:\n", "```python\n", "x = 1;\n", "y = 2\n", "```\nDone.")
    ]
    assert said == ["Like this:\n", "The code is on the screen. ", "", "", "Done."]


def test_code_in_a_chinese_answer() -> None:
    speakable = Speakable()
    assert speakable.say("如下：\n```\nx\n```\n好了。").text == "如下：\n代码在屏幕上。好了。"


def test_a_block_of_a_formula_is_pointed_at() -> None:
    speakable = Speakable()
    said = [speakable.say(clause).text for clause in ("So:\n", "$$\n", "x = \\int_0^1 f\n", "$$\n", "Done.")]
    assert said == ["So:\n", "The formula is on the screen. ", "", "", "Done."]


def test_what_begins_a_line_only_there_is_no_markup_elsewhere() -> None:
    speakable = Speakable()
    assert speakable.say("Use this; ").text == "Use this; "
    assert speakable.say("```one``` of\n").text == "one of\n"
    assert speakable.say("# not code").text == "not code"


def read_aloud() -> list[tuple[str, str]]:
    lines = (Path(__file__).parents[2] / "data" / "read-aloud.tsv").read_text("utf-8").splitlines()
    pairs = [line.replace("\\n", "\n").partition("\t") for line in lines if line and not line.startswith("# ")]
    return [(written, said) for written, _, said in pairs]


def spoken(text: str, sizes: list[int]) -> list[str]:
    """What is given to the synthesiser when the text comes in deltas of these sizes, again and again."""
    cutter, speakable, said, at = Cutter(), Speakable(), [], 0
    for size in cycle(sizes):
        if at >= len(text):
            break
        said += [speakable.say(clause).text for clause in cutter.push(text[at : at + size])]
        at += size
    return [each for each in [*said, speakable.say(cutter.flush()).text] if each]


@pytest.mark.parametrize(("written", "said"), read_aloud())
def test_hard_texts_are_said_as_somebody_would_read_them(written: str, said: str) -> None:
    for sizes in ([1], [2], [3], [4], [5], [1, 4, 2], [len(written)]):
        assert " | ".join(spoken(written, sizes)) == said


@given(
    some.lists(some.sampled_from([written for written, _ in read_aloud()]), max_size=8),
    some.lists(some.integers(1, 5), min_size=1),
)
def test_what_is_said_does_not_depend_on_how_it_was_streamed(texts: list[str], sizes: list[int]) -> None:
    whole = " ".join(texts)
    assert spoken(whole, sizes) == spoken(whole, [len(whole) + 1])


@given(some.text(max_size=80) | some.sampled_from([written for written, _ in read_aloud()]))
def test_any_text_is_said_or_not(text: str) -> None:
    said = Speakable().say(text)
    assert said.text == "" or any(each.isalnum() for each in said.text)
    assert said.starts == sorted(said.starts)
    assert said.ends == sorted(said.ends)
    assert all(0 <= start <= end <= len(text) for start, end in zip(said.starts, said.ends, strict=True))
    assert all(
        text[start] == each
        for each, start, end in zip(said.text, said.starts, said.ends, strict=True)
        if each in "好王你"
    )
