"""TTS v2, frame by frame."""

from __future__ import annotations

import base64
import json

import pytest

from salon.base.errors import BadAnswer
from salon.wire.iflytek_speech.tts import decode, encode


def test_the_request() -> None:
    asked = json.loads(encode("你好", app_id="a", voice="xiaoyan", speed=50))
    assert asked["common"] == {"app_id": "a"}
    business = {"aue": "raw", "auf": "audio/L16;rate=16000", "vcn": "xiaoyan", "speed": 50, "tte": "UTF8"}
    assert asked["business"] == business
    assert asked["data"]["status"] == 2
    assert base64.b64decode(asked["data"]["text"]).decode() == "你好"
    assert encode("\ud800", app_id="a", voice="x", speed=1)


def test_audio_is_read() -> None:
    audio = decode('{"code":0,"message":"success","sid":"tts1","data":{"audio":"AQA=","ced":"6","status":1}}')
    assert (audio.pcm, audio.said, audio.last) == (b"\1\0", 6, False)
    assert decode('{"code":0,"data":{"audio":null,"ced":12,"status":2}}').last
    for odd in ('"x"', "null", '"99999999999999999999"', '"-1"', '"\\u0661"'):
        assert decode(f'{{"code":0,"data":{{"ced":{odd}}}}}').said is None
    assert decode('{"code":10109,"message":"text length","sid":"x"}').code == 10109
    with pytest.raises(BadAnswer):
        decode('{"data":{"audio":"!"}}')
