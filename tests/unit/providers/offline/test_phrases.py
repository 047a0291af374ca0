"""The phrases, and that the demonstration model understands each."""

from __future__ import annotations

import re
import time

import pytest

from salon.base.chat import Message, Options, Text
from salon.providers.local.demo import answer
from salon.providers.offline import phrases

CHATTER = {"thank you", "goodbye", "bye bye", "谢谢", "再见"}
SAID = [
    phrases.written(phrase.replace("#", number))
    for language, number in (("en", "five"), ("zh", "五"))
    for phrase in phrases.of(language)
]


@pytest.mark.parametrize("said", [each for each in SAID if each not in CHATTER])
def test_the_demonstration_understands(said: str) -> None:
    told = answer([Message(role="user", content=(Text(said),))], (), Options(), time.gmtime(0))
    assert isinstance(told, str)
    assert "I do not understand it" not in told
    assert "我听不懂" not in told


def test_a_grammar_has_only_words_that_can_be_pronounced() -> None:
    known = phrases.pronunciations()
    assert set(re.findall("[\u3400-\u9fff]", phrases.grammar("zh"))) == set(known)
    letters = re.compile("[A-Z ]+")
    assert all(letters.fullmatch(way) for ways in known.values() for way in ways)
    assert "你" not in phrases.grammar("en")
    assert "hello" not in phrases.grammar("zh")


def test_whole_phrases_are_told_from_beginnings() -> None:
    assert phrases.is_whole("count from three to one hundred")
    assert phrases.is_whole("数 到 二 十 五")
    assert not phrases.is_whole("count from three")
    assert not phrases.is_whole("数 到")
    assert not phrases.is_whole("")


def test_how_it_is_written() -> None:
    assert phrases.written("现 在 几 点") == "现在几点"
    assert phrases.written("what did i say") == "what did I say"
    assert [phrases.language_of(each) for each in ("你 好", "hello", "")] == ["zh", "en", ""]
