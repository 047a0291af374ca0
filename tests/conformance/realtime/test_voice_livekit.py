"""PyPI ``livekit-plugins-openai``: finds its replies by their metadata, its items by their ids."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conformance.realtime.foreign import Foreign
from tests.conformance.realtime.spoken import STORY, Facts, talked

pytestmark = pytest.mark.conformance

FOREIGN = Foreign("voice_livekit.py", "pip", ("livekit-plugins-openai==1.8.9", "livekit-agents==1.8.9"), env="livekit")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facts]:
    async with talked(FOREIGN, tmp_path_factory.mktemp("voice")) as seen:
        yield seen


def test_no_error_anywhere(facts: Facts) -> None:
    assert facts.seen["errors"] == []
    # Its interrupt() cancels what may be over already; it passes over the answer.
    assert set(facts.said_by_server) <= {"response_cancel_not_active"}


def test_text_turn_is_spoken(facts: Facts) -> None:
    words, samples = facts.seen["said"][0]
    assert words == "You said: Hello by text."
    assert samples > 24_000


def test_spoken_turn(facts: Facts) -> None:
    assert facts.seen["said"][1][0] == "You said: Hello there."
    assert facts.seen["heard"][0] == "Hello there."
    assert facts.seen["events"].count("input_speech_stopped") >= 3


def test_function_tool_runs(facts: Facts) -> None:
    assert facts.seen["ran"] == ["Paris"]
    assert facts.seen["said"][3][0] == "The tool says sunny."


def test_interrupted_by_voice_and_truncated(facts: Facts) -> None:
    assert STORY.startswith(facts.kept)
    assert 0 < len(facts.kept) < len(STORY) // 2
