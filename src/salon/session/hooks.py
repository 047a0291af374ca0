"""What happens in the rooms, for programs that want to know: their functions, and what sends it on to others.

A function is called with a ``Happening``, once, in the process where it happened. It may take its time: it runs by itself, and
nobody in the room waits for it. At most ``MAX_RUNNING`` run at once; what happens meanwhile is not told, and the log says so.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import msgspec

from salon.base.patterns import matches
from salon.base.rooms import Who

logger = logging.getLogger(__name__)

JOINED: Final = "room.joined"
LEFT: Final = "room.left"
MESSAGE: Final = "room.message"
NAMES: Final = (JOINED, LEFT, MESSAGE)
MAX_RUNNING: Final = 1000


class Happening(msgspec.Struct, frozen=True):
    """``name`` is one of ``NAMES``. ``topic``, ``data`` (JSON), ``key`` and ``offset`` are those of a message. ``reason`` says
    how somebody left: ``left``, ``lost`` or ``kicked``. ``at`` is seconds since 1970."""

    name: str
    room: str = ""
    topic: str = ""
    who: Who | None = None
    data: bytes = b""
    key: str = ""
    offset: int = 0
    reason: str = ""
    at: int = 0

    @property
    def json(self) -> Any:
        """The message, decoded."""
        return msgspec.json.decode(self.data)

    @property
    def channel(self) -> str:
        return f"{self.room}/{self.topic}" if self.topic else self.room


Handler = Callable[[Happening], Awaitable[None] | None]
Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Hooks:
    def __init__(self) -> None:
        self._handlers: dict[str, list[tuple[str, Handler]]] = {}
        self._running = self._untold = 0

    def on(self, name: str, handler: Handler, channel: str = "*") -> None:
        """Call ``handler`` with everything of this name, in channels (rooms, for who joins and leaves) that match the pattern.
        Raises ``ValueError`` for a name that does not exist."""
        if name not in NAMES:
            raise ValueError(f"There is no event {name!r}; there are {', '.join(NAMES)}.")
        self._handlers.setdefault(name, []).append((channel, handler))

    def wanted(self, name: str) -> bool:
        return name in self._handlers

    def fire(self, happening: Happening, spawn: Spawn) -> None:
        for pattern, handler in self._handlers.get(happening.name, ()):
            if not matches((pattern,), happening.channel):
                continue
            if self._running >= MAX_RUNNING:
                if not self._untold:
                    logger.warning("%d handlers run: what happens until fewer do is not told", MAX_RUNNING)
                self._untold += 1
                return
            self._running += 1
            spawn(self._run(handler, happening))

    async def _run(self, handler: Handler, happening: Happening) -> None:
        try:
            done = handler(happening)
            if inspect.isawaitable(done):
                await done
        finally:
            self._running -= 1
            if self._untold and self._running < MAX_RUNNING // 2:
                logger.warning("%d times a handler was not told what happened", self._untold)
                self._untold = 0
