"""Who hears and speaks for which agent."""

from __future__ import annotations

import logging
import pathlib

import pytest

from salon.app.config import Config
from salon.app.config_load import Loaded
from salon.app.models import Models
from salon.app.speech import SpeechOf, warm
from salon.base.errors import ConfigError
from salon.providers.onnx import house as onnx
from salon.session.agent import Agent
from tests.fakes.instant_speech import InstantAsr, InstantTts


def speech(*, named: bool = False) -> SpeechOf:
    return SpeechOf(Models(Loaded(config=Config()), environ={}), named_tts=named)


def test_an_agent_may_bring_its_own() -> None:
    asr, tts = InstantAsr(), InstantTts()
    found = speech()(Agent("host", asr=asr, tts=tts))
    assert (found.asr, found.tts, found.aloud) == (asr, tts, True)


def test_none_is_no_speech() -> None:
    found = speech(named=True)(Agent("host", asr="none", tts=("none",)))
    assert (found.asr, found.tts, found.aloud) == (None, None, False)


def test_none_stands_alone() -> None:
    with pytest.raises(ConfigError, match="stands alone"):
        speech()(Agent("host", asr="none", tts=("none", "offline")))


def test_a_wrong_name_is_told() -> None:
    with pytest.raises(ConfigError, match="nobody"):
        speech()(Agent("host", tts="nobody:voice"))


def test_what_nobody_named_is_not_spoken_unasked() -> None:
    assert not speech()(Agent("host")).aloud


def test_it_is_found_once_for_each_agent() -> None:
    made = speech()
    assert made(Agent("host", asr="none")) is made(Agent("host", asr="none"))


async def test_a_turn_model_that_cannot_be_loaded_is_a_warning(
    tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "turn.onnx").write_bytes(b"no model")
    with caplog.at_level(logging.WARNING):
        await warm(onnx.turn(str(tmp_path / "turn.onnx"), {}))
    assert "turns end by their words" in caplog.text
