"""What a program adds to its server: states that it holds, functions for what happens in rooms, tasks beside it all."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import msgspec

from salon.base.rooms import TopicRule, split_channel
from salon.session.authority import Authority, Step
from salon.session.hooks import Handler, Hooks
from salon.session.rooms import Rooms

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]
AnyStep = TypeVar("AnyStep", bound=Step)
AnyHandler = TypeVar("AnyHandler", bound=Handler)
AnyWork = TypeVar("AnyWork", bound=Work)


class HeldState(msgspec.Struct, frozen=True):
    channel: str
    step: Step
    tick: float
    patch: float
    durable: bool


class Program:
    """Written down before the server is built; ``join`` makes it part of one."""

    def __init__(self) -> None:
        self._states: list[HeldState] = []
        self._handlers: list[tuple[str, Handler, str]] = []
        self._tasks: list[Work] = []

    @property
    def empty(self) -> bool:
        return not (self._states or self._handlers or self._tasks)

    def state(self, name: str, tick: float, patch: float, durable: bool) -> Callable[[AnyStep], AnyStep]:
        """Raises ``ClientError`` for what is no room and no channel, ``ValueError`` for a rate that cannot be."""
        channel = name if "/" in name else f"{name}/state"
        split_channel(channel)
        if not 0 < tick <= 240 or not 0 < patch <= 240:
            raise ValueError("tick and patch are more than 0 and at most 240 a second.")

        def hold(step: AnyStep) -> AnyStep:
            self._states.append(HeldState(channel, step, tick, patch, durable))
            return step

        return hold

    def on(self, name: str, channel: str) -> Callable[[AnyHandler], AnyHandler]:
        """Raises ``ValueError`` for an event that does not exist."""
        Hooks().on(name, lambda happening: None)

        def listen(handler: AnyHandler) -> AnyHandler:
            self._handlers.append((name, handler, channel))
            return handler

        return listen

    def task(self, work: AnyWork) -> AnyWork:
        self._tasks.append(work)
        return work

    def join(self, rooms: Rooms) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """Make it part of these rooms. What comes back is to run as long as they do."""
        for name, handler, channel in self._handlers:
            rooms.hooks.on(name, handler, channel)
        running: list[Callable[[], Coroutine[Any, Any, None]]] = []
        for held in self._states:
            rooms.rules.put(TopicRule(pattern=held.channel, mode="state", authority=True, durable=held.durable))
            authority = Authority(rooms, held.channel, held.step, tick=held.tick, patch=held.patch)
            running.append(partial(_guarded, authority.run, held.channel))
        running.extend(partial(_guarded, work, getattr(work, "__name__", "a task")) for work in self._tasks)
        return running


async def _guarded(work: Work, name: str) -> None:
    """What fails in a program's own code ends that alone."""
    try:
        await work()
    except Exception:
        logger.exception("%s failed and is not started again", name)
