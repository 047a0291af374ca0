"""PyPI ``pipecat-ai``: one event that does not fit its models, or one error, ends it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conformance.realtime.foreign import Foreign
from tests.conformance.realtime.spoken import STORY, Facts, talked

pytestmark = pytest.mark.conformance

FOREIGN = Foreign("voice_pipecat.py", "pip", ("pipecat-ai[openai]==1.14.0",), env="pipecat")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facts]:
    async with talked(FOREIGN, tmp_path_factory.mktemp("voice")) as seen:
        yield seen


def spoken(facts: Facts) -> str:
    return "".join(text for kind, text in facts.seen["heard"] if kind == "TTSTextFrame")


def test_no_error_anywhere(facts: Facts) -> None:
    assert facts.seen["problems"] == []
    assert facts.seen["errors"] == []
    assert facts.said_by_server == {}


def test_text_turn(facts: Facts) -> None:
    assert "You said: Hello by text." in spoken(facts)


def test_spoken_turn(facts: Facts) -> None:
    assert "You said: Hello there." in spoken(facts)
    assert "TTSAudioRawFrame" in facts.seen["seen"]


def test_function_tool_runs(facts: Facts) -> None:
    assert facts.seen["ran"] == ["Paris"]
    assert "The tool says" in spoken(facts) and "sunny" in spoken(facts)


def test_interrupted_by_voice_and_truncated(facts: Facts) -> None:
    assert "truncate" in facts.seen["raw"]
    assert 0 < len(facts.kept) < len(STORY) // 2
    assert STORY.startswith(facts.kept)
