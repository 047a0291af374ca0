"""One answer in a room: announced, growing, whole; stopped, failed, cut off."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from salon.base.chat import Image, TextDelta, ToolCallDelta
from salon.base.errors import ProviderError
from salon.ports.llm import Traits
from salon.room import chat
from salon.session.agent import Agent
from tests.fakes.agents import chatting
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step


async def test_its_words_are_seen_before_it_is_whole() -> None:
    go = asyncio.Event()
    async with chatting(ScriptedLlm([TextDelta("half"), go, TextDelta(" and half")])) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@salon hi")
        await house.grown("half")
        said = (await house.said())[-1]
        assert await house.growing() == {said.id: {"text": "half"}}
        assert (said.text, said.growing) == ("", True)
        go.set()
        await house.until(ada, "edit")
        await house.grown("")
        said = (await house.said())[-1]
        assert (said.text, said.growing, said.end) == ("half and half", False, "done")


async def test_anybody_stops_it_and_what_was_said_stays() -> None:
    async with chatting(ScriptedLlm([TextDelta("half"), asyncio.Event()])) as house:
        ada, bob = await house.enter("ada"), await house.enter("bob")
        await house.say(ada, "m1", "@salon hi")
        await house.grown("half")
        await house.put(bob, {"type": "stop", "id": (await house.said())[-1].id})
        ended = await house.until(ada, "edit")
        assert (ended[0]["text"], ended[0]["end"]) == ("half", "stopped")
        await house.llm.idle.wait()
        assert house.llm.cancelled == 1


async def test_a_question_that_is_taken_back_needs_no_answer() -> None:
    async with chatting(ScriptedLlm([TextDelta("half"), asyncio.Event()])) as house:
        ada, bob = await house.enter("ada"), await house.enter("bob")
        await house.say(ada, "m1", "@salon hi")
        await house.llm.started.wait()
        await house.put(bob, {"type": "delete", "id": "m1"})
        assert house.llm.open == 1
        await house.put(ada, {"type": "delete", "id": "m1"})
        assert (await house.until(ada, "edit"))[0]["end"] == "stopped"


async def test_a_model_that_fails_is_told_without_its_secrets() -> None:
    async with chatting(ScriptedLlm([TextDelta("half"), ProviderError("key sk-secret is wrong")])) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@salon hi")
        ended = await house.until(ada, "edit")
        assert (ended[0]["text"], ended[0]["end"]) == ("half", "failed")


async def test_tools_are_run_and_named() -> None:
    def weather(city: str) -> str:
        "The weather."
        return f"sunny in {city}"

    def script(asked: Asked) -> list[Step]:
        if asked.messages[-1].role == "tool":
            return [TextDelta(f"It is {asked.messages[-1].text}.")]
        return [TextDelta("Wait."), ToolCallDelta(0, "c1", "weather", '{"city": "Oslo"}')]

    async with chatting(ScriptedLlm(script), [Agent(name="assistant", tools=[weather])]) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@salon weather?")
        assert (await house.until(ada, "edit"))[0]["text"] == "Wait.\n\nIt is sunny in Oslo."


async def test_a_server_that_stops_closes_what_it_began() -> None:
    async with chatting(ScriptedLlm([TextDelta("half"), asyncio.Event()])) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@salon hi")
        await house.grown("half")
        house.running.cancel()
        ended = await house.until(ada, "edit")
        assert (ended[0]["text"], ended[0]["end"]) == ("half", "interrupted")


async def test_a_model_that_sees_is_shown_the_pictures_and_another_is_not() -> None:
    for images in (True, False):
        async with chatting(ScriptedLlm([TextDelta("nice")], traits=Traits(images=images))) as house:
            ada, url = await house.enter("ada"), "data:image/png;base64,aGk="
            kept = [
                await ada.member.publish(
                    f"lobby/{chat.PICTURES}", msgspec.json.encode({"type": "picture", "url": each})
                )
                for each in (url, "https://example.com/spy.png")
            ]
            places: list[Any] = [{"offset": each.offset, "epoch": each.epoch} for each in kept]
            gone = {"offset": 99, "epoch": kept[0].epoch}
            await house.say(ada, "m0", "", pictures=[*places, gone, 5, {"offset": "1"}])
            await house.say(ada, "m1", "@salon what is this?", pictures=places[:1])
            await house.until(ada, "edit")
            seen = [
                [part.url for part in each.content if isinstance(part, Image)] for each in house.llm.asked[0].messages
            ]
            assert seen[-2:] == ([[url], [url]] if images else [[], []])
