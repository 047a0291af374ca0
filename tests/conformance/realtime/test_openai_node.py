"""npm ``openai``: the official JavaScript client. It speaks TLS only, so the house does too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from salon.session.agent import Agent
from tests.conformance.environments import python_env
from tests.conformance.realtime.foreign import Foreign, companion
from tests.fakes.scripted_llm import ScriptedLlm
from tests.session.house import KEY, open_house

pytestmark = pytest.mark.conformance

FOREIGN = Foreign("openai_node.cjs", "npm", ("openai@7.57.0", "ws@8.23.0"))
CERTIFICATE = Path(__file__).with_name("certificate.py")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Any]]:
    certificate = tmp_path_factory.mktemp("tls") / "house.pem"
    python = await asyncio.to_thread(python_env, "certificate", ["cryptography"])
    made = await asyncio.create_subprocess_exec(python, CERTIFICATE, certificate)
    assert await made.wait() == 0
    agent = Agent("host", instructions="I am the host.", llm=ScriptedLlm(companion))
    async with open_house(agent, certificate=certificate) as house:
        yield await FOREIGN.run(house.http, KEY)


def test_text_turn(facts: dict[str, Any]) -> None:
    assert facts["text"] == "You said Hello"
    assert facts["types"][0] == "conversation.item.added"
    assert facts["types"][-2:] == ["response.done", "rate_limits.updated"]


def test_function_tool_round_trip(facts: dict[str, Any]) -> None:
    assert facts["call"]["name"] == "weather"
    assert facts["call"]["arguments"] == '{"city": "Paris"}'
    assert facts["answered"] == "The tool says sunny."


def test_the_only_error_is_the_one_asked_for(facts: dict[str, Any]) -> None:
    (error,) = facts["errors"]
    assert error["code"] == "response_cancel_not_active"
