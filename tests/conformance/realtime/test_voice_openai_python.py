"""PyPI ``openai`` by voice: the official Python client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conformance.realtime.foreign import Foreign
from tests.conformance.realtime.spoken import STORY, Facts, talked

pytestmark = pytest.mark.conformance

FOREIGN = Foreign("voice_openai_python.py", "pip", ("openai[realtime]==3.54.0",), env="openai-python")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facts]:
    async with talked(FOREIGN, tmp_path_factory.mktemp("voice")) as seen:
        yield seen


def test_no_error_anywhere(facts: Facts) -> None:
    assert facts.seen["errors"] == []
    assert facts.said_by_server == {}


def test_settings_of_audio_are_echoed(facts: Facts) -> None:
    audio = facts.seen["updated"]
    assert audio["input"]["turn_detection"]["silence_duration_ms"] == 400
    assert audio["output"]["voice"] == "marin"


def test_spoken_turn(facts: Facts) -> None:
    assert facts.seen["turn"][:3] == [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
    ]
    assert facts.seen["heard"] == "Hello there."
    assert facts.seen["transcript"] == "You said: Hello there."
    assert facts.seen["sound"] > 48_000


def test_function_tool_round_trip(facts: Facts) -> None:
    assert json.loads(facts.seen["arguments"]) == {"city": "Paris"}
    assert facts.seen["told"] == [{"type": "output_audio", "transcript": "The tool says sunny."}]


def test_interrupted_by_voice_and_truncated(facts: Facts) -> None:
    assert facts.seen["truncated"] == 1500
    assert facts.kept == "Once upon a time there"
    assert STORY.startswith(facts.kept)


def test_push_to_talk_answered_in_text(facts: Facts) -> None:
    assert facts.seen["pushed"] == [{"type": "output_text", "text": "You said: Goodbye then."}]
