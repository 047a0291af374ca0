"""The Spark model's recognition, frame by frame."""

from __future__ import annotations

import base64
import json

import pytest

from salon.base.errors import BadAnswer
from salon.wire.iflytek_speech import FIRST, LAST, NEXT
from salon.wire.iflytek_speech.spark_iat import decode, encode


def test_only_the_first_frame_has_parameters() -> None:
    first = json.loads(encode(FIRST, 1, b"\1\0", app_id="a", language="zh_cn", silence=6000, hints=("沙龙", "a|b")))
    assert first["header"] == {"app_id": "a", "status": 0}
    iat = first["parameter"]["iat"]
    assert (iat["domain"], iat["language"], iat["eos"], iat["dwa"]) == ("slm", "zh_cn", 6000, "wpgs")
    assert iat["result"] == {"encoding": "utf8", "compress": "raw", "format": "json"}
    assert iat["dhw"] == "utf-8;沙龙|a b"
    audio = {
        "encoding": "raw",
        "sample_rate": 16000,
        "channels": 1,
        "bit_depth": 16,
        "seq": 1,
        "status": 0,
        "audio": "AQA=",
    }
    assert first["payload"]["audio"] == audio
    following = json.loads(encode(NEXT, 2, b"", app_id="a", language="zh_cn", silence=6000))
    assert "parameter" not in following
    assert json.loads(encode(LAST, 3, b"", app_id="a", language="zh_cn", silence=1))["payload"]["audio"]["status"] == 2


def answer(result: object, status: int = 1) -> str:
    text = base64.b64encode(json.dumps(result).encode()).decode()
    payload = {"result": {"encoding": "utf8", "status": status, "seq": 1, "text": text}}
    return json.dumps(
        {"header": {"code": 0, "message": "success", "sid": "ase1", "status": status}, "payload": payload}
    )


def test_a_result_is_json_in_base64() -> None:
    heard = decode(answer({"sn": 1, "ls": True, "pgs": "apd", "ws": [{"cw": [{"w": "你好"}]}]}, 2))
    assert heard.sentence is not None
    assert heard.sentence.text == "你好"
    assert heard.last
    assert decode('{"header":{"code":0,"status":2}}').last
    assert decode('{"header":{"code":10313,"message":"no","sid":"x","status":2}}').code == 10313


def test_rubbish_is_a_bad_answer() -> None:
    for rubbish in ("", "{}", "[]", answer([1]), '{"header":{},"payload":{"result":{"text":"!"}}}'):
        with pytest.raises(BadAnswer):
            decode(rubbish)
