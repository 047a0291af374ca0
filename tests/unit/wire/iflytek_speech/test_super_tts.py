"""超拟人, frame by frame."""

from __future__ import annotations

import base64
import json

from salon.wire.iflytek_speech import FIRST, LAST, NEXT
from salon.wire.iflytek_speech.super_tts import decode, encode


def test_only_the_first_frame_has_parameters() -> None:
    first = json.loads(encode(FIRST, 0, "你好", app_id="a", voice="x5_lingxiaoxuan_flow", speed=50))
    assert first["header"] == {"app_id": "a", "status": 0}
    assert first["parameter"]["tts"]["vcn"] == "x5_lingxiaoxuan_flow"
    assert first["parameter"]["tts"]["audio"] == {
        "encoding": "raw",
        "sample_rate": 24000,
        "channels": 1,
        "bit_depth": 16,
        "frame_size": 0,
    }
    assert "oral" not in first["parameter"]
    said = first["payload"]["text"]
    assert (said["status"], said["seq"], base64.b64decode(said["text"]).decode()) == (0, 0, "你好")
    assert "parameter" not in json.loads(encode(NEXT, 1, "x", app_id="a", voice="v", speed=50))
    assert json.loads(encode(LAST, 2, "", app_id="a", voice="v", speed=50))["payload"]["text"]["status"] == 2


def test_an_older_voice_is_not_made_more_colloquial() -> None:
    first = json.loads(encode(FIRST, 0, "x", app_id="a", voice="x4_lingxiaoxuan_oral", speed=50))
    assert first["parameter"]["oral"] == {"oral_level": "mid", "spark_assist": 0}


def test_audio_is_read() -> None:
    audio = decode('{"header":{"code":0,"sid":"s","status":1},"payload":{"audio":{"seq":1,"status":1,"audio":"AQA="}}}')
    assert (audio.pcm, audio.last, audio.said) == (b"\1\0", False, None)
    assert decode('{"header":{"code":0},"payload":{"audio":{"status":2}}}').last
    assert not decode('{"header":{"code":0,"status":2},"payload":{"pybuf":{"text":"x"}}}').last
    assert decode('{"header":{"code":11200,"message":"no","status":2}}').code == 11200
