"""PyPI ``openai-agents`` by voice: strict models check every event of audio too."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conformance.realtime.foreign import Foreign
from tests.conformance.realtime.spoken import STORY, Facts, talked

pytestmark = pytest.mark.conformance

FOREIGN = Foreign("voice_openai_agents.py", "pip", ("openai-agents==0.24.0",), env="openai-agents")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facts]:
    folder: Path = tmp_path_factory.mktemp("voice")
    async with talked(FOREIGN, folder) as seen:
        yield seen


def test_no_error_anywhere(facts: Facts) -> None:
    assert facts.seen["errors"] == []
    assert facts.said_by_server == {}


def test_spoken_turn(facts: Facts) -> None:
    assert facts.seen["said"][:2] == [["user", "Hello there."], ["assistant", "You said: Hello there."]]
    assert facts.seen["audio"] > 48_000


def test_function_tool_runs(facts: Facts) -> None:
    assert facts.seen["ran"] == ["Paris"]
    assert ["assistant", "The tool says sunny."] in facts.seen["said"]


def test_interrupted_by_voice_and_cut_to_what_was_heard(facts: Facts) -> None:
    assert 0 < len(facts.kept) < len(STORY) // 2
    assert STORY.startswith(facts.kept)


def test_text_in_the_same_conversation(facts: Facts) -> None:
    assert facts.seen["said"][-1] == ["assistant", "You said: Goodbye then."]
