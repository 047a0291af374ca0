"""What a newcomer finds in the rooms: a market, this machine's load, an arena.

Each runs while somebody is in its room and for a while after, and costs nothing otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from salon.app.arena.bots import Bots
from salon.app.arena.rules import TICKS
from salon.app.arena.world import World
from salon.app.config_rooms import Demo
from salon.app.feeds.machine import Machine
from salon.app.feeds.market import Market
from salon.app.feeds.reading import About, Reading
from salon.base.errors import SalonError
from salon.base.rooms import Change, TopicRule
from salon.session.authority import Authority, Tick
from salon.session.hooks import JOINED, LEFT, Happening
from salon.session.rooms import Rooms

logger = logging.getLogger(__name__)

LINGER_SECONDS: Final = 30.0
"""Who reloads the page finds what was there."""
SYMBOLS: Final = 2000
TRADES: Final = 30
TRADE_SECONDS: Final = 0.1
SAMPLE_SECONDS: Final = 1.0

Work = Callable[[], Awaitable[None]]


def join(rooms: Rooms, demos: Iterable[Demo], *, bots: int = 0) -> list[Callable[[], Coroutine[Any, Any, None]]]:
    """Make them part of these rooms. What comes back is to run as long as they do. ``bots`` play in the arena."""
    made: dict[Demo, Callable[[], Work]] = {
        "arena": lambda: partial(_arena, rooms, bots),
        "market": lambda: partial(_market, rooms),
        "machine": lambda: partial(_machine, rooms),
    }
    running: list[Callable[[], Coroutine[Any, Any, None]]] = []
    for demo in demos:
        if demo == "arena":
            rooms.rules.put(TopicRule(pattern="arena/state", mode="state", authority=True, durable=False))
        else:
            rooms.rules.put(TopicRule(pattern=f"{demo}/state:about", mode="state", durable=False))
        attendance = Attendance(rooms, demo)
        running.append(partial(attendance.run, made[demo]()))
    return running


class Attendance:
    """Who is in ``room``: ``work`` runs while anybody is, and ``linger`` seconds longer."""

    def __init__(self, rooms: Rooms, room: str, linger: float = LINGER_SECONDS) -> None:
        self._rooms = rooms
        self._room = room
        self._linger = linger
        self._changed = asyncio.Event()
        rooms.hooks.on(JOINED, self._note, room)
        rooms.hooks.on(LEFT, self._note, room)

    async def run(self, work: Work) -> None:
        while True:
            await self._until(present=True)
            logger.info("%s begins", self._room)
            async with asyncio.TaskGroup() as group:
                task = group.create_task(self._guarded(work))
                while not await self._gone():
                    await self._until(present=False)
                task.cancel()
            logger.info("%s rests", self._room)

    def _note(self, happening: Happening) -> None:
        self._changed.set()

    async def _until(self, present: bool) -> None:
        while True:
            self._changed.clear()
            if bool(await self._rooms.broker.presence(self._room)) is present:
                return
            await self._changed.wait()

    async def _gone(self) -> bool:
        """Nobody, and nobody comes for a while."""
        self._changed.clear()
        if await self._rooms.broker.presence(self._room):
            return False
        try:
            async with asyncio.timeout(self._linger):
                await self._changed.wait()
        except TimeoutError:
            return True
        return False

    async def _guarded(self, work: Work) -> None:
        """A demonstration that fails is not worth a server."""
        try:
            await work()
        except SalonError as error:
            logger.warning("%s has ended: %s", self._room, error)


async def _market(rooms: Rooms) -> None:
    clock = rooms.clock
    market = Market(SYMBOLS)
    await _describe(rooms, "market", market.about)
    await _publish(rooms, "market", market.opening(clock.unix() * 1000))
    began, start = clock.now(), clock.unix() * 1000
    while True:
        await asyncio.sleep(TRADE_SECONDS)
        await _publish(rooms, "market", market.trade(TRADES, start + clock.now() - began))


async def _machine(rooms: Rooms) -> None:
    clock = rooms.clock
    machine = Machine()
    await _describe(rooms, "machine", machine.about)
    began, start = clock.now(), clock.unix() * 1000
    while True:
        await _publish(rooms, "machine", machine.sample(start + clock.now() - began))
        await asyncio.sleep(SAMPLE_SECONDS)


async def _arena(rooms: Rooms, bots: int) -> None:
    world = World(random.Random())  # noqa: S311 (a game's dice)
    crowd = Bots(world, bots)

    def step(tick: Tick) -> None:
        for who in tick.left:
            world.leave(who.identity)
        world.step([*((said.who.identity, said.data) for said in tick.inputs), *crowd.wishes()])
        tick.state.clear()
        tick.state.update(world.shown())

    await Authority(rooms, "arena/state", step, tick=TICKS, patch=TICKS).run()


async def _describe(rooms: Rooms, room: str, about: Mapping[str, About]) -> None:
    await rooms.change(
        f"{room}/state:about", Change(set={key: msgspec.json.encode(each) for key, each in about.items()})
    )


async def _publish(rooms: Rooms, room: str, readings: Iterable[Reading]) -> None:
    await rooms.feed(f"{room}/feed", {reading.key: msgspec.json.encode(reading) for reading in readings})
