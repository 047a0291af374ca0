"""OpenAI's audio endpoints as providers. What all of them keep is in ``tests/contract``."""

from __future__ import annotations

import pytest

from salon.base.errors import AuthFailed, Unreachable
from salon.base.speech import AsrOptions, Final, Heard, Partial, Speech, TtsOptions
from salon.ports.asr import Asr
from salon.ports.tts import Tts
from salon.providers.openai import audio as module
from salon.providers.openai import local_speech, openai
from tests.fakes.openai_audio_server import KEY, audio_server
from tests.fakes.uttered import understood, uttered


async def hear(asr: Asr, text: str, options: AsrOptions = AsrOptions()) -> list[Heard]:
    async with asr.session(options) as session:
        session.push(uttered(text))
        session.finish()
        return [heard async for heard in session.results()]


async def say(tts: Tts, *pieces: str, options: TtsOptions = TtsOptions()) -> list[Speech]:
    async with tts.session(options) as session:
        for piece in pieces:
            session.push(piece)
        session.finish()
        return [frame async for frame in session.frames() if isinstance(frame, Speech)]


async def test_a_transcript_that_comes_in_pieces_is_told_in_pieces() -> None:
    async with audio_server() as server:
        asr = openai.asr("", {"api_key": KEY, "base_url": server.url})
        results = await hear(asr, "你好，世界", AsrOptions(language="zh-CN", hints=("沙龙",)))
        assert server.asked == [
            {
                "model": "gpt-4o-mini-transcribe",
                "response_format": "json",
                "stream": "true",
                "language": "zh",
                "prompt": "沙龙",
            }
        ]
        await asr.aclose()
    assert isinstance(results[0], Partial)
    final = results[-1]
    assert isinstance(final, Final)
    assert final.usage is not None
    assert (final.text, final.model) == ("你好，世界", "openai:gpt-4o-mini-transcribe")
    assert (final.usage.input_tokens, final.usage.output_tokens) == (9, 3)


async def test_a_server_of_ones_own_is_not_asked_to_stream() -> None:
    async with audio_server(streams=False) as server:
        asr = local_speech.asr("large-v3", {"api_key": KEY, "asr_url": server.url})
        assert [each.text for each in await hear(asr, "hello")] == ["hello"]
        assert server.asked == [{"model": "large-v3", "response_format": "json"}]
        await asr.aclose()


async def test_a_long_utterance_takes_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", len(uttered("一")) * 40)
    text = "".join(chr(0x4E00 + number) for number in range(100))
    async with audio_server() as server:
        asr = openai.asr("whisper-1", {"api_key": KEY, "base_url": server.url})
        assert (await hear(asr, text))[-1].text == text
        assert len(server.asked) == 3
        await asr.aclose()


async def test_each_piece_is_a_request_and_the_last_chunk_tells_that_it_is_said() -> None:
    async with audio_server() as server:
        tts = openai.tts("tts-1", {"api_key": KEY, "base_url": server.url, "tts_voice": "nova"})
        speech = await say(tts, "One. ", "二。", options=TtsOptions(speed=1.5, instructions="calm"))
        assert understood(b"".join(each.pcm for each in speech)) == "One. 二。"
        assert [each["input"] for each in server.asked] == ["One. ", "二。"]
        assert {(each["voice"], each["speed"], each["instructions"]) for each in server.asked} == {
            ("nova", 1.5, "calm")
        }
        said = [each.said for each in speech]
        assert sorted(said) == said  # type: ignore[type-var]
        assert set(said) == {0, 5, 7}
        assert said[-1] == 7
        await tts.aclose()


async def test_a_server_that_knows_only_wav_tells_its_rate() -> None:
    async with audio_server(wav=True) as server:
        tts = local_speech.tts("", {"api_key": KEY, "tts_url": server.url, "tts_voice": "af_heart"})
        speech = await say(tts, "hello")
        assert {each.rate for each in speech} == {22_050}
        assert understood(b"".join(each.pcm for each in speech)) == "hello"
        await tts.aclose()


async def test_a_wrong_key_and_nobody_there() -> None:
    async with audio_server() as server:
        asr = openai.asr("", {"api_key": "sk-wrong", "base_url": server.url})
        with pytest.raises(AuthFailed) as caught:
            await hear(asr, "hi")
        assert "OPENAI_API_KEY" in caught.value.advice
        assert "sk-wrong" not in f"{caught.value} {caught.value.advice}"
        await asr.aclose()
    gone = local_speech.tts("", {"tts_url": "http://127.0.0.1:9/v1"})
    with pytest.raises(Unreachable) as missing:
        await say(gone, "hi")
    assert "LOCAL_TTS_URL" in missing.value.advice
    await gone.aclose()
