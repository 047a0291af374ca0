"""What breaks in one conversation stays there: providers and tools are other people's code."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from salon.base.chat import Delta, Finished, TextDelta, ToolCallDelta, Usage
from salon.ports.llm import Llm, Traits
from salon.session.agent import Agent
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step, says
from tests.session.house import House, open_house
from tests.session.talker import Talker, done, talk, text_of

LONE = "\ud83d"
"""Half of a character: Python has such strings, UTF-8 does not."""


class Breaking:
    """Keeps none of the promises of a model: raises what it likes, in the middle of an answer."""

    name = "breaking:model"
    traits = Traits()

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def stream(self, *_: Any, **__: Any) -> AsyncGenerator[Delta, None]:
        yield TextDelta("I am about to ")
        raise self._error

    async def aclose(self) -> None:
        return None


async def neighbours_are_well(house: House, neighbour: Talker) -> None:
    events = await neighbour.ask("Are you well?")
    assert done(events)["status"] == "completed"
    async with talk(house, house.url("well")) as newcomer:
        assert text_of(await newcomer.ask("Hello")) == "Very well."


def house_with(llm: Llm, *tools: Any) -> Any:
    return open_house(Agent("ill", llm=llm, tools=tools), Agent("well", llm=ScriptedLlm(says("Very ", "well."))))


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyError("x"), RecursionError(), MemoryError()])
async def test_a_model_that_raises_anything_costs_one_answer(error: Exception) -> None:
    async with (
        house_with(Breaking(error)) as house,  # type: ignore[arg-type]
        talk(house, house.url("well")) as neighbour,
        talk(house, house.url("ill")) as client,
    ):
        for _ in range(2):
            response = done(await client.ask("Hello"))
            assert response["status"] == "failed"
            assert response["status_details"]["error"]["code"] == "server_error"
            assert "a bug" not in str(response)
        await neighbours_are_well(house, neighbour)


@pytest.mark.parametrize("words", [[LONE], ["Good ", LONE, "\ude00"], ["a" + LONE]])
async def test_a_model_that_says_half_a_character_costs_one_answer(words: list[str]) -> None:
    async with (
        house_with(ScriptedLlm(says(*words))) as house,
        talk(house, house.url("well")) as neighbour,
        talk(house, house.url("ill")) as client,
    ):
        for _ in range(2):
            assert done(await client.ask("Hello"))["status"] in ("completed", "failed")
        await neighbours_are_well(house, neighbour)


async def test_a_tool_that_returns_half_a_character_costs_its_output() -> None:
    def broken() -> str:
        return LONE

    def script(asked: Asked) -> list[Step]:
        if asked.messages[-1].role == "tool":
            return list(says("It is broken."))
        return [ToolCallDelta(0, "call_1", "broken", "{}"), Finished("tool_calls", Usage(1, 1))]

    for resume in ({}, {"resume": "new"}):  # one is shown the output, the other not
        async with (
            house_with(ScriptedLlm(script), broken) as house,
            talk(house, house.url("well")) as neighbour,
            talk(house, house.url("ill", **resume)) as client,
        ):
            assert text_of(await client.ask("Hello")) == "It is broken."
            await neighbours_are_well(house, neighbour)


async def test_a_call_with_half_a_character_costs_one_answer() -> None:
    script = [ToolCallDelta(0, "call_1" + LONE, "no" + LONE, "{" + LONE), Finished("tool_calls", Usage(1, 1))]
    async with (
        house_with(ScriptedLlm(script)) as house,
        talk(house, house.url("well")) as neighbour,
        talk(house, house.url("ill")) as client,
    ):
        assert done(await client.ask("Hello"))["status"] in ("completed", "failed")
        await neighbours_are_well(house, neighbour)
