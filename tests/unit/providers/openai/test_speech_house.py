"""Houses that hear and speak behind OpenAI's audio endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.errors import ConfigError
from salon.ports.house import Hears, Speaks
from salon.providers.openai import deepseek, local_speech, openai
from salon.providers.openai.speech_house import streams


def test_openai_hears_and_speaks_and_others_do_not() -> None:
    assert isinstance(openai, Hears)
    assert isinstance(openai, Speaks)
    assert not isinstance(deepseek, Hears)
    assert openai.asr("", {"api_key": "k"}).name == "openai:gpt-4o-mini-transcribe"
    assert openai.tts("", {"api_key": "k", "tts_voice": "mine"}).traits.voices[:2] == ("mine", "alloy")
    assert openai.llm("", {"api_key": "k"}).name.startswith("openai:")
    with pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        openai.asr("", {})


def test_a_server_of_ones_own_needs_an_address_for_each() -> None:
    assert local_speech.asr("large-v3", {"asr_url": "http://h/v1/"}).name == "local-speech:large-v3"
    assert local_speech.tts("", {"tts_url": "http://h/v1/audio/speech"}).name == "local-speech:kokoro"
    with pytest.raises(ConfigError, match="LOCAL_ASR_URL"):
        local_speech.asr("", {"tts_url": "http://h/v1"})
    with pytest.raises(ConfigError, match="no language model"):
        local_speech.llm("", {})


@pytest.mark.parametrize(
    "wrong",
    [
        {"tts_url": "h:80/v1"},
        {"tts_url": "http://user:secret@h/v1"},
        {"tts_url": "http://h/v1", "tts_rate": 7},
        {"tts_url": "http://h/v1", "first_audio_timeout": "soon"},
        {"tts_url": "http://h/v1", "stall_timeout": -1},
    ],
)
def test_what_is_wrong_is_told_without_secrets(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        local_speech.tts("", wrong)
    assert "secret" not in str(caught.value)


def test_who_streams() -> None:
    assert streams("gpt-4o-mini-transcribe")
    assert not streams("whisper-1")
