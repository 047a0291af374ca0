"""What is under way when something else happens: tools, answers beside the conversation, a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from salon.base.chat import Finished, TextDelta, ToolCallDelta, Usage
from salon.session.agent import Agent
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step, says
from tests.session.house import open_house
from tests.session.talker import done, talk, text_of, types


def calls_once(asked: Asked) -> Iterable[Step]:
    """Calls the tool where the user's words are the last; else says what it was given."""
    last = asked.messages[-1]
    if last.role == "user" and "tool" in last.text:
        return [ToolCallDelta(0, "call_1", "dig", "{}"), Finished("tool_calls", Usage(1, 1))]
    return [TextDelta(last.text)]


class Digging:
    """A tool that is never done."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.stopped = asyncio.Event()

    async def dig(self) -> str:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.stopped.set()
        return "never"


async def test_a_client_that_vanishes_stops_the_tool() -> None:
    digging = Digging()
    async with open_house(Agent("host", llm=ScriptedLlm(calls_once), tools=[digging.dig])) as house:
        async with talk(house) as client:
            await client.message("use the tool")
            await client.say("response.create")
            async with asyncio.timeout(20):
                await digging.begun.wait()
                client.abort()
                await digging.stopped.wait()
        await house.tally.wait(connections=0, streams=0)
        assert len(house.hub) == 0


async def test_a_cancel_stops_the_tool_and_the_next_turn_knows() -> None:
    digging = Digging()
    llm = ScriptedLlm(calls_once)
    async with open_house(Agent("host", llm=llm, tools=[digging.dig])) as house, talk(house) as client:
        await client.message("use the tool")
        await client.say("response.create")
        async with asyncio.timeout(20):
            await digging.begun.wait()
        await client.say("response.cancel")
        assert done(await client.until("rate_limits.updated"))["status"] == "cancelled"
        async with asyncio.timeout(20):
            await digging.stopped.wait()
        assert text_of(await client.ask("never mind")) == "never mind"
        # Houses refuse a call without a result.
        roles = [message.role for message in llm.asked[-1].messages]
        assert roles == ["user", "assistant", "tool", "user"]
        assert json.loads(llm.asked[-1].messages[2].text)["error"]["code"] == "no_result"


async def test_a_tool_that_hangs_is_given_up() -> None:
    digging = Digging()
    agent = Agent("host", llm=ScriptedLlm(calls_once), tools=[digging.dig], tool_timeout=0.1)
    async with open_house(agent) as house, talk(house) as client:
        assert json.loads(text_of(await client.ask("use the tool")))["error"]["code"] == "tool_timeout"
        assert digging.stopped.is_set()


async def test_answers_beside_the_conversation_are_counted_and_ended() -> None:
    llm = ScriptedLlm([TextDelta("Well, "), asyncio.Event()])
    async with open_house(Agent("host", llm=llm)) as house:
        async with talk(house) as client:
            await client.message("Hello")
            await client.say("response.create")
            await client.until("response.output_text.delta")
            for _ in range(8):
                await client.say("response.create", response={"conversation": "none"})
                await client.until("response.output_text.delta")
            await client.say("response.create", response={"conversation": "none"}, event_id="ninth")
            error = (await client.hear())["error"]
            assert (error["code"], error["event_id"]) == ("too_many_responses", "ninth")
            await client.say("response.create", event_id="second")
            error = (await client.hear())["error"]
            assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", "second")
            assert llm.open == 9
            # One of them is cancelled by its name; the others go on.
            names = [event["response"]["id"] for event in client.heard if event["type"] == "response.created"]
            await client.say("response.cancel", response_id=names[4])
            assert done(await client.until("rate_limits.updated"))["id"] == names[4]
            await client.say("response.cancel")
            assert done(await client.until("rate_limits.updated"))["id"] == names[0]
            await house.tally.wait(streams=7)
            client.abort()
        await house.tally.wait(connections=0, streams=0)
        assert llm.cancelled == 9


async def test_who_leaves_in_good_order_in_the_middle_of_an_answer_leaves_nothing() -> None:
    llm = ScriptedLlm([TextDelta("Well, "), asyncio.Event()])
    async with open_house(Agent("host", llm=llm)) as house:
        async with talk(house) as client:
            await client.message("Hello")
            await client.say("response.create")
            await client.until("response.output_text.delta")
        await house.tally.wait(connections=0, streams=0)
        assert house.tally.closes == {1000: 1}
        assert len(house.hub) == 0


async def test_a_restart_lets_the_answer_be_finished() -> None:
    hold = asyncio.Event()
    llm = ScriptedLlm([TextDelta("Good "), hold, TextDelta("morning.")])
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as idle, talk(house) as client:
        await client.message("Hello")
        await client.say("response.create")
        await client.until("response.output_text.delta")
        house.gate.draining = True
        async with asyncio.TaskGroup() as group:
            group.create_task(house.hub.drain(30))
            with pytest.raises(ConnectionClosed) as closed:
                await idle.hear()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012
            with pytest.raises(InvalidStatus) as refused:
                async with talk(house):
                    pass
            assert refused.value.response.status_code == 503
            assert refused.value.response.headers["retry-after"]
            hold.set()
            events = await client.until("rate_limits.updated")
            assert text_of(client.heard) == "Good morning."
            assert done(events)["status"] == "completed"
            with pytest.raises(ConnectionClosed) as closed:
                await client.hear()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 1012


async def test_an_item_can_go_while_an_answer_is_written() -> None:
    """The history changes under a running answer: it stays whole, and what is being written cannot be deleted."""
    hold = asyncio.Event()
    llm = ScriptedLlm(lambda asked: [TextDelta(f"{len(asked.messages)} "), hold, TextDelta("messages")])
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as client:
        await client.message("Hello")
        await client.say("response.create")
        events = await client.until("response.output_text.delta")
        question, writing = events[0]["item"]["id"], events[-1]["item_id"]
        await client.say("conversation.item.delete", item_id=writing, event_id="too early")
        assert (await client.hear())["error"]["event_id"] == "too early"
        await client.say("conversation.item.delete", item_id=question)
        assert (await client.hear())["type"] == "conversation.item.deleted"
        await client.message("Are you still there?")
        added = (await client.until("conversation.item.done"))[0]
        assert added["previous_item_id"] == writing
        hold.set()
        assert done(await client.until("rate_limits.updated"))["status"] == "completed"
        await client.say("conversation.item.delete", item_id=writing)
        await client.until("conversation.item.deleted")
        await client.say("response.create")
        assert text_of(await client.until("rate_limits.updated")) == "1 messages"
        assert types(client.heard).count("error") == 1


async def test_settings_change_while_an_answer_is_written() -> None:
    hold = asyncio.Event()
    llm = ScriptedLlm([TextDelta("Good "), hold, *says("morning.")])
    async with open_house(Agent("host", llm=llm)) as house, talk(house) as client:
        await client.message("Hello")
        await client.say("response.create")
        await client.until("response.output_text.delta")
        await client.say("session.update", session={"type": "realtime", "instructions": "Be brief."})
        assert (await client.hear())["session"]["instructions"] == "Be brief."
        hold.set()
        assert done(await client.until("rate_limits.updated"))["status"] == "completed"
        await client.ask("And now?")
        assert [asked.messages[0].role for asked in llm.asked] == ["user", "system"]
