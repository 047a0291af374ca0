"""Who answers in a room, to whom, and what becomes of answers that nobody finishes."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from salon.base.chat import TextDelta
from salon.base.errors import Refused
from salon.base.rooms import Kick, Page, Who
from salon.ports.broker import Draft
from salon.session.agent import Agent
from salon.session.room_agents import MAX_WAITING
from tests.fakes.agents import chatting
from tests.fakes.scripted_llm import ScriptedLlm

HELLO = [TextDelta("hello"), TextDelta(" there")]


async def test_it_answers_who_calls_it_with_all_that_was_said() -> None:
    async with chatting(ScriptedLlm(HELLO)) as house:
        ada, bob = await house.enter("ada"), await house.enter("bob")
        await house.say(ada, "m1", "I like whales.")
        await house.say(bob, "m2", "@salon what does she like?")
        ended = await house.until(ada, "edit")
        said = await house.said()
        assert [(each.who.identity, each.text) for each in said] == [
            ("ada", "I like whales."),
            ("bob", "@salon what does she like?"),
            ("agent:assistant", "hello there"),
        ]
        assert ended == [{"type": "edit", "id": said[2].id, "text": "hello there", "end": "done"}]
        assert said[2].reply_to == "m2"
        assert said[2].name == "Sal"
        asked = house.llm.asked[0].messages
        assert [(message.role, message.text) for message in asked[1:]] == [
            ("user", "ada: I like whales."),
            ("user", "what does she like?"),
        ]
        assert asked[0].text.startswith("Be brief.")
        assert "from bob" in asked[0].text


@pytest.mark.parametrize("call", ["@salon hi", "@Sal hi", "@assistant hi", "hi, @SAL!"])
async def test_it_has_several_names(call: str) -> None:
    async with chatting(ScriptedLlm(HELLO)) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", call)
        await house.until(ada, "edit")


async def test_nobody_else_is_answered() -> None:
    async with chatting(ScriptedLlm(HELLO)) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", "salon is nice")
        agent = Who("agent:assistant", "s")
        echo = Draft(data=msgspec.json.encode({"type": "message", "id": "e", "text": "@salon again"}), who=agent)
        await house.rooms.publish("lobby/chat", echo)
        for entry in ({"type": "edit", "id": "m1", "text": "@salon"}, {"type": "notice", "id": "n", "text": "@salon"}):
            await house.put(ada, entry)
        await house.say(ada, "m2", "@salon now")
        await house.until(ada, "edit", 2)
        assert [each.reply_to for each in await house.said() if each.reply_to] == ["m2"]


async def test_alone_with_it_every_message_is_for_it() -> None:
    async with chatting(ScriptedLlm(HELLO)) as house:
        ada = await house.enter("ada", "direct-1")
        await house.say(ada, "m1", "hi", "direct-1")
        await house.until(ada, "edit")


async def test_it_has_a_seat_while_somebody_is_there() -> None:
    async with chatting(ScriptedLlm(HELLO)) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@salon hi")
        await house.until(ada, "edit")
        seats = await house.rooms.presence("lobby/chat")
        assert {(seat.identity, seat.kind, seat.info) for seat in seats if seat.kind == "agent"} == {
            ("agent:assistant", "agent", b'{"name":"Sal","kind":"agent"}')
        }
        await ada.member.leave(keep=False)
        async with asyncio.timeout(20):
            while await house.rooms.broker.presence("lobby"):  # noqa: ASYNC110 (nobody is told)
                await asyncio.sleep(0)


@pytest.mark.parametrize("room", ["", "lobby"])
async def test_who_is_kicked_answers_no_more(room: str) -> None:
    agents = [Agent(name="first"), Agent(name="guide")]
    async with chatting(ScriptedLlm(HELLO), agents) as house:
        await house.agents.invite("lobby", "guide")
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@guide hi")
        await house.until(ada, "edit")
        await house.rooms.control(Kick("agent:guide", room, until=house.clock.unix() + 60))
        await house.say(ada, "m2", "@guide hi again")
        await house.say(ada, "m3", "@first hi")
        await house.until(ada, "edit", 2)
        assert [each.reply_to for each in await house.said() if each.reply_to] == ["m1", "m3"]
        # The ban holds for those who come later, and is no harm to the other.
        await ada.member.leave(keep=False)
        async with asyncio.timeout(20):
            while await house.rooms.broker.presence("lobby"):  # noqa: ASYNC110 (nobody is told)
                await asyncio.sleep(0)
        bob = await house.enter("bob")
        await house.say(bob, "m4", "@guide hi")
        await house.say(bob, "m5", "@first hi")
        await house.until(bob, "edit")
        assert [each.reply_to for each in await house.said() if each.reply_to] == ["m1", "m3", "m5"]


async def test_where_it_is_not_wanted_it_is_not_until_it_is_invited() -> None:
    agents = [Agent(name="first"), Agent(name="guide", title="Guide")]
    async with chatting(ScriptedLlm(HELLO), agents, patterns=["team-*"]) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@first @guide hi")
        await house.agents.invite("lobby", "guide")
        await house.say(ada, "m2", "@guide hi")
        await house.until(ada, "edit")
        assert [each.who.identity for each in await house.said()][-1] == "agent:guide"
        assert len(house.llm.asked) == 1
        with pytest.raises(Refused) as refused:
            await house.agents.invite("lobby", "nobody")
        assert refused.value.code == "agent_not_found"


async def test_questions_wait_their_turn_and_not_without_end() -> None:
    go = asyncio.Event()
    async with chatting(ScriptedLlm([go, *HELLO])) as house:
        guests = [await house.enter(f"user{n}") for n in range(MAX_WAITING + 4)]
        for n, guest in enumerate(guests):
            await house.say(guest, f"m{n}", "@salon hi")
        await house.llm.started.wait()
        go.set()
        await house.until(guests[0], "edit", MAX_WAITING)
        assert house.llm.opened <= MAX_WAITING + 1
        answered = [each.reply_to for each in await house.said() if each.reply_to]
        assert answered == [f"m{n}" for n in range(len(answered))]


async def test_one_person_cannot_keep_it_busy_for_ever() -> None:
    async with chatting(ScriptedLlm(HELLO)) as house:
        ada, bob = await house.enter("ada"), await house.enter("bob")
        for n in range(30):
            await house.say(ada, f"a{n}", "@salon hi")
            await house.until(ada, "edit", min(n + 1, 8))
        assert house.llm.opened == 8
        await house.say(bob, "b", "@salon hi")
        await house.until(ada, "edit", 9)


async def test_an_answer_of_a_server_that_is_gone_is_closed() -> None:
    async with chatting(ScriptedLlm(HELLO)) as house:
        agent = Who("agent:assistant", "s")
        orphan = {"type": "message", "id": "o", "text": "", "growing": True}
        await house.rooms.publish("lobby/chat", Draft(data=msgspec.json.encode(orphan), who=agent))
        ada = await house.enter("ada")
        assert await house.until(ada, "edit") == [{"type": "edit", "id": "o", "text": "", "end": "interrupted"}]


async def test_a_room_that_is_slow_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with chatting(ScriptedLlm(HELLO)) as house:
        ada, bob = await house.enter("ada", "slow"), await house.enter("bob", "other")
        go, whole = asyncio.Event(), house.rooms.history

        async def history(channel: str, **how: Any) -> Page:
            if channel.startswith("slow/"):
                await go.wait()
            return await whole(channel, **how)

        monkeypatch.setattr(house.rooms, "history", history)
        for number in range(3):
            await house.say(ada, f"a{number}", f"@salon {number}", "slow")
        await house.say(bob, "b", "@salon hi", "other")
        await house.until(bob, "edit")
        assert house.llm.opened == 1
        go.set()
        await house.until(ada, "edit", 3)
        answered = [each.reply_to for each in await house.said("slow") if each.reply_to]
        assert answered == ["a0", "a1", "a2"], "and in that room they are in order"


async def test_it_goes_when_its_answer_is_done_and_nobody_is_there() -> None:
    go = asyncio.Event()
    async with chatting(ScriptedLlm([TextDelta("hello"), go])) as house:
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@salon hi")
        await house.grown("hello")
        await ada.member.leave(keep=False)
        for _ in range(20):
            await asyncio.sleep(0)
        assert [seat.kind for seat in await house.rooms.broker.presence("lobby")] == ["agent"]
        go.set()
        async with asyncio.timeout(20):
            while await house.rooms.broker.presence("lobby"):  # noqa: ASYNC110 (nobody is told)
                await asyncio.sleep(0)
        assert (await house.said())[-1].text == "hello"
