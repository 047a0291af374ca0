"""Reasoning between think tags, however the pieces are cut."""

from __future__ import annotations

import pytest

from salon.base.chat import Delta, ReasoningDelta, TextDelta
from salon.wire.openai_chat.thinking import MOST_BLANKS, ThinkSplitter


def split(*pieces: str) -> tuple[str, str]:
    """The answer and the reasoning."""
    splitter, out = ThinkSplitter(), list[Delta]()
    for piece in pieces:
        if splitter.answering:
            out.append(TextDelta(piece))
        else:
            splitter.feed(piece, out)
    splitter.finish(out)
    assert all(isinstance(delta, TextDelta | ReasoningDelta) and delta.text for delta in out)
    return (
        "".join(delta.text for delta in out if isinstance(delta, TextDelta)),
        "".join(delta.text for delta in out if isinstance(delta, ReasoningDelta)),
    )


CASES = [
    ("hello", "hello", ""),
    ("<think>why</think>\n\nbecause", "because", "why"),
    ("\n <think>\nwhy\n</think>because", "because", "\nwhy\n"),
    ("<think></think>answer", "answer", ""),
    ("<think>a</think><think>b</think> c", "c", "ab"),
    ("<think>a < b </thin> c</think>d", "d", "a < b </thin> c"),
    ("<think>cut off", "", "cut off"),
    ("<think>cut off</thi", "", "cut off</thi"),
    ("<thi", "<thi", ""),
    ("  hello", "  hello", ""),
    ("<thinking about it", "<thinking about it", ""),
    ("The tag <think>x</think> is", "The tag <think>x</think> is", ""),
    ("\n\n", "", ""),
]


@pytest.mark.parametrize(("text", "answer", "reasoning"), CASES)
def test_whole(text: str, answer: str, reasoning: str) -> None:
    assert split(text) == (answer, reasoning)


@pytest.mark.parametrize(("text", "answer", "reasoning"), CASES)
def test_cut_anywhere(text: str, answer: str, reasoning: str) -> None:
    for at in range(len(text)):
        assert split(text[:at], text[at:]) == (answer, reasoning)
    assert split(*text) == (answer, reasoning)


def test_white_space_is_not_held_back_for_ever() -> None:
    splitter, out = ThinkSplitter(), list[Delta]()
    splitter.feed(" " * (MOST_BLANKS + 1), out)
    assert splitter.answering
    assert out == [TextDelta(" " * (MOST_BLANKS + 1))]


def test_reasoning_is_passed_on_as_it_comes() -> None:
    splitter, out = ThinkSplitter(), list[Delta]()
    splitter.feed("<think>first</", out)
    assert out == [ReasoningDelta("first")]
