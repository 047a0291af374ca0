"""Visitors, the agent and the staff in rooms: who is heard when, and what the queue says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from salon.base.chat import TextDelta, ToolCallDelta
from salon.base.rooms import Change, Image, Page, TopicRule
from salon.room import chat
from salon.room.desk import Case
from salon.room.policy import Rules
from salon.session import service_desk as module
from salon.session.service_desk import RULES, ServiceDesk
from tests.fakes.agents import Chatting, chatting
from tests.fakes.rooms import Guest
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step

ROOM = "help-1"


@asynccontextmanager
async def serving(llm: ScriptedLlm) -> AsyncIterator[tuple[Chatting, ServiceDesk]]:
    async with chatting(llm, rules=Rules([*RULES, *chat.RULES])) as house:
        desk = ServiceDesk(house.rooms, house.agents, house.clock)
        await desk.run()
        yield house, desk


async def queue(house: Chatting) -> dict[str, Any]:
    channel = "desk/state/queue"
    image = await house.rooms.broker.state(channel, house.rooms.rules.of(channel))
    return {key: msgspec.json.decode(entry.value) for key, entry in image.entries.items()}


async def act(guest: Guest, type: str, **more: str) -> None:
    action = {"type": type, "room": ROOM, "name": guest.member.who.identity.title(), **more}
    await guest.member.publish("desk/actions", msgspec.json.encode(action))


async def notices(house: Chatting, guest: Guest, count: int) -> list[tuple[str, str, str]]:
    said = await house.until(guest, "notice", count)
    return [(each["notice"], each["name"], each["text"]) for each in said]


async def test_the_agent_answers_until_one_of_the_staff_does() -> None:
    async with serving(ScriptedLlm([TextDelta("hello")])) as (house, _):
        vera, ann = await house.enter("vera", ROOM), await house.enter("ann", ROOM)
        await house.say(vera, "m1", "where is my order?", ROOM)
        await house.until(vera, "edit")
        # The staff may write before it takes over; the agent is not asked by that.
        await house.say(ann, "m2", "let me see", ROOM)
        await house.put(vera, {"type": "person", "id": "p"}, ROOM)
        assert await notices(house, vera, 1) == [("handed over", "", "where is my order?")]
        assert (await queue(house))[ROOM] | {"since": 0, "at": 0} == {
            "room": ROOM,
            "visitor": "vera",
            "name": "vera",
            "status": "waiting",
            "since": 0,
            "at": 0,
            "summary": "where is my order?",
            "staff": "",
            "staff_name": "",
            "stars": 0,
        }
        await act(ann, "take")
        assert (await notices(house, vera, 2))[1:] == [("taken", "Ann", "")]
        await house.say(vera, "m3", "are you there?", ROOM)
        await act(ann, "transfer", to="ben", to_name="Ben")
        assert (await notices(house, vera, 3))[2:] == [("transferred", "Ben", "")]
        await act(ann, "close")
        await notices(house, vera, 4)
        await house.put(vera, {"type": "rate", "id": "r", "stars": 5}, ROOM)
        await notices(house, vera, 5)
        assert (await queue(house))[ROOM]["stars"] == 5
        assert house.llm.opened == 1


async def test_the_agent_hands_over_with_a_summary() -> None:
    def script(asked: Asked) -> list[Step]:
        if asked.messages[-1].role == "tool":
            return [TextDelta("Somebody comes.")]
        assert [tool.name for tool in asked.tools] == ["hand_over"]
        assert "customer service" in asked.messages[0].text
        return [ToolCallDelta(0, "c", "hand_over", '{"summary": "Wants a refund."}')]

    async with serving(ScriptedLlm(script)) as (house, _):
        vera = await house.enter("vera", ROOM)
        await house.say(vera, "m1", "refund!", ROOM)
        assert await notices(house, vera, 1) == [("handed over", "", "Wants a refund.")]
        await house.until(vera, "edit")
        assert (await queue(house))[ROOM]["summary"] == "Wants a refund."


async def test_a_visitor_is_told_whether_anybody_is_at_the_desk() -> None:
    def script(asked: Asked) -> list[Step]:
        if asked.messages[-1].role == "tool":
            return [TextDelta("later" if "Nobody" in asked.messages[-1].text else "soon")]
        return [ToolCallDelta(0, "c", "hand_over", '{"summary": "Wants a refund."}')]

    async with serving(ScriptedLlm(script)) as (house, _):
        vera, ann = await house.enter("vera", ROOM), await house.enter("ann", ROOM)
        await house.say(vera, "m1", "refund!", ROOM)
        assert (await house.until(vera, "edit"))[-1]["text"] == "later"
        assert [each["attended"] for each in await house.until(vera, "notice", 1)] == [False]
        await act(ann, "close")
        # Who only writes there is not at the desk; who listens is.
        await ann.subscribe("desk/actions")
        await house.say(vera, "m2", "refund!", ROOM)
        assert (await house.until(vera, "edit", 2))[-1]["text"] == "soon"
        assert [each.get("attended") for each in await house.until(vera, "notice", 3)] == [False, None, True]


async def test_elsewhere_the_agent_has_no_such_tool_and_at_the_desk_it_is_not() -> None:
    async with serving(ScriptedLlm([TextDelta("hi")])) as (house, _):
        ada = await house.enter("ada")
        await house.say(ada, "m1", "@salon hi")
        await house.until(ada, "edit")
        assert house.llm.asked[0].tools == ()
        ann = await house.enter("ann", "desk")
        await house.say(ann, "m2", "@salon hi", "desk")
        await house.say(ada, "m3", "@salon hi")
        await house.until(ada, "edit", 2)
        assert [seat.identity for seat in await house.rooms.presence("desk/chat")] == ["ann"]


async def test_what_is_no_action_is_passed_over() -> None:
    async with serving(ScriptedLlm([TextDelta("hi")])) as (house, _):
        vera, ann = await house.enter("vera", ROOM), await house.enter("ann", ROOM)
        await house.say(vera, "m1", "hello", ROOM)
        await house.until(vera, "edit")
        for data in (b"[]", b"5", b'{"type": 7}', b"[" * 5000, b'{"type": "take", "room": "lobby"}', b'{"type": "x"}'):
            await ann.member.publish("desk/actions", data)
        await act(ann, "take")
        assert await notices(house, vera, 1) == [("taken", "Ann", "")]
        assert set(await queue(house)) == {ROOM}


async def test_who_has_the_cases_is_known_after_a_restart() -> None:
    async with serving(ScriptedLlm([TextDelta("hi")])) as (house, _):
        vera, ann = await house.enter("vera", ROOM), await house.enter("ann", ROOM)
        await house.say(vera, "m1", "hello", ROOM)
        await house.until(vera, "edit")
        await act(ann, "take")
        await notices(house, vera, 1)
        # Another desk with the same rooms, as after a restart, and agents that ask it.
        await ServiceDesk(house.rooms, house.agents, house.clock).run()
        assert not house.agents.always(ROOM, "vera")
        assert house.agents.always("direct-1", "vera")
        await asyncio.sleep(0)


async def test_desks_of_several_processes_write_one_after_the_other() -> None:
    async with serving(ScriptedLlm([TextDelta("hi")])) as (house, _):
        vera, broker = await house.enter("vera", ROOM), house.rooms.broker
        turn = "desk desk/state/queue"
        assert await broker.lease(turn, "another process", 60_000)
        await house.say(vera, "m1", "hello", ROOM)
        for _ in range(50):
            await asyncio.sleep(0)
        assert await queue(house) == {}
        await broker.lease(turn, "another process", 0)
        await house.until(vera, "edit")
        while not await queue(house):  # noqa: ASYNC110 (the queue has no reader here)
            await asyncio.sleep(0.01)
        # What another process writes is known here too.
        case = msgspec.json.encode(
            Case(room=ROOM, visitor="vera", name="Vera", since=1, at=1, status="taken", staff="ann")
        )
        await house.rooms.change("desk/state/queue", Change(set={ROOM: case}))
        assert not house.agents.always(ROOM, "vera")


async def test_a_word_of_one_visitor_looks_at_that_case_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_CLOSED", 5)
    async with serving(ScriptedLlm([TextDelta("hi")])) as (house, desk):
        for number in range(8):
            case = Case(room=f"help-{number}0", visitor="v", name="V", status="closed", at=100 + number)
            change = Change(set={case.room: msgspec.json.encode(case)})
            await house.rooms.change("desk/state/queue", change)
        await desk.run()
        vera, ann = await house.enter("vera", ROOM), await house.enter("ann", ROOM)
        read: list[str] = []
        whole = house.rooms.broker.state

        async def state(channel: str, rule: TopicRule) -> Image:
            read.append(channel)
            return await whole(channel, rule)

        monkeypatch.setattr(house.rooms.broker, "state", state)
        await house.say(vera, "m1", "hello", ROOM)
        await house.until(vera, "edit")
        await act(ann, "take")
        await act(ann, "close")
        await notices(house, vera, 2)
        assert "desk/state/queue" not in read
        monkeypatch.undo()
        # Those that were closed first are forgotten first, and as many as are too many.
        assert set(await queue(house)) == {ROOM, "help-40", "help-50", "help-60", "help-70"}


async def test_a_room_that_is_slow_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(ScriptedLlm([TextDelta("hi")])) as (house, _):
        slow, other = await house.enter("vera", ROOM), await house.enter("otto", "help-2")
        go, whole = asyncio.Event(), house.rooms.history

        async def history(channel: str, **how: Any) -> Page:
            if channel.startswith(f"{ROOM}/"):
                await go.wait()
            return await whole(channel, **how)

        monkeypatch.setattr(house.rooms, "history", history)
        await house.put(slow, {"type": "person", "id": "p1"}, ROOM)
        await house.put(other, {"type": "person", "id": "p2"}, "help-2")
        assert [name for name, _, _ in await notices(house, other, 1)] == ["handed over"]
        assert set(await queue(house)) == {"help-2"}
        go.set()
        await notices(house, slow, 1)
