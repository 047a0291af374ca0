"""Whether words sound finished, in Chinese and English."""

from __future__ import annotations

import pytest

from salon.turn.completeness import Completeness, judge

CASES = {
    Completeness.UNKNOWN: ["", "  "],
    Completeness.FINISHED: [
        "What can you do?",
        "Turn on the light.",
        "你能做什么？",
        "今天天气怎么样呢",
        "我知道了",
        "把灯打开。",
        "Where are you from?",
        "我的电话是13812345678。",
    ],
    Completeness.PLAIN: ["turn on the light", "把灯打开", "I like that", "tell me what it is"],
    Completeness.TRAILING: [
        "I went there because",
        "I want to book a flight to",
        "um",
        "Well,",
        "it was really nice and",
        "So I think...",
        "我想要那个",
        "今天我去了商店，然后",
        "因为",
        "我觉得。",
        "嗯……",
        "john at gmail dot",
    ],
    Completeness.DICTATING: [
        "my number is five five five",
        "it's 138 1234",
        "that's j o h n",
        "我的号码是一三八",
        "地址是北京市",
        "S M I",
    ],
}


@pytest.mark.parametrize(("judged", "text"), [(judged, text) for judged, texts in CASES.items() for text in texts])
def test_how_words_sound(judged: Completeness, text: str) -> None:
    assert judge(text) is judged
