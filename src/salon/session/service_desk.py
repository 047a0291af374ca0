"""Customer service at work: visitors' rooms, the queue that the staff sees, and the agent that answers first.

The truth is the state ``desk/state/queue``, which only this writes. Who may publish in ``desk/actions`` is staff.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from typing import Final

import msgspec

from salon.base.errors import SalonError
from salon.base.rooms import Change, Patch, TopicRule, Who
from salon.ports.broker import Delivery, Draft
from salon.ports.clock import Clock
from salon.room import chat, chat_log, desk
from salon.room.chat_log import Entry
from salon.room.desk import Case, Outcome
from salon.session import hooks
from salon.session.agent import Agent
from salon.session.errands import Errands
from salon.session.hooks import Happening
from salon.session.room_agents import DIRECT, RoomAgents
from salon.session.rooms import Rooms
from salon.session.tools import Tool

logger = logging.getLogger(__name__)

RULES: Final = (
    TopicRule(pattern=f"{desk.DESK}/{desk.QUEUE}", mode="state", authority=True, keys=2_000, bytes=8 * 1024 * 1024),
    TopicRule(pattern=f"{desk.DESK}/{desk.ACTIONS}", size=1000),
)
HOUSE: Final = Who("salon")
TURN_MS: Final = 10_000
"""How long a process may take over a case before it counts as gone."""
MAX_CLOSED: Final = 200
"""Closed cases that the queue keeps to be seen; their rooms keep what was said."""

FIRST_LINE: Final = (
    "You are the first to answer in customer service. Where the visitor asks for a person, or you cannot help, call "
    "hand_over with a summary of two or three sentences for whoever of the staff takes over."
)

CALLED: Final = "The staff has been called. Tell the visitor that somebody will be here soon."
UNATTENDED: Final = (
    "Nobody of the staff is at the desk now. Tell the visitor that what was said is kept, and is answered here later."
)


class Action(msgspec.Struct, frozen=True):
    """What the staff publishes in ``desk/actions``. ``to`` and ``to_name`` are for ``transfer``."""

    type: str = ""
    room: str = ""
    name: str = ""
    to: str = ""
    to_name: str = ""


_action = msgspec.json.Decoder(Action)
_case = msgspec.json.Decoder(Case)


class ServiceDesk:
    def __init__(self, rooms: Rooms, agents: RoomAgents, clock: Clock) -> None:
        self._rooms = rooms
        self._clock = clock
        self._lock = asyncio.Lock()
        self._holder = rooms.new_id("holder")
        self._errands = Errands("Service desk", rooms.aside)
        # What the agents ask without waiting: whose a case is, and whether it is theirs.
        self._cases: dict[str, Case] = {}
        self._closed: dict[str, None] = {}
        """Rooms whose cases are closed, those first that were closed first."""
        rooms.hooks.on(hooks.MESSAGE, self._heard, f"{desk.HELP}*/{chat.CHAT}")
        rooms.hooks.on(hooks.MESSAGE, self._acted, f"{desk.DESK}/{desk.ACTIONS}")
        agents.always = lambda room, user: room.startswith(DIRECT) or self._is_agents(room, user)
        agents.as_there = self._as_there

    def _is_agents(self, room: str, user: str) -> bool:
        if not room.startswith(desk.HELP):
            return False
        case = self._cases.get(room)
        # A visitor who speaks again when the case is closed begins anew, with the agent.
        return case is None or (case.visitor == user and case.status != "taken")

    def _as_there(self, room: str, agent: Agent) -> Agent | None:
        if room == desk.DESK:
            return None
        if not room.startswith(desk.HELP):
            return agent

        async def hand_over(summary: str) -> str:
            """Hand the visitor over to a person of the staff.

            Args:
                summary: What the visitor wants and what was tried, in two or three sentences.
            """
            await self._change(room, lambda case: desk.ask(case, summary, self._clock.unix()))
            return CALLED if await self._attended() else UNATTENDED

        tools = [*agent.tools, *(() if "hand_over" in agent.toolbox else (Tool(hand_over),))]
        instructions = f"{agent.instructions}\n\n{FIRST_LINE}".strip()
        return dataclasses.replace(agent, tools=tools, instructions=instructions)

    def _heard(self, happening: Happening) -> None:
        entry, who, room = chat_log.read(happening.data), happening.who, happening.room
        if entry is None or who is None or who.identity.startswith(chat_log.AGENT_PREFIX) or who == HOUSE:
            return
        if entry.type in ("message", "person", "rate"):
            self._errands.add(room, partial(self._said, room, entry, who))

    async def _said(self, room: str, entry: Entry, who: Who) -> None:
        now = self._clock.unix()
        if entry.type == "message":
            name = chat_log.name_of(who, entry.name)
            await self._change(room, lambda case: desk.word(case, room, who.identity, name, now))
        elif entry.type == "person":
            summary = await self._summary(room, who.identity)
            await self._change(room, lambda case: desk.ask(case or _new(room, who, entry.name, now), summary, now))
        else:
            await self._change(room, lambda case: desk.rate(case, who.identity, entry.stars))

    def _acted(self, happening: Happening) -> None:
        try:
            action = _action.decode(happening.data)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
        who, now = happening.who, self._clock.unix()
        if who is None or not action.room.startswith(desk.HELP):
            return
        name = chat_log.name_of(who, action.name)
        act: Callable[[Case | None], Outcome]
        match action.type:
            case "take":
                act = lambda case: desk.take(case, who.identity, name, now)  # noqa: E731 (one of four)
            case "transfer":
                to_name = action.to_name[: chat_log.MAX_NAME] or action.to
                act = lambda case: desk.transfer(case, who.identity, action.to, to_name, now)  # noqa: E731
            case "close":
                act = lambda case: desk.close(case, name, now)  # noqa: E731
            case _:
                return
        self._errands.add(action.room, partial(self._change, action.room, act))

    async def _change(self, room: str, act: Callable[[Case | None], Outcome]) -> None:
        """One after the other: what is decided is written before the next is looked at."""
        channel = f"{desk.DESK}/{desk.QUEUE}"
        async with self._lock, self._turn(channel):
            entry = await self._rooms.broker.entry(channel, room, self._rooms.rules.of(channel))
            outcome = act(_case.decode(entry.value) if entry is not None else None)
            if outcome.case is None:
                return
            more = outcome.case.status == "closed" and room not in self._closed
            gone = tuple(islice(self._closed, max(0, len(self._closed) + more - MAX_CLOSED)))
            change = Change(set={room: msgspec.json.encode(outcome.case)}, remove=gone)
            await self._rooms.change(channel, change)
            self._learn(room, outcome.case)
        if outcome.notice is not None:
            await self._say(room, outcome.notice)

    @asynccontextmanager
    async def _turn(self, channel: str) -> AsyncIterator[None]:
        """Among all processes that have a desk on these rooms."""
        broker = self._rooms.broker
        while not await broker.lease(f"desk {channel}", self._holder, TURN_MS):  # noqa: ASYNC110 (no news of it)
            await asyncio.sleep(0.02)
        try:
            yield
        finally:
            await broker.lease(f"desk {channel}", self._holder, 0)

    def _hear(self, delivery: Delivery) -> None:
        """Whichever process has written it."""
        if isinstance(delivery, Patch):
            for key, value in delivery.set.items():
                self._learn(key, _case.decode(value))
            for key in delivery.removed:
                self._cases.pop(key, None)
                self._closed.pop(key, None)

    def _learn(self, room: str, case: Case) -> None:
        self._cases[room] = case
        if case.status == "closed":
            self._closed.setdefault(room)
        else:
            self._closed.pop(room, None)

    async def _attended(self) -> bool:
        """Whether anybody of the staff is at the desk."""
        seats = await self._rooms.broker.presence(desk.DESK)
        return any(desk.ACTIONS in seat.topics for seat in seats)

    async def _say(self, room: str, notice: desk.Notice) -> None:
        entry = {
            "type": "notice",
            "id": self._rooms.new_id("notice"),
            "notice": notice.kind,
            "name": notice.name,
            "text": notice.text,
            "stars": notice.stars,
        }
        if notice.kind == "handed over":
            entry["attended"] = await self._attended()
        draft = Draft(data=msgspec.json.encode(entry), who=HOUSE)
        await self._rooms.publish(f"{room}/{chat.CHAT}", draft)

    async def _summary(self, room: str, visitor: str) -> str:
        page = await self._rooms.history(f"{room}/{chat.CHAT}", limit=100, reverse=True)
        said = chat_log.fold(page.publications)
        return desk.summary_of([each.text for each in said if each.who.identity == visitor])

    async def run(self) -> None:
        """Learn whose the cases are, those that were there before and those of other processes."""
        channel = f"{desk.DESK}/{desk.QUEUE}"
        await self._rooms.broker.follow(channel, self._hear)
        try:
            image = await self._rooms.broker.state(channel, self._rooms.rules.of(channel))
        except SalonError as error:
            logger.warning("The queue of the service desk could not be read: %s", error)
            return
        known = {key: _case.decode(entry.value) for key, entry in image.entries.items()}
        for key, case in sorted(known.items(), key=lambda each: each[1].at):
            if key not in self._cases:
                self._learn(key, case)


def _new(room: str, who: Who, name: str, now: int) -> Case:
    """Somebody wants a person before saying anything else."""
    return Case(room=room, visitor=who.identity, name=chat_log.name_of(who, name), since=now, at=now)
