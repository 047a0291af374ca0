"""Two languages, one table."""

from __future__ import annotations

import string

import pytest

from salon.cli.words import WORDS, chinese, words


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, False),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "C", "LC_MESSAGES": "zh_TW"}, True),
        ({"LANG": "zh", "LC_ALL": ""}, True),
    ],
)
def test_which_language(environ: dict[str, str], expected: bool) -> None:
    assert chinese(environ) is expected


@pytest.mark.parametrize("key", WORDS)
def test_both_languages_say_the_same_things(key: str) -> None:
    english, chinese = ({name for _, name, _, _ in string.Formatter().parse(text) if name} for text in WORDS[key])
    assert english == chinese


def test_words_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert words("chat model", model="demo") == "The model is demo."
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert words("chat model", model="demo") == "当前模型：demo。"
