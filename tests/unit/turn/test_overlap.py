"""A nod, an echo or an interruption."""

from __future__ import annotations

import pytest

from salon.turn.overlap import Overlap, classify


@pytest.mark.parametrize(
    "text",
    [
        "mhm",
        "Uh-huh.",
        "Yeah, okay",
        "right",
        "I see",
        "嗯",
        "对对对",
        "嗯嗯，好的",
        "原来如此",
        "是的是的",
        "哦，这样啊",
    ],
)
def test_nods(text: str) -> None:
    assert classify(text) is Overlap.NOD


@pytest.mark.parametrize(
    "text",
    [
        "stop",
        "wait a second",
        "no",
        "what about tomorrow",
        "yeah but why",
        "停",
        "等一下",
        "不对",
        "我想问一下",
        "好的那明天呢",
        "it",
    ],
)
def test_interruptions(text: str) -> None:
    assert classify(text) is Overlap.SPEECH


@pytest.mark.parametrize("text", ["", " ", "。", "..."])
def test_nothing(text: str) -> None:
    assert classify(text) is Overlap.NOTHING


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("the capital of France", "The capital of France is Paris."),
        ("capital of friends is paris", "The capital of France is Paris."),
        ("首都是巴黎", "法国的首都是巴黎，人口两百万。"),
    ],
)
def test_our_own_voice_comes_back(text: str, ours: str) -> None:
    assert classify(text, ours) is Overlap.ECHO


@pytest.mark.parametrize("text", ["i", "of", "got", "原来", "知", "对，没", "mm-hmm", "hmm", "嗯哼", "aha"])
def test_what_may_become_a_nod(text: str) -> None:
    assert classify(text, whole=False) is Overlap.NOD


@pytest.mark.parametrize("text", ["of", "知", "原"])
def test_and_has_not(text: str) -> None:
    assert classify(text) is Overlap.SPEECH


def test_a_single_word_of_ours_is_an_echo_unless_it_is_an_order() -> None:
    assert classify("the", "The capital of France is Paris.") is Overlap.ECHO
    assert classify("fran", "The capital of France is Paris.", whole=False) is Overlap.ECHO
    assert classify("人", "人口两百万。") is Overlap.ECHO
    assert classify("stop", "The bus will stop there.") is Overlap.SPEECH
    assert classify("不对", "这样做不对。") is Overlap.SPEECH


def test_others_words_are_no_echo() -> None:
    assert classify("how many people live there", "The capital of France is Paris.") is Overlap.SPEECH
    assert classify("停", "请停车。") is Overlap.SPEECH
