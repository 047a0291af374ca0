"""Keeps the workers running: starts them, starts one again that is gone, drains them, ends them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final

from salon.app.workers.forking import Forker
from salon.base.errors import ConfigError
from salon.ports.clock import Clock
from salon.serve.workers.fleet import Fleet
from salon.transport.line import Line
from salon.wire.workers import Failed, Frame, Ready

START_SECONDS: Final = 60.0
"""How long a worker may take to be ready."""

STUCK_SECONDS: Final = 15.0
"""A worker that says nothing for so long is ended: its calls have been silent as long."""

STOP_SECONDS: Final = 5.0
PAUSE_MS, LONGEST_PAUSE_MS, STEADY_MS = 100, 30_000, 60_000

logger = logging.getLogger(__name__)


def pause(failures: int) -> int:
    """The milliseconds before a worker that has ended so often in a row is started again."""
    return min(PAUSE_MS << min(failures - 1, 16), LONGEST_PAUSE_MS)


class Crew:
    """``count`` workers. ``async with`` starts them all, or raises ``ConfigError`` as the first that cannot start says."""

    def __init__(self, forker: Forker, count: int, fleet: Fleet, clock: Clock) -> None:
        self.restarts = 0
        self.pids: dict[int, int] = {}
        """Of the workers that are up."""
        self.ports: dict[int, int] = {}
        self.fleet = fleet
        self._forker = forker
        self._count = count
        self._clock = clock
        self._lines: dict[int, Line] = {}
        self._ending = asyncio.Event()
        self._group: asyncio.TaskGroup

    async def __aenter__(self) -> Crew:
        self._group = await asyncio.TaskGroup().__aenter__()
        loop = asyncio.get_running_loop()
        first = [loop.create_future() for _ in range(self._count)]
        for number, ready in enumerate(first, 1):
            self._group.create_task(self._keep(number, ready))
        try:
            for each in asyncio.as_completed(first):
                await each
        except BaseException:
            await self.__aexit__(None, None, None)
            for each in first:
                # Who fails beside the first says the same.
                _ = each.done() and not each.cancelled() and each.exception()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        for line in self._lines.values():
            line.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._group.__aexit__(None, None, None)
        except TimeoutError:
            logger.warning("Some workers did not end and are killed")
        finally:
            # It kills those that are left.
            await asyncio.to_thread(self._forker.close)

    @property
    def missing(self) -> str:
        """What the server lacks while no worker is up (``salon.serve.http``)."""
        return "" if self.pids else "no media engine"

    async def drain(self, seconds: float) -> None:
        await self.fleet.drain(seconds)

    async def _keep(self, number: int, first: asyncio.Future[None]) -> None:
        """One worker after another under this number."""
        failures = 0
        while not self._ending.is_set():
            began = self._clock.now()
            try:
                await self._once(number, first)
            except (OSError, ConfigError) as error:
                if not first.done():
                    first.set_exception(error if isinstance(error, ConfigError) else ConfigError(str(error)))
                    return
                logger.error("Worker %d cannot start: %s", number, error)
            if self._ending.is_set():
                return
            failures = 1 if self._clock.now() - began > STEADY_MS else failures + 1
            self.restarts += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause(failures) / 1000):
                    await self._ending.wait()

    async def _once(self, number: int, first: asyncio.Future[None]) -> None:
        """A worker, from its start to its end. Raises ``ConfigError`` where it could not start."""
        started: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()

        def take(frame: Frame) -> None:
            match frame:
                case Ready():
                    # What it says next is for the fleet: nothing may come between.
                    self.fleet.come(number, line, self._group)
                    started.set_result(frame)
                case Failed(message):
                    started.set_exception(ConfigError(message))
                case _:
                    self.fleet.take(number, frame)

        line = self._lines[number] = await Line.open(self._forker.fork(number), take)
        try:
            ready = await self._started(line, started)
            self.pids[number], self.ports[number] = ready.pid, ready.port
            logger.info("Worker %d (process %d) is up, on UDP port %d", number, ready.pid, ready.port)
            if not first.done():
                first.set_result(None)
            await self._watch(number, line, ready.pid)
            if not self._ending.is_set():
                logger.error("Worker %d (process %d) is gone, and its sessions with it", number, ready.pid)
        finally:
            line.cut()
            if self.fleet.up(number):
                self.fleet.go(number)
            self.pids.pop(number, None)
            self.ports.pop(number, None)

    async def _started(self, line: Line, started: asyncio.Future[Ready]) -> Ready:
        try:
            async with asyncio.timeout(START_SECONDS):
                await _either(asyncio.wait((started,)), line.over.wait())
        except TimeoutError:
            raise ConfigError(f"it was not ready within {START_SECONDS:g} s") from None
        if not started.done():
            raise ConfigError("its process ended before it was ready")
        return started.result()

    async def _watch(self, number: int, line: Line, pid: int) -> None:
        """Return when it is gone. One that says nothing any more is ended."""
        while not line.over.is_set():
            try:
                async with asyncio.timeout(STUCK_SECONDS):
                    await _either(self.fleet.reported(number), line.over.wait())
            except TimeoutError:
                logger.error("Worker %d (process %d) is stuck and is killed", number, pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                return


async def _either(*waits: Coroutine[Any, Any, Any]) -> None:
    """Return when the first of them does. They may not raise."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in waits]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
