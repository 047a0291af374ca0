"""Recognition: requests, packets, answers."""

from __future__ import annotations

import json

import pytest

from salon.base.errors import BadAnswer
from salon.base.speech import Word
from salon.wire.volcengine import asr, decode
from salon.wire.volcengine.frame import ANSWER, LAST_SEQUENCE, SEQUENCE, Frame


def test_the_request_and_the_packets() -> None:
    first = decode(asr.request(hints=("沙龙",)))
    asked = json.loads(first.payload)
    assert first.sequence == 1
    assert asked["audio"]["rate"] == 16000
    assert asked["request"]["model_name"] == "bigmodel"
    assert json.loads(asked["request"]["corpus"]["context"]) == {"hotwords": [{"word": "沙龙"}]}
    assert "corpus" not in json.loads(decode(asr.request()).payload)["request"]
    assert decode(asr.audio(2, b"\1\0")).sequence == 2
    last = decode(asr.audio(3, b"", last=True))
    assert (last.sequence, last.last, last.payload) == (-3, True, b"")


def answer(result: object, flags: int = SEQUENCE) -> Frame:
    return Frame(type=ANSWER, flags=flags, sequence=2, payload=json.dumps({"result": result}).encode())


def test_definite_sentences_are_stable() -> None:
    words = [{"text": "你", "start_time": 0, "end_time": 100}, {"text": "好", "start_time": 100, "end_time": 90}]
    utterances = [{"text": "你好，", "definite": True, "words": words}, {"text": "世", "definite": False}]
    heard = asr.heard(answer({"text": "你好，世", "utterances": utterances}))
    assert heard == asr.Heard("你好，世", 3, (Word("你", 0, 100, 0), Word("好", 100, 100, 1)), False)
    assert asr.heard(answer({"text": "x", "utterances": None}, LAST_SEQUENCE)).last


def test_what_does_not_fit_together_is_not_made_up() -> None:
    odd = [
        {"text": "other", "definite": True, "words": [{"text": "zz", "start_time": 1}, {"text": "t", "start_time": -1}]}
    ]
    heard = asr.heard(answer({"text": "text", "utterances": odd}))
    assert (heard.stable, heard.words) == (0, ())
    assert asr.heard(Frame(type=ANSWER)).text == ""
    with pytest.raises(BadAnswer):
        asr.heard(Frame(type=ANSWER, payload=b"{"))
