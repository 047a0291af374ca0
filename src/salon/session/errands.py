"""Work that waits its turn by name: in order under one name, side by side under different ones.

What is slow in one room holds up that room alone. Bounded for each name: what finds no place is not done, and the log says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from salon.session.hooks import Spawn, failed

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 256
MAX_SECONDS: Final = 60.0

Errand = Callable[[], Awaitable[None]]


class Errands:
    """``what`` they are, for the log. ``most`` wait under one name. ``seconds`` is how long one may take (None: as it likes)."""

    def __init__(
        self, what: str, spawn: Spawn, *, most: int = MAX_WAITING, seconds: float | None = MAX_SECONDS
    ) -> None:
        self._what = what
        self._spawn = spawn
        self._most = most
        self._seconds = seconds
        self._waiting: dict[str, deque[Errand]] = {}
        self._missed: dict[str, int] = {}

    def add(self, name: str, errand: Errand) -> bool:
        """Queue it. False where too many wait under this name."""
        waiting = self._waiting.get(name)
        if waiting is None:
            waiting = self._waiting[name] = deque()
            self._spawn(self._run(name, waiting))
        elif len(waiting) >= self._most:
            if not self._missed.setdefault(name, 0):
                logger.warning(
                    "%s: more than %d wait in %s; what comes now is left undone", self._what, self._most, name
                )
            self._missed[name] += 1
            return False
        waiting.append(errand)
        return True

    def busy(self, name: str) -> bool:
        return name in self._waiting

    async def _run(self, name: str, waiting: deque[Errand]) -> None:
        try:
            while waiting:
                await self._do(name, waiting.popleft())
        finally:
            del self._waiting[name]
            if missed := self._missed.pop(name, 0):
                logger.warning("%s: %d in %s were left undone", self._what, missed, name)

    async def _do(self, name: str, errand: Errand) -> None:
        try:
            async with asyncio.timeout(self._seconds) as time:
                await errand()
        except Exception as error:
            if time.expired():
                logger.warning("%s: one in %s took more than %g s and was given up", self._what, name, self._seconds)
            else:
                failed(logger, f"{self._what}: one in {name}", error)
