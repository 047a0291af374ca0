"""Pieces of what was heard, and base64."""

from __future__ import annotations

import msgspec
import pytest

from salon.base.errors import BadAnswer
from salon.wire.iflytek_speech.frames import Sentence, decoded, in_base64, out_of_base64


def test_the_best_guess_of_each_slot_is_the_text() -> None:
    given = (
        b'{"ws":[{"bg":0,"cw":[{"w":"\\u4f60","sc":0},{"w":"x"}]},{"cw":[]},{"cw":[{"w":null}]},{},{"cw":[{"w":"!"}]}]}'
    )
    assert decoded(given, msgspec.json.Decoder(Sentence)).text == "你!"


def test_base64_goes_both_ways_and_rubbish_is_a_bad_answer() -> None:
    assert out_of_base64(in_base64(b"\0\xff")) == b"\0\xff"
    assert out_of_base64(None) == b""
    for rubbish in ("a", "你好", "====", "ab$="):
        with pytest.raises(BadAnswer):
            out_of_base64(rubbish)
    with pytest.raises(BadAnswer):
        decoded("[" * 5000, msgspec.json.Decoder(Sentence))
