"""Agents in rooms: they have a seat where people chat, hear everybody, and answer when they are called.

An agent is called by ``@salon`` or by its name; in a room whose name begins with ``direct-`` every message is for it. One room's
questions are answered one after the other; what agents say calls no agent. The process where a question was published answers it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

import msgspec

from salon.base.errors import Refused
from salon.base.patterns import matches
from salon.base.rooms import Change, Ended, Who
from salon.ports.broker import Draft
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.room import chat, chat_log
from salon.room.chat_log import Entry, Said
from salon.room.policy import Grants, Rate, RateLimits
from salon.session import hooks
from salon.session.agent import Agent, in_languages
from salon.session.errands import Errands
from salon.session.hooks import Happening
from salon.session.hub import Part
from salon.session.member import Farewell, Member, Told
from salon.session.room_answer import RoomAnswer
from salon.session.rooms import Rooms

logger = logging.getLogger(__name__)

DIRECT: Final = "direct-"
HOUSE_NAME: Final = "salon"
CONTEXT: Final = 60
"""Entries of the log that an answer takes into account."""
MAX_WAITING: Final = 8
"""Questions in one room that wait for an answer; the next one is not answered."""
QUESTIONS: Final = Rate(0.25, 8)
"""What one person may ask all agents, in questions a second."""

Extra = Callable[[str, Agent], Agent | None]
"""Who answers in a room: the agent as it is there, with more tools for instance; None where nobody does."""


class RoomAgents:
    """``patterns`` name the rooms in which ``agents`` (the first of them speaks as the house) take part without being invited.
    ``run`` beside the rooms."""

    def __init__(
        self,
        rooms: Rooms,
        agents: Sequence[Agent],
        part: Callable[[str], Part],
        *,
        patterns: Sequence[str],
        clock: Clock,
        observer: Observer,
    ) -> None:
        self._rooms = rooms
        self._agents = {agent.name: agent for agent in agents}
        self._first = agents[0].name
        self._part = part
        self._patterns = tuple(patterns)
        self._clock = clock
        self._observer = observer
        self._limits = RateLimits({"publish": QUESTIONS})
        self._seats: dict[str, dict[str, Member]] = {}
        self._invited: dict[str, set[str]] = {}
        self._ready: set[str] = set()
        """Rooms where all that take part have their seats."""
        self._looking: set[str] = set()
        self._answering: set[str] = set()
        self._errands = Errands("Agents", rooms.aside)
        self._answers = Errands("Answers", self._spawn, most=MAX_WAITING, seconds=None)
        self._group: asyncio.TaskGroup | None = None
        self.always: Callable[[str, str], bool] = lambda room, user: room.startswith(DIRECT)
        """In which rooms every message of a user is for the agent."""
        self.as_there: Extra = lambda room, agent: agent
        rooms.hooks.on(hooks.JOINED, self._moved)
        rooms.hooks.on(hooks.LEFT, self._moved)
        rooms.hooks.on(hooks.MESSAGE, self._heard, f"*/{chat.CHAT}")

    async def run(self) -> None:
        """Answer, until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._group is not None
        self._group.create_task(work)

    async def invite(self, room: str, name: str) -> None:
        """Let this agent take part from now on; kept with the room. Raises ``Refused`` (404 ``agent_not_found``)."""
        if name not in self._agents:
            known = ", ".join(self._agents)
            raise Refused(f"There is no agent {name!r}; there are {known}.", status=404, code="agent_not_found")
        change = Change(set={name: msgspec.json.encode({"at": self._clock.unix()})})
        await self._rooms.change(f"{room}/{chat.AGENTS}", change)
        self._invited.setdefault(room, set()).add(name)
        if room in self._seats:
            await self._sit(room, name)

    def names_of(self, agent: Agent) -> list[str]:
        """What it is called by; the first is what it is shown as."""
        names = [agent.called, *in_languages(agent.title).values(), agent.name]
        return [*names, HOUSE_NAME] if agent.name == self._first else names

    def identity_of(self, agent: Agent) -> Who:
        info = {"name": agent.called, "kind": "agent"}
        return Who(f"{chat_log.AGENT_PREFIX}{agent.name}", f"agent-{agent.name}", msgspec.json.encode(info))

    # --- seats

    def _moved(self, happening: Happening) -> None:
        """Somebody came or went."""
        room, who = happening.room, happening.who
        if who is None or who.identity.startswith(chat_log.AGENT_PREFIX):
            return
        if (
            room in self._ready
            if happening.name == hooks.JOINED
            else room not in self._seats and not self._errands.busy(room)
        ):
            return
        self._look_soon(room)

    def _look_soon(self, room: str) -> None:
        """However many come and go at once, it is looked at once."""
        if room not in self._looking and self._errands.add(room, partial(self._look, room)):
            self._looking.add(room)

    async def _look(self, room: str) -> None:
        self._looking.discard(room)
        people = [seat for seat in await self._rooms.broker.presence(room) if seat.kind != "agent"]
        if not people:
            await self._go(room)
        elif any(chat.CHAT in seat.topics for seat in people):
            await self._come(room)

    async def _come(self, room: str) -> None:
        if room in self._ready:
            return
        for name in await self._present(room):
            with suppress(Refused):  # it is kept out for a while; the others are not
                await self._sit(room, name)
        self._ready.add(room)
        if self._seats.setdefault(room, {}):
            await self._mend(room)

    async def _go(self, room: str) -> None:
        """Nobody is there. Who is in the middle of an answer stays until its end."""
        if room in self._answering:
            return
        self._ready.discard(room)
        self._invited.pop(room, None)
        for member in self._seats.pop(room, {}).values():
            await member.leave(keep=False)

    async def _present(self, room: str) -> list[str]:
        invited = self._invited.get(room)
        if invited is None:
            channel = f"{room}/{chat.AGENTS}"
            image = await self._rooms.broker.state(channel, self._rooms.rules.of(channel))
            invited = self._invited[room] = set(image.entries)
        own = [self._first] if matches(self._patterns, room) else []
        there = [*own, *(name for name in self._agents if name in invited and name not in own)]
        return [name for name in there if self.as_there(room, self._agents[name]) is not None]

    async def _sit(self, room: str, name: str) -> None:
        seats = self._seats.setdefault(room, {})
        if name in seats:
            return
        who = self.identity_of(self._agents[name])
        seat = _Seat(lambda: seats.pop(name, None))
        member = self._rooms.enter(who.identity, seat, grants=Grants.everything(), kind="agent", info=who.info)
        seats[name] = member
        try:
            await member.subscribe(f"{room}/{chat.CHAT}", lambda welcome: None)
        except BaseException:
            seats.pop(name, None)
            await member.leave(keep=False)
            raise

    async def _mend(self, room: str) -> None:
        """Close the answers that a server which is gone has left open."""
        ours = {self.identity_of(self._agents[name]).identity: name for name in self._seats[room]}
        growing = await self._growing(room)
        for said in await self._past(room):
            name = ours.get(said.who.identity)
            if name is not None and said.growing and not said.end and said.id not in growing:
                entry = {"type": "edit", "id": said.id, "text": said.text, "end": "interrupted"}
                draft = Draft(data=msgspec.json.encode(entry), who=said.who, idempotency_key=f"{said.id} edit")
                await self._rooms.publish(f"{room}/{chat.CHAT}", draft)

    async def _growing(self, room: str) -> set[str]:
        channel = f"{room}/{chat.GROWING}"
        return set((await self._rooms.broker.state(channel, self._rooms.rules.of(channel))).entries)

    async def _past(self, room: str) -> list[Said]:
        page = await self._rooms.history(f"{room}/{chat.CHAT}", limit=CONTEXT, reverse=True)
        return chat_log.fold(page.publications)

    # --- questions

    def _heard(self, happening: Happening) -> None:
        entry, who, room = chat_log.read(happening.data), happening.who, happening.room
        if entry is None or entry.type != "message" or who is None or who.identity.startswith(chat_log.AGENT_PREFIX):
            return
        if room not in self._ready or self._called(room, entry, who.identity) is not None:
            self._errands.add(room, partial(self._listen, room, entry, who.identity))

    async def _listen(self, room: str, entry: Entry, user: str) -> None:
        await self._come(room)
        name = self._called(room, entry, user)
        if name is None or self._group is None:
            return
        try:
            self._limits.take(user, "publish", self._clock.now())
        except Refused:
            logger.info("Somebody asks the agents more than they may")
            return
        self._answers.add(room, partial(self._answer, room, name, entry.id))

    def _called(self, room: str, entry: Entry, user: str) -> str | None:
        there = [name for name in self._seats.get(room, {}) if self.as_there(room, self._agents[name]) is not None]
        for name in there:
            if any(chat_log.mentions(entry.text, each) for each in self.names_of(self._agents[name])):
                return name
        return there[0] if there and self.always(room, user) else None

    async def _answer(self, room: str, name: str, question: str) -> None:
        agent = self.as_there(room, self._agents[name])
        past = [said for said in await self._past(room) if said.text or said.pictures]
        at = next((index for index, said in enumerate(past) if said.id == question), None)
        if agent is None or at is None:
            return
        # What was said since then is heard too, but the question is last.
        ordered = [*past[:at], *past[at + 1 :], past[at]]
        part = Part(agent, self._part(name).llm)
        answer = RoomAnswer(
            self._rooms,
            room,
            self.identity_of(agent),
            part,
            ordered,
            self.names_of(agent),
            clock=self._clock,
            observer=self._observer,
        )
        self._answering.add(room)
        try:
            await answer.run()
        finally:
            self._answering.discard(room)
            # Perhaps nobody has been there for a while.
            self._look_soon(room)


class _Seat:
    """An ``Ear`` that listens for its own end alone: of what is said the hooks tell."""

    crowded = False

    def __init__(self, over: Callable[[], object]) -> None:
        self._over = over

    def tell(self, told: Told) -> None:
        if isinstance(told.event, Ended):
            self._over()

    async def drained(self) -> None: ...

    def invite(self, channel: str) -> None: ...

    def renew(self, until: int) -> None: ...

    def close(self, reason: Farewell) -> None:
        if reason == "kicked":
            self._over()
