"""OpenAI's audio endpoints: requests, transcripts, samples."""

from __future__ import annotations

import io
import json
import struct
import wave

import pytest

from salon.base.errors import BadAnswer
from salon.base.speech import AsrOptions, TtsOptions
from salon.wire.openai_audio import Samples, Transcript, speech, transcription, wav


def test_a_wav_file_can_be_read() -> None:
    with wave.open(io.BytesIO(wav(b"\1\0\2\0", 16_000))) as file:
        assert (file.getframerate(), file.getnchannels(), file.readframes(9)) == (16_000, 1, b"\1\0\2\0")


def test_only_what_was_asked_for_is_sent() -> None:
    assert transcription("m", AsrOptions(), stream=False) == [("model", "m"), ("response_format", "json")]
    fields = dict(transcription("m", AsrOptions(language="zh-CN", hints=("沙龙", "b"), prompt="before"), stream=True))
    assert (fields["language"], fields["prompt"], fields["stream"]) == ("zh", "沙龙, b before", "true")
    asked = {"model": "m", "input": "hi", "voice": "v", "response_format": "pcm"}
    assert json.loads(speech("m", "hi", "v", TtsOptions())) == asked
    full = json.loads(speech("m", "hi", "v", TtsOptions(speed=9, instructions="calm")))
    assert full == {**asked, "speed": 4.0, "instructions": "calm"}


def whole(data: bytes) -> Transcript:
    transcript = Transcript("house", events=False)
    transcript.feed(data)
    transcript.finish()
    return transcript


def test_a_transcript_is_one_json_object() -> None:
    transcript = whole(
        b'{"text":"\\u4f60\\u597d","language":"zh","usage":{"type":"tokens","input_tokens":9,"output_tokens":2}}'
    )
    assert (transcript.text, transcript.language, transcript.tokens) == ("你好", "zh", (9, 2))
    assert transcript.usage(500).audio == 500
    assert whole(b'{"text":"","language":"chinese","usage":{"type":"duration","seconds":3}}').language == ""


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_transcript_comes_in_events(size: int) -> None:
    stream = (
        'data: {"type":"transcript.text.delta","delta":"你"}\r\n\r\n: comment\n\n'
        'event: e\ndata: {"type":"transcript.text.delta","delta":"好"}\n\n'
        'data: {"type":"transcript.text.done","text":"你好。","usage":{"input_tokens":1,"output_tokens":2}}\n\ndata: [DONE]\n\n'
    ).encode()
    transcript = Transcript("house", events=True)
    changes = [transcript.feed(stream[place : place + size]) for place in range(0, len(stream), size)]
    transcript.finish()
    assert any(changes)
    assert (transcript.text, transcript.tokens) == ("你好。", (1, 2))


@pytest.mark.parametrize("data", [b"", b"<html>", b"[]", b"{}", b'{"text":1}', b"[" * 9999])
def test_what_is_no_transcript_is_a_bad_answer(data: bytes) -> None:
    with pytest.raises(BadAnswer, match="house"):
        whole(data)


@pytest.mark.parametrize("data", [b"", b"data: {\n", b'data: {"error":{"message":"x"}}\n', b'data: {"type":"x"}\n\n'])
def test_a_stream_that_is_none_is_a_bad_answer(data: bytes) -> None:
    transcript = Transcript("house", events=True)
    with pytest.raises(BadAnswer):
        transcript.feed(data)
        transcript.finish()


def read(data: bytes, size: int, rate: int = 24_000) -> tuple[bytes, int]:
    samples = Samples("house", rate)
    pcm = b"".join(samples.feed(data[place : place + size]) for place in range(0, len(data), size))
    return pcm, samples.rate


@pytest.mark.parametrize("size", [1, 3, 45, 1000])
def test_samples_come_raw_or_as_wav(size: int) -> None:
    pcm = bytes(range(200))
    assert read(pcm, size) == (pcm, 24_000)
    assert read(wav(pcm, 22_050), size) == (pcm, 22_050)
    # A stream does not know its length, and may have more chunks.
    head = wav(b"", 16_000)[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + wav(b"", 16_000)[12:]
    assert read(head + pcm, size) == (pcm, 16_000)


def test_half_a_sample_is_not_handed_out() -> None:
    assert read(b"abcde", 5)[0] == b"abcd"
    assert read(b"ab", 2)[0] == b""


def test_other_wav_is_refused() -> None:
    stereo = bytearray(wav(bytes(8), 16_000))
    stereo[22] = 2
    with pytest.raises(BadAnswer, match="2 of 16"):
        read(bytes(stereo), 999)


def test_what_an_error_within_a_stream_says_is_told() -> None:
    transcript = Transcript("h", events=True)
    with pytest.raises(BadAnswer, match="the server had an error"):
        transcript.feed(b'data: {"error":{"message":"the server had an error"}}\n')
