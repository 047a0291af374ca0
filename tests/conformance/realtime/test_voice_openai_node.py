"""npm ``openai`` by voice, over TLS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conformance.environments import python_env
from tests.conformance.realtime.foreign import Foreign
from tests.conformance.realtime.spoken import Facts, talked

pytestmark = pytest.mark.conformance

FOREIGN = Foreign("voice_openai_node.cjs", "npm", ("openai@7.57.0", "ws@8.23.0"), env="openai-node")
CERTIFICATE = Path(__file__).with_name("certificate.py")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facts]:
    folder = tmp_path_factory.mktemp("voice")
    certificate = folder / "house.pem"
    python = await asyncio.to_thread(python_env, "certificate", ["cryptography"])
    made = await asyncio.create_subprocess_exec(python, CERTIFICATE, certificate)
    assert await made.wait() == 0
    async with talked(FOREIGN, folder, certificate=certificate) as seen:
        yield seen


def test_no_error_anywhere(facts: Facts) -> None:
    assert facts.seen["errors"] == []
    assert facts.said_by_server == {}


def test_spoken_turn(facts: Facts) -> None:
    assert facts.seen["types"][0] == "input_audio_buffer.speech_started"
    assert facts.seen["heard"] == "Hello there."
    assert facts.seen["transcript"] == "You said: Hello there."
    assert facts.seen["sound"] > 48_000


def test_function_tool_round_trip(facts: Facts) -> None:
    assert facts.seen["call"]["name"] == "weather"
    assert facts.seen["told"] == "The tool says sunny."


def test_interrupted_by_voice_and_truncated(facts: Facts) -> None:
    assert facts.seen["kept"]["status"] == "incomplete"
    assert facts.seen["kept"]["content"][0]["transcript"] == "Once upon a time there"
