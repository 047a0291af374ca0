"""npm ``@openai/agents-realtime`` by voice over a WebSocket: it drops what does not fit, so its history is the proof."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conformance.realtime.foreign import Foreign
from tests.conformance.realtime.spoken import STORY, Facts, talked

pytestmark = pytest.mark.conformance

FOREIGN = Foreign("voice_agents_node.cjs", "npm", ("@openai/agents-realtime@0.20.0",), env="agents-node")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facts]:
    async with talked(FOREIGN, tmp_path_factory.mktemp("voice")) as seen:
        yield seen


def test_no_error_anywhere(facts: Facts) -> None:
    assert facts.seen["errors"] == []
    assert facts.said_by_server == {}


def test_spoken_turn(facts: Facts) -> None:
    assert facts.seen["said"][:2] == [
        ["user", "Hello there.", "completed"],
        ["assistant", "You said: Hello there.", "completed"],
    ]
    assert facts.seen["sound"] > 48_000


def test_function_tool_runs(facts: Facts) -> None:
    assert facts.seen["ran"] == ["Paris"]
    assert ["assistant", "The tool says sunny.", "completed"] in facts.seen["said"]


def test_interrupted_by_voice_and_cut_to_what_was_heard(facts: Facts) -> None:
    assert facts.seen["interrupted"] >= 1
    assert 0 < len(facts.kept) < len(STORY) // 2
    assert STORY.startswith(facts.kept)


def test_text_in_the_same_conversation(facts: Facts) -> None:
    assert facts.seen["said"][-1][:2] == ["assistant", "You said: Goodbye then."]
