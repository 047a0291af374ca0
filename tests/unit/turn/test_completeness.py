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
    Completeness.PLAIN: [
        "turn on the light",
        "把灯打开",
        "do it like this",
        "tell me what it is",
        "我要一杯咖啡",
        "just a coffee",
        "I want to have a minute",
        "你让我想起她",
    ],
    Completeness.OPEN: [
        "I like that",
        "show me the cheapest",
        "the recipe says to add.",
        "send it to twelve",
        "my name is Ng",
        "我女儿特别喜欢",
        "我要红色的。",
        "给我来一个",
        "我们要一个双人间，带",
        "菜谱上说要加",
        "it is on page 12",
        "could you tell me",
        "你能告诉我",
    ],
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
        "tell the driver that",
        "do you know whether",
        "请告诉司机，就说",
        "你知不知道",
        "有没有什么",
        "Let me",
        "Let me think.",
        "OK, just a second.",
        "Hold on",
        "让我想想。",
        "嗯，我看一下",
        "等一下",
    ],
    Completeness.DICTATING: [
        "my number is five five five",
        "it's 138 1234",
        "that's j o h n",
        "我的号码是一三八",
        "地址是北京市",
        "S M I",
        "it is spelled k",
        "that's b as in bravo",
        "my email is anna",
        "The address is 35 Mill Lane.",
        "我的邮箱是小明",
        "车牌号是京",
        "我的生日是一九九一年",
        "一共是三百",
    ],
}


@pytest.mark.parametrize(("judged", "text"), [(judged, text) for judged, texts in CASES.items() for text in texts])
def test_how_words_sound(judged: Completeness, text: str) -> None:
    assert judge(text) is judged
