"""A session that outlives its connection: cut in the middle of an answer, nothing is lost and nothing comes twice."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed

from salon.base.chat import Finished, TextDelta, ToolCallDelta, Usage
from salon.session.agent import Agent
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step, says
from tests.session.cut import wire_to
from tests.session.house import OTHER_KEY, House, open_house
from tests.session.talker import Heard, Talker, done, talk, text_of, types

WORDS = [f"word{number} " for number in range(1_500)]


def back(house: House, created: Heard, last: Heard) -> str:
    """The address to come back to."""
    token = created["session"]["salon"]["resume_token"]
    return house.url(resume=token, last_event_id=last["event_id"])


def through(url: str, port: int) -> str:
    return urlsplit(url)._replace(netloc=f"127.0.0.1:{port}").geturl()


async def listen(client: Talker, heard: list[Heard]) -> None:
    """Keep what comes until the wire is cut, or the turn is over."""
    try:
        while True:
            heard.append(await client.hear())
            if heard[-1]["type"] == "rate_limits.updated":
                return
    except ConnectionClosed:
        return


@pytest.mark.parametrize("cuts", [[1], [750], [1499], [3, 4, 5, 6], [100, 500, 1_000]])
async def test_an_answer_cut_in_the_middle_arrives_whole_and_once(cuts: list[int]) -> None:
    """The wire is cut when that many words have been said; whatever of them the client has seen by then."""
    gates = {cut: asyncio.Event() for cut in cuts}

    def script(_: Asked) -> list[Step]:
        steps: list[Step] = []
        for number, word in enumerate(WORDS):
            if number in gates:
                steps.append(gates[number])
            steps.append(TextDelta(word))
        return steps

    async with open_house(Agent("host", llm=ScriptedLlm(script))) as house, wire_to(house.port) as wire:
        heard: list[Heard] = []
        async with talk(house, through(house.url(resume="new"), wire.port)) as client:
            created = client.heard[0]
            await client.message("Talk")
            await client.say("response.create")
            heard += await client.until("response.content_part.added")
            gates[cuts[0]].set()
            wire.cut()
            await listen(client, heard)
        for cut in cuts[1:]:
            await house.tally.wait(connections=0)
            async with talk(house, through(back(house, created, heard[-1]), wire.port)) as client:
                assert client.heard[0]["type"] == "salon.session.resumed"
                gates[cut].set()
                heard.append(await client.hear())
                wire.cut()
                await listen(client, heard)
        await house.tally.wait(connections=0)
        async with talk(house, through(back(house, created, heard[-1]), wire.port)) as client:
            assert client.heard[0]["type"] == "salon.session.resumed"
            await listen(client, heard)
            events = await client.ask("And now?")
            assert done(events)["status"] == "completed"
        numbers = [int(event["event_id"].rpartition("_")[2]) for event in [created, *heard]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert text_of(heard) == "".join(WORDS)
        assert done(heard)["output"][0]["content"][0]["text"] == "".join(WORDS)
    assert house.tally.ends == {"completed": 2}


async def test_a_wire_that_breaks_every_few_kilobytes_loses_nothing() -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(says(*WORDS)))) as house, wire_to(house.port) as wire:
        heard: list[Heard] = []
        wire.last = 20_011
        async with talk(house, through(house.url(resume="new"), wire.port)) as client:
            created = client.heard[0]
            await client.message("Talk")
            await client.say("response.create")
            await listen(client, heard)
        connections = 1
        while heard[-1]["type"] != "rate_limits.updated":
            await house.tally.wait(connections=0)
            connections += 1
            wire.last = 20_011
            async with talk(house, through(back(house, created, heard[-1]), wire.port)) as client:
                assert client.heard[0]["type"] == "salon.session.resumed"
                await listen(client, heard)
        assert connections > 10
        numbers = [int(event["event_id"].rpartition("_")[2]) for event in [created, *heard]]
        assert numbers == list(range(1, len(numbers) + 1))
        assert text_of(heard) == "".join(WORDS)


async def test_what_was_said_meanwhile_is_remembered() -> None:
    llm = ScriptedLlm(lambda asked: [TextDelta(" | ".join(message.text for message in asked.messages))])
    async with open_house(Agent("host", llm=llm)) as house:
        async with talk(house, house.url(resume="new")) as client:
            created = client.heard[0]
            await client.ask("one")
        async with talk(house, back(house, created, client.heard[-1])) as client:
            assert client.heard[0]["session"]["id"] == created["session"]["id"]
            assert text_of(await client.ask("two")) == "one | one | two"


async def test_tools_of_the_server_show_only_to_who_can_resume() -> None:
    def clock() -> str:
        return "noon"

    def script(asked: Asked) -> list[Step]:
        if asked.messages[-1].role == "tool":
            return list(says("It is noon."))
        return [ToolCallDelta(0, "call_1", "clock", "{}"), Finished("tool_calls", Usage(1, 1))]

    async with open_house(Agent("host", llm=ScriptedLlm(script), tools=[clock])) as house:
        async with talk(house) as client:
            plain = await client.ask("What time is it?")
        async with talk(house, house.url(resume="new")) as client:
            ours = await client.ask("What time is it?")
    assert text_of(plain) == text_of(ours) == "It is noon."
    assert "function_call" not in str(plain) and "noon" in str(plain) and "salon" not in str(plain)
    assert [item["type"] for item in done(plain)["output"]] == ["message"]
    assert types(ours).count("response.function_call_arguments.done") == 1
    added = [event["item"] for event in ours if event["type"] == "conversation.item.added"]
    assert [item["type"] for item in added] == ["message", "function_call", "function_call_output", "message"]
    assert added[2]["output"] == "noon"
    # For a client that does not know of these items, the chain of items has no hole.
    known = {None}
    for event in plain:
        if event["type"] == "conversation.item.added":
            assert event["previous_item_id"] in known
            known.add(event["item"]["id"])


async def test_a_stock_client_cannot_come_back() -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(says("Hello.")))) as house:
        async with talk(house) as client:
            assert "salon" not in client.heard[0]["session"]
            await client.ask("Hello")
        await house.tally.wait(connections=0)
        assert len(house.hub) == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token, event_id: {"resume": token.swapcase(), "last_event_id": event_id},
        lambda token, event_id: {"resume": "", "last_event_id": event_id},
        lambda token, event_id: {"resume": "new", "last_event_id": event_id},
    ],
    ids=["wrong token", "no token", "new"],
)
async def test_without_the_token_it_is_a_new_session(spoil: Any) -> None:
    async with open_house(Agent("host", llm=ScriptedLlm(says("Hello.")))) as house:
        async with talk(house, house.url(resume="new")) as client:
            created = client.heard[0]
            await client.ask("Hello")
        spoilt = spoil(created["session"]["salon"]["resume_token"], client.heard[-1]["event_id"])
        async with talk(house, house.url(**spoilt)) as other:
            assert other.heard[0]["type"] == "session.created"
            assert other.heard[0]["session"]["id"] != created["session"]["id"]
        # The session itself is unharmed.
        async with talk(house, back(house, created, client.heard[-1])) as client:
            assert client.heard[0]["type"] == "salon.session.resumed"


async def test_the_token_alone_is_not_enough() -> None:
    house_of = open_house(Agent("host", llm=ScriptedLlm(says("Hello."))))
    async with house_of as house, talk(house, house.url(resume="new")) as client:
        created = client.heard[0]
        await client.ask("Hello")
        async with talk(house, back(house, created, client.heard[-1]), key=OTHER_KEY) as thief:
            assert thief.heard[0]["type"] == "session.created"
            assert thief.heard[0]["session"]["id"] != created["session"]["id"]
            assert done(await client.ask("Still mine?"))["status"] == "completed"


@pytest.mark.parametrize("event_id", ["", "event_1", "rubbish", "-1", "9" * 40])
async def test_who_does_not_know_what_it_heard_last_begins_anew(event_id: str) -> None:
    """Better a new session than an answer with a hole in it."""
    async with open_house(Agent("host", llm=ScriptedLlm(says("Hello.")))) as house:
        async with talk(house, house.url(resume="new")) as client:
            created = client.heard[0]
            await client.ask("Hello")
        token = created["session"]["salon"]["resume_token"]
        async with talk(house, house.url(resume=token, last_event_id=event_id)) as client:
            assert client.heard[0]["type"] == "session.created"
            await house.tally.wait(connections=1)
            assert len(house.hub) == 1


async def test_of_two_connections_the_later_one_has_the_session() -> None:
    gate = asyncio.Event()
    llm = ScriptedLlm([TextDelta("Good "), gate, TextDelta("morning.")])
    async with open_house(Agent("host", llm=llm)) as house:
        async with talk(house, house.url(resume="new")) as first:
            created = first.heard[0]
            await first.message("Hello")
            await first.say("response.create")
            await first.until("response.output_text.delta")
            async with talk(house, back(house, created, first.heard[-1])) as second:
                with pytest.raises(ConnectionClosed) as closed:
                    await first.hear()
                assert closed.value.rcvd is not None and closed.value.rcvd.code == 4001
                await house.tally.wait(connections=1)
                gate.set()
                events = await second.until("rate_limits.updated")
                assert text_of(first.heard) + text_of(events) == "Good morning."
                # And back again: who was turned away may take it back.
                async with talk(house, back(house, created, events[-1])) as third:
                    with pytest.raises(ConnectionClosed):
                        await second.hear()
                    assert done(await third.ask("Hello"))["status"] == "completed"
        assert len(house.hub) == 1


async def test_what_nobody_comes_back_to_is_let_go() -> None:
    gate = asyncio.Event()
    llm = ScriptedLlm([TextDelta("Good "), gate])
    async with open_house(Agent("host", llm=llm), grace_seconds=0.3) as house:
        async with talk(house, house.url(resume="new")) as client:
            created = client.heard[0]
            await client.message("Hello")
            await client.say("response.create")
            await client.until("response.output_text.delta")
            client.abort()
        await house.tally.wait(connections=0)
        assert len(house.hub) == 1
        await house.tally.wait(streams=0)
        assert len(house.hub) == 0
        assert llm.cancelled == 1
        async with talk(house, back(house, created, client.heard[-1])) as late:
            assert late.heard[0]["type"] == "session.created"


async def test_who_comes_back_too_late_for_what_was_said_begins_anew() -> None:
    """What is kept is bounded: an answer longer than that cannot be told again."""
    llm = ScriptedLlm(lambda asked: [TextDelta("x" * 1_000)] * 5_000)
    async with open_house(Agent("host", llm=llm)) as house:
        async with talk(house, house.url(resume="new")) as client:
            created = client.heard[0]
            await client.message("Hello")
            await client.say("response.create")
            await client.until("response.output_text.delta")
            client.abort()
        await house.tally.wait(connections=0, streams=0)
        async with talk(house, back(house, created, client.heard[-1])) as late:
            assert late.heard[0]["type"] == "session.created"
            assert len(house.hub) == 1
