"""Results that correct one another. The first example is that of xfyun.cn/doc/asr/voicedictation/API.html in its shape."""

from __future__ import annotations

from typing import Any

import msgspec

from salon.wire.iflytek_speech.frames import Sentence
from salon.wire.iflytek_speech.transcript import MOST, Transcript


def sentence(sn: int, text: str, pgs: str | None = None, rg: list[int] | None = None) -> Sentence:
    given: dict[str, Any] = {"sn": sn, "pgs": pgs, "rg": rg, "ws": [{"cw": [{"w": each}]} for each in text]}
    return msgspec.convert(given, Sentence)


def put(*sentences: Sentence) -> Transcript:
    transcript = Transcript()
    for each in sentences:
        transcript.put(each)
    return transcript


def test_results_follow_one_another() -> None:
    transcript = put(sentence(1, "你好"), sentence(2, "世界"), sentence(3, "。"))
    assert transcript.text == "你好世界。"
    assert transcript.stable == 5


def test_a_result_takes_the_place_of_earlier_ones() -> None:
    transcript = put(
        sentence(1, "今天", "apd"),
        sentence(2, "今天天汽", "rpl", [1, 1]),
        sentence(3, "今天天气", "rpl", [2, 2]),
        sentence(4, "怎么样？", "apd"),
        sentence(5, "怎样？", "rpl", [4, 4]),
    )
    assert transcript.text == "今天天气怎样？"
    assert transcript.stable == 0


def test_a_range_that_makes_no_sense_does_no_harm() -> None:
    transcript = put(
        sentence(1, "a", "apd"), sentence(2, "b", "rpl", [5, 3]), sentence(3, "c", "rpl", [9]), sentence(4, "d", "rpl")
    )
    assert transcript.text == "abcd"
    assert put(sentence(1, "a"), sentence(2, "b", "rpl", [0, 2**63 - 1])).text == "b"


def test_the_number_of_results_is_bounded() -> None:
    assert len(put(*(sentence(number, "a") for number in range(MOST + 10))).text) == MOST
