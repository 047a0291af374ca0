"""Synthesis: events."""

from __future__ import annotations

import json

from salon.wire.volcengine import decode, tts
from salon.wire.volcengine.frame import ANSWER, Frame


def test_events_are_written() -> None:
    assert tts.plain(tts.START_CONNECTION).hex() == "1114100000000001000000027b7d"
    begun = decode(tts.start_session("s", voice="v", speed=20))
    asked = json.loads(begun.payload)
    assert (begun.event, begun.id, asked["event"], asked["namespace"]) == (100, "s", 100, "BidirectionalTTS")
    audio = {"format": "pcm", "sample_rate": 24000, "speech_rate": 20}
    assert asked["req_params"] == {"speaker": "v", "audio_params": audio}
    said = decode(tts.task("s", "你好", voice="v"))
    assert (said.event, json.loads(said.payload)["req_params"]["text"]) == (200, "你好")
    assert decode(tts.plain(tts.FINISH_SESSION, "s")).id == "s"


def test_a_sentence_has_a_text_or_none() -> None:
    assert tts.sentence(Frame(type=ANSWER, payload='{"text":"你好"}'.encode())) == "你好"
    for odd in (b"", b"{}", b"[", b'{"text":1}', b"\xff"):
        assert tts.sentence(Frame(type=ANSWER, payload=odd)) == ""
