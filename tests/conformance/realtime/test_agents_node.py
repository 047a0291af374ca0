"""npm ``@openai/agents-realtime``: drops what does not fit its schemas without a word, so its history is the proof."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from salon.session.agent import Agent
from tests.conformance.realtime.foreign import Foreign, companion
from tests.fakes.scripted_llm import ScriptedLlm
from tests.session.house import KEY, open_house

pytestmark = pytest.mark.conformance

FOREIGN = Foreign("agents_node.cjs", "npm", ("@openai/agents-realtime@0.20.0",))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts() -> AsyncIterator[dict[str, Any]]:
    async with open_house(Agent("host", instructions="I am the host.", llm=ScriptedLlm(companion))) as house:
        seen = await FOREIGN.run(house.ws, KEY)
        yield {**seen, "said_by_server": dict(house.tally.errors)}


def test_no_error_anywhere(facts: dict[str, Any]) -> None:
    assert facts["errors"] == []
    assert facts["said_by_server"] == {}


def test_settings_it_sends_by_itself_are_taken(facts: dict[str, Any]) -> None:
    """It sends semantic_vad, a transcription model of its vendor's, and then tracing."""
    assert facts["seen"][:2] == ["session.created", "session.updated"]
    assert facts["seen"].count("session.updated") == 2


def test_text_turns_with_memory(facts: dict[str, Any]) -> None:
    assert facts["said"][:4] == [
        ["user", "Hello", "completed"],
        ["assistant", "You said Hello", "completed"],
        ["user", "What did I say first?", "completed"],
        ["assistant", "You said Hello first.", "completed"],
    ]


def test_function_tool_runs(facts: dict[str, Any]) -> None:
    assert facts["ran"] == ["Paris"]
    ((name, arguments, status, output),) = facts["calls"]
    assert (name, json.loads(arguments), status, output) == ("weather", {"city": "Paris"}, "completed", "sunny")
    assert facts["said"][5] == ["assistant", "The tool says sunny.", "completed"]


def test_cancel(facts: dict[str, Any]) -> None:
    assert facts["said"][6:] == [
        ["user", "Tell me a long story", "completed"],
        ["assistant", "Once upon a time there was", "incomplete"],
        ["user", "Hello again", "completed"],
        ["assistant", "You said Hello again", "completed"],
    ]
