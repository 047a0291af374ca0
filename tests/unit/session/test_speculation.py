"""An answer that was begun before it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from salon.base.chat import Finished, Message, Options, Text, TextDelta
from salon.base.errors import Overloaded
from salon.session.speculation import SpeculatingLlm
from salon.turn.actions import Ask
from tests.fakes.scripted_llm import Script, ScriptedLlm, says

HELLO = (Message(role="user", content=(Text("Hello"),)),)
OTHER = (Message(role="user", content=(Text("Other"),)),)


def ask(messages: tuple[Message, ...] = HELLO) -> Ask:
    return Ask(response_id="", messages=messages, tools=(), options=Options())


@asynccontextmanager
async def speculating(script: Script) -> AsyncIterator[tuple[SpeculatingLlm, ScriptedLlm]]:
    llm = ScriptedLlm(script)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        made = SpeculatingLlm(llm, group.create_task)
        yield made, llm
        await made.aclose()


async def words(llm: SpeculatingLlm, messages: tuple[Message, ...] = HELLO) -> str:
    return "".join([delta.text async for delta in llm.stream(messages) if isinstance(delta, TextDelta)])


async def test_what_was_foreseen_is_not_asked_twice() -> None:
    async with speculating(says("a", "b")) as (llm, inner):
        llm.ask(ask())
        llm.ask(ask())
        assert await words(llm) == "ab"
        assert (inner.opened, llm.hits) == (1, 1)


async def test_what_was_not_is_dropped_and_asked_anew() -> None:
    gate = asyncio.Event()
    script = {"Hello": [TextDelta("wrong"), gate], "Other": says("right")}
    async with speculating(lambda asked: script[asked.messages[0].text]) as (llm, inner):
        llm.ask(ask())
        await inner.started.wait()
        assert await words(llm, OTHER) == "right"
        await inner.idle.wait()
        assert (inner.opened, inner.cancelled, llm.hits) == (2, 1, 0)


async def test_a_drop_closes_the_models_stream() -> None:
    async with speculating([TextDelta("a"), asyncio.Event()]) as (llm, inner):
        llm.ask(ask())
        await inner.started.wait()
        llm.drop()
        await inner.idle.wait()
        assert inner.cancelled == 1


async def test_a_failure_in_advance_is_a_failure_when_asked() -> None:
    async with speculating([TextDelta("a"), Overloaded("Busy.")]) as (llm, _):
        llm.ask(ask())
        with pytest.raises(Overloaded):
            await words(llm)


async def test_closing_the_answer_closes_what_was_begun() -> None:
    async with speculating([TextDelta("a"), asyncio.Event()]) as (llm, inner):
        llm.ask(ask())
        stream = llm.stream(HELLO)
        assert await anext(stream) == TextDelta("a")
        await stream.aclose()
        await inner.idle.wait()


async def test_without_a_guess_it_is_the_model_itself() -> None:
    async with speculating(says("a")) as (llm, inner):
        deltas = [delta async for delta in llm.stream(HELLO)]
        assert isinstance(deltas[-1], Finished)
        assert (llm.name, llm.traits) == (inner.name, inner.traits)
        assert [step.name async for step in llm.check()] == ["script"]
