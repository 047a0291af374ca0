"""Rooms with agents in them, without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from salon.ports.observer import Observer
from salon.room import chat, chat_log
from salon.room.chat_log import Said
from salon.room.policy import Rules
from salon.session.agent import Agent
from salon.session.hub import Part
from salon.session.room_agents import RoomAgents
from salon.session.rooms import Rooms
from tests.fakes.clock import FakeClock
from tests.fakes.rooms import Guest, open_rooms
from tests.fakes.scripted_llm import ScriptedLlm


class Chatting:
    """People and agents in the room ``lobby``. ``running`` is the agents' task."""

    def __init__(
        self, rooms: Rooms, agents: RoomAgents, llm: ScriptedLlm, clock: FakeClock, running: asyncio.Task[None]
    ) -> None:
        self.rooms = rooms
        self.agents = agents
        self.llm = llm
        self.clock = clock
        self.running = running

    async def enter(self, user: str, room: str = "lobby") -> Guest:
        guest = Guest(self.rooms, user)
        await guest.subscribe(f"{room}/{chat.CHAT}")
        return guest

    async def say(self, guest: Guest, id: str, text: str, room: str = "lobby", **more: Any) -> None:
        entry = {"type": "message", "id": id, "text": text, "name": guest.member.who.identity, **more}
        await self.put(guest, entry, room)

    async def put(self, guest: Guest, entry: dict[str, Any], room: str = "lobby") -> None:
        await guest.member.publish(f"{room}/{chat.CHAT}", msgspec.json.encode(entry))

    async def said(self, room: str = "lobby") -> list[Said]:
        page = await self.rooms.history(f"{room}/{chat.CHAT}", limit=100)
        return chat_log.fold(page.publications)

    async def growing(self, room: str = "lobby") -> dict[str, Any]:
        channel = f"{room}/{chat.GROWING}"
        image = await self.rooms.broker.state(channel, self.rooms.rules.of(channel))
        return {key: msgspec.json.decode(entry.value) for key, entry in image.entries.items()}

    async def grown(self, text: str, room: str = "lobby") -> None:
        """Return when some message has these words so far; with none, when nothing grows."""
        async with asyncio.timeout(20):
            while [value["text"] for value in (await self.growing(room)).values()] != ([text] if text else []):  # noqa: ASYNC110 (no event)
                await asyncio.sleep(0)

    async def until(self, guest: Guest, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Return when the guest has heard so many entries of this kind from agents."""
        while True:
            heard = map(msgspec.json.decode, guest.ear.data())
            found = [entry for entry in heard if entry["type"] == kind]
            if len(found) >= count:
                return found
            await guest.ear.until(len(guest.ear.told) + 1)


@asynccontextmanager
async def chatting(
    llm: ScriptedLlm, agents: Sequence[Agent] = (), *, patterns: Sequence[str] = ("*",), **more: Any
) -> AsyncIterator[Chatting]:
    clock = FakeClock()
    agents = agents or [Agent(name="assistant", title="Sal", instructions="Be brief.")]
    more.setdefault("rules", Rules(chat.RULES))
    async with open_rooms(clock=clock, **more) as rooms:
        by_name = {agent.name: agent for agent in agents}
        made = RoomAgents(
            rooms,
            agents,
            lambda name: Part(by_name[name], llm),
            patterns=patterns,
            clock=clock,
            observer=Observer(),
        )
        async with asyncio.TaskGroup() as group:
            running = group.create_task(made.run())
            await asyncio.sleep(0)
            yield Chatting(rooms, made, llm, clock, running)
            running.cancel()
