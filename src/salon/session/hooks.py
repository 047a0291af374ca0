"""What happens in the rooms, for programs that want to know: their functions, and what sends it on to others.

A function is called with a ``Happening``, once, in the process where it happened: at once, in order. What a function returns to
be awaited runs by itself, and nobody in the room waits for it: of each function at most ``MAX_RUNNING`` at once, and none longer
than ``MAX_SECONDS``. What happens meanwhile is not told to that function, and the log says so.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import msgspec

from salon.base.errors import SalonError
from salon.base.patterns import matches
from salon.base.rooms import Who

logger = logging.getLogger(__name__)

JOINED: Final = "room.joined"
LEFT: Final = "room.left"
MESSAGE: Final = "room.message"
NAMES: Final = (JOINED, LEFT, MESSAGE)
MAX_RUNNING: Final = 1000
MAX_SECONDS: Final = 60.0


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
        self._told: dict[str, list[_Told]] = {}

    def on(self, name: str, handler: Handler, channel: str = "*") -> None:
        """Call ``handler`` with everything of this name, in channels (rooms, for who joins and leaves) that match the pattern.
        Raises ``ValueError`` for a name that does not exist."""
        if name not in NAMES:
            raise ValueError(f"There is no event {name!r}; there are {', '.join(NAMES)}.")
        self._told.setdefault(name, []).append(_Told(handler, channel))

    def wanted(self, name: str) -> bool:
        return name in self._told

    def fire(self, happening: Happening, spawn: Spawn) -> None:
        for told in self._told.get(happening.name, ()):
            if matches((told.pattern,), happening.channel):
                told.tell(happening, spawn)


class _Told:
    """A function, and how much of it runs: one that hangs takes nothing from the others."""

    def __init__(self, handler: Handler, pattern: str) -> None:
        self.pattern = pattern
        self._handler = handler
        self._name = getattr(handler, "__qualname__", repr(handler))
        self._running = self._untold = 0

    def tell(self, happening: Happening, spawn: Spawn) -> None:
        if self._running >= MAX_RUNNING:
            if not self._untold:
                logger.warning("%s runs %d times: until fewer do it is not told what happens", self._name, MAX_RUNNING)
            self._untold += 1
            return
        try:
            result = self._handler(happening)
        except Exception as error:
            failed(logger, self._name, error)
            return
        if inspect.isawaitable(result):
            self._running += 1
            spawn(self._finish(result))

    async def _finish(self, result: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(MAX_SECONDS) as time:
                await result
        except Exception as error:
            if time.expired():
                logger.warning("%s took more than %g s for one event and was ended", self._name, MAX_SECONDS)
            else:
                failed(logger, self._name, error)
        finally:
            self._running -= 1
            if self._untold and self._running < max(1, MAX_RUNNING // 2):
                logger.warning("%s was not told %d times what happened", self._name, self._untold)
                self._untold = 0


def failed(logger: logging.Logger, what: str, error: Exception) -> None:
    """Say in the log that ``what`` failed: with what is to be read of an error of ours, and whole of any other."""
    if isinstance(error, SalonError):
        logger.warning("%s: %s", what, error)
    else:
        logger.error("%s failed", what, exc_info=error)
