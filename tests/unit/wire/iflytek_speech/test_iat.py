"""IAT v2, frame by frame."""

from __future__ import annotations

import json

from salon.wire.iflytek_speech import FIRST, LAST, NEXT
from salon.wire.iflytek_speech.iat import decode, encode


def test_only_the_first_frame_says_who_and_how() -> None:
    first = json.loads(encode(FIRST, b"\1\0", app_id="a", language="zh_cn", silence=10_000))
    assert first["common"] == {"app_id": "a"}
    assert first["business"] == {
        "language": "zh_cn",
        "domain": "iat",
        "accent": "mandarin",
        "vad_eos": 10_000,
        "ptt": 1,
        "dwa": "wpgs",
    }
    assert first["data"] == {"status": 0, "format": "audio/L16;rate=16000", "encoding": "raw", "audio": "AQA="}
    assert json.loads(encode(NEXT, b"\1\0", app_id="a", language="zh_cn", silence=1)) == {
        "data": {**first["data"], "status": 1}
    }
    assert json.loads(encode(LAST, b"", app_id="a", language="zh_cn", silence=1))["data"]["status"] == 2
    assert "dwa" not in json.loads(encode(FIRST, b"", app_id="a", language="en_us", silence=1))["business"]


def test_a_result_is_read() -> None:
    heard = decode(
        '{"code":0,"message":"success","sid":"iat1","data":{"status":1,"result":{"sn":2,"ls":false,"bg":0,"ed":0,'
        '"pgs":"rpl","rg":[1,1],"ws":[{"bg":0,"cw":[{"w":"\\u4f60","sc":0}]}]}}}'
    )
    assert heard.sentence is not None
    assert (heard.sentence.text, heard.sentence.pgs, heard.sentence.rg, heard.last) == ("你", "rpl", [1, 1], False)
    assert decode('{"code":0,"data":{"status":2}}').last
    failed = decode('{"code":11200,"message":"licc failed","sid":"iat1"}')
    assert (failed.code, failed.message, failed.sid) == (11200, "licc failed", "iat1")
