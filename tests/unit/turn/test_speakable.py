"""What is written, as it is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.turn.speakable import Speakable


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is **very** _nice_ and ~~bad~~.", "It is very nice and bad."),
        ("# Title\n", "Title\n"),
        ("- one\n- [x] two\n", "one\ntwo\n"),
        ("> quoted", "quoted"),
        ("See [the docs](https://example.com/a?b=c).", "See the docs."),
        ("Go to https://www.example.com/very/long?x=1 now.", "Go to example.com now."),
        ("请看 https://example.com/路径 。", "请看 example.com 。"),
        ("Use `pip install` here.", "Use pip install here."),
        ("Great 🎉👍🏽!", "Great !"),
        ("It costs 1,234,567 euros.", "It costs 1234567 euros."),
        ("Salt & pepper ≈ 5", "Salt and pepper about 5"),
        ("盐&胡椒", "盐和胡椒"),
        ("写信给 a.b@example.com 吧", "写信给 a.b 在 example.com 吧"),
        ("2 * 3 and snake_case stay", "2 * 3 and snake_case stay"),
        ("As shown [1], yes.", "As shown , yes."),
        ("---\n", ""),
        ("🎉", ""),
        ("Good <b>day</b>.", "Good day."),
    ],
)
def test_what_is_said(written: str, said: str) -> None:
    assert Speakable().say(written) == said


def test_a_table_is_read_cell_by_cell() -> None:
    speakable = Speakable()
    assert speakable.say("| City | People |\n") == " City, People "
    assert speakable.say("|---|---|\n") == ""


def test_code_is_pointed_at_once_whatever_the_clauses() -> None:
    speakable = Speakable()
    said = [speakable.say(clause) for clause in ("Like this:\n", "```python\n", "x = 1;\n", "y = 2\n", "```\nDone.")]
    assert said == ["Like this:\n", "The code is on the screen.", "", "", "Done."]


def test_code_in_a_chinese_answer() -> None:
    speakable = Speakable()
    assert speakable.say("如下：\n```\nx\n```\n好了。") == "如下：\n代码在屏幕上。好了。"


@given(some.text(max_size=80))
def test_any_text_is_said_or_not(text: str) -> None:
    said = Speakable().say(text)
    assert said == "" or any(each.isalnum() for each in said)
