"""PyPI ``openai-agents``: checks every event against strict models, the best schema check there is."""

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

FOREIGN = Foreign("openai_agents.py", "pip", ("openai-agents==0.24.0",))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts() -> AsyncIterator[dict[str, Any]]:
    llm = ScriptedLlm(companion)
    async with open_house(Agent("host", instructions="I am the host.", llm=llm)) as house:
        seen = await FOREIGN.run(house.ws, KEY)
        yield {**seen, "said_by_server": dict(house.tally.errors), "cancelled": llm.cancelled}


def test_no_error_anywhere(facts: dict[str, Any]) -> None:
    assert facts["errors"] == []
    assert "error" not in facts["seen"]
    assert facts["said_by_server"] == {}


def test_text_turns_with_memory(facts: dict[str, Any]) -> None:
    assert facts["said"][:4] == [
        ["user", "Hello"],
        ["assistant", "You said Hello"],
        ["user", "What did I say first?"],
        ["assistant", "You said Hello first."],
    ]


def test_function_tool_runs(facts: dict[str, Any]) -> None:
    assert facts["ran"] == ["Paris"]
    ((name, arguments, status, output),) = facts["calls"]
    assert (name, json.loads(arguments), status, output) == ("weather", {"city": "Paris"}, "completed", "sunny")
    assert facts["said"][4:6] == [["user", "What is the weather?"], ["assistant", "The tool says sunny."]]
    assert {"tool_start", "tool_end"} <= set(facts["seen"])


def test_interrupt(facts: dict[str, Any]) -> None:
    assert facts["cancelled"] == 1
    assert facts["said"][6:] == [
        ["user", "Tell me a long story"],
        ["assistant", "Once upon a time there was"],
        ["user", "Hello again"],
        ["assistant", "You said Hello again"],
    ]
