"""The demonstration as a model: pieces, pace, usage."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from salon.base.chat import Delta, Finished, Message, Options, Text, TextDelta, ToolCallDelta, ToolSpec
from salon.providers.local import texts
from salon.providers.local.llm import PIECE, DemoLlm
from salon.turn.tokens import of_message, of_text


def user(text: str) -> list[Message]:
    return [Message(role="user", content=(Text(text),))]


async def deltas(
    llm: DemoLlm, words: str, options: Options = Options(), tools: tuple[ToolSpec, ...] = ()
) -> list[Delta]:
    return [delta async for delta in llm.stream(user(words), tools, options)]


def text_of(said: list[Delta]) -> str:
    return "".join(delta.text for delta in said if isinstance(delta, TextDelta))


async def test_it_speaks_in_pieces_and_counts_honestly() -> None:
    said = await deltas(DemoLlm(), "count to 3")
    assert said[:-1] == [TextDelta("1, "), TextDelta("2, "), TextDelta("3.")]
    last = said[-1]
    assert isinstance(last, Finished)
    assert last.usage is not None
    assert (last.reason, last.model) == ("stop", "demo:demo")
    assert (last.usage.input, last.usage.output) == (of_message(user("count to 3")[0]), of_text("1, 2, 3."))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pieces_make_the_whole(language: texts.Language) -> None:
    text = texts.MARKDOWN[language]
    assert "".join(PIECE.findall(text)) == text
    assert max(len(piece.strip()) for piece in PIECE.findall(text)) < 60


async def test_a_call_has_its_name_first() -> None:
    said = await deltas(DemoLlm(), "weather in New York", tools=(ToolSpec("weather", "", SCHEMA),))
    calls = [delta for delta in said if isinstance(delta, ToolCallDelta)]
    assert calls[0].name == "weather"
    assert calls[0].id.startswith("call_")
    assert "".join(call.arguments for call in calls) == '{"city":"New York"}'
    assert len(calls) > 2
    assert isinstance(said[-1], Finished)
    assert said[-1].reason == "tool_calls"
    again = await deltas(DemoLlm(), "weather in New York", tools=(ToolSpec("weather", "", SCHEMA),))
    assert isinstance(again[0], ToolCallDelta)
    assert again[0].id != calls[0].id, "ids are not used twice in a conversation"


SCHEMA: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def test_the_clock_is_given() -> None:
    llm = DemoLlm(now=lambda: 0.0, local_time=time.gmtime)
    assert text_of(await deltas(llm, "what time is it")) == "It is 00:00 on Thursday, 1970-01-01."


async def test_the_limit_is_kept() -> None:
    said = await deltas(DemoLlm(), "count to 100", Options(max_output_tokens=5))
    assert isinstance(said[-1], Finished)
    assert said[-1].reason == "length"
    assert said[-1].usage is not None
    assert 0 < said[-1].usage.output <= 5
    assert of_text(text_of(said)) == said[-1].usage.output


async def test_the_pace_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    sleep = asyncio.sleep

    async def note(seconds: float) -> None:
        slept.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note)
    await deltas(DemoLlm(pace=4), "count to 3")
    assert len(slept) == 3
    assert sum(slept) == pytest.approx(0.25 + 0.5 + 0.75, abs=0.1), "each piece is due a quarter of a second later"
    slept.clear()
    await deltas(DemoLlm(pace=0), "count to 3")
    assert max(slept) <= 0


async def test_it_lets_others_run() -> None:
    ran: list[str] = []

    async def count(name: str) -> None:
        async for _ in DemoLlm().stream(user("count to 5")):
            ran.append(name)  # noqa: PERF401 - the order is what counts

    async with asyncio.TaskGroup() as group:
        group.create_task(count("a"))
        group.create_task(count("b"))
    assert ran[:4] in (["a", "b", "a", "b"], ["b", "a", "b", "a"])


async def test_check_and_close() -> None:
    llm = DemoLlm()
    assert [step.ok async for step in llm.check()] == [True]
    await llm.aclose()
    assert llm.name == "demo:demo"
    assert llm.traits.images
