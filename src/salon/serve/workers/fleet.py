"""The workers as their parent sees them: who is up, what lives where, what is live; and how to ask them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from starlette.types import Receive, Scope, Send

from salon.base.errors import Refused
from salon.ports.clock import Clock
from salon.ports.media import Stop
from salon.rtc.placement import Load, Placement
from salon.serve.gate import Caller
from salon.serve.workers.gate import HOLD, PASSPORT
from salon.serve.workers.holds import Holds
from salon.serve.workers.passport import sealed
from salon.session.bill import Bill, Happened, Listener
from salon.transport.line import Line
from salon.transport.tunnel import Answer, Lost, Tunnel, reduced
from salon.wire.workers import (
    Began,
    Bills,
    Drain,
    Drained,
    Ended,
    Entered,
    Frame,
    GiveUp,
    Left,
    Over,
    Owes,
    Ran,
    Report,
    Run,
    Said,
    Taken,
)

ASK_SECONDS: Final = 10.0
"""How long a worker may take to answer. It answers in milliseconds, or is stuck."""

# What a client may not tell a worker: who it is stands in its passport, and pages were judged by the gate.
DROPPED: Final = frozenset({b"authorization", b"origin", b"cookie"})

Tool = Callable[[str, str, str, float], Awaitable[str]]
"""Call a tool: the agent's name, the tool's, its arguments, how many seconds it may take. Gives its output."""

logger = logging.getLogger(__name__)


class _Worker:
    def __init__(self, number: int, line: Line) -> None:
        self.number = number
        self.line = line
        self.tunnel = Tunnel(line)
        self.tools: dict[int, asyncio.Task[None]] = {}
        self.drained = asyncio.Event()
        self.reported = asyncio.Event()


class Fleet:
    """``tool`` calls a tool in this process. It lists what is live in all workers (``salon.session.bill.Listing``)."""

    def __init__(self, clock: Clock, tool: Tool, *, records: bool) -> None:
        self.draining = False
        self.records = records
        self.placement = Placement()
        self.holds = Holds()
        self._clock = clock
        self._tool = tool
        self._workers: dict[int, _Worker] = {}
        self._bills: dict[str, Bill] = {}
        self._listeners: list[Listener] = []
        self._group: asyncio.TaskGroup | None = None

    # Workers come and go -------------------------------------------------------------------------------------------------

    def come(self, number: int, line: Line, group: asyncio.TaskGroup) -> None:
        """A worker is ready. Its tools run in ``group``."""
        self._group = group
        self._workers[number] = _Worker(number, line)
        self.placement.up(number, self._clock.now())

    def go(self, number: int) -> None:
        """It is gone, with all that lived there."""
        worker = self._workers.pop(number)
        worker.tunnel.lose()
        worker.drained.set()
        worker.reported.set()
        for task in worker.tools.values():
            task.cancel()
        self.holds.lost(number)
        for room in self.placement.down(number):
            self._end(room)

    async def reported(self, number: int) -> None:
        """Return when that worker says again how it is, or is gone."""
        if (worker := self._workers.get(number)) is not None:
            worker.reported.clear()
            await worker.reported.wait()

    async def drain(self, seconds: float) -> None:
        """Return when nothing is under way in any worker."""
        self.draining = True
        for worker in self._workers.values():
            worker.line.send(Drain(seconds))
        await asyncio.gather(*(worker.drained.wait() for worker in list(self._workers.values())))

    def take(self, number: int, frame: Frame) -> None:
        """What a worker says."""
        worker = self._workers[number]
        match frame:
            case Said() | Taken() | Over():
                worker.tunnel.take(frame)
            case Entered(hold):
                self.holds.entered(hold, number)
            case Left(hold):
                self.holds.left(hold)
            case Report():
                self._report(worker, frame)
            case Began(room):
                self.placement.began(room, number)
            case Ended(room):
                self.placement.ended(room, number)
                self._end(room)
            case Bills(bills):
                self._put(bills)
            case Run():
                self._run(worker, frame)
            case GiveUp(run):
                if (task := worker.tools.get(run)) is not None:
                    task.cancel()
            case Drained():
                worker.drained.set()

    # Asking --------------------------------------------------------------------------------------------------------------

    def order(self) -> list[int]:
        """The workers that a newcomer may try, the best first."""
        return self.placement.order(self._clock.now())

    def up(self, number: int | None) -> bool:
        return number in self._workers

    async def ask(
        self,
        number: int,
        scope: Scope,
        caller: Caller,
        body: bytes = b"",
        hold: int = 0,
        within: float = ASK_SECONDS,
    ) -> Answer:
        """Pass a request on. Raises ``Lost`` where the worker is gone or stuck: does not answer ``within`` so many seconds."""
        worker = self._workers.get(number)
        if worker is None:
            raise Lost
        answer = await worker.tunnel.request(_told(scope, caller, hold, len(body)), body, within)
        if hold and answer.status < 400:
            self.placement.sent(number)
        return answer

    async def ask_first(
        self, order: Iterable[int], scope: Scope, caller: Caller, body: bytes = b"", hold: int = 0
    ) -> Answer:
        """The answer of the first that has room. Raises ``Refused`` where nobody answers."""
        last = None
        for number in order:
            try:
                last = await self.ask(number, scope, caller, body, hold)
            except Lost:
                continue
            if last.status != 503:
                return last
        if last is None:
            raise no_engine()
        return last

    async def websocket(
        self, number: int, caller: Caller, hold: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Pass a WebSocket on, to its end. Raises ``Lost`` before it is accepted."""
        worker = self._workers.get(number)
        if worker is None:
            raise Lost
        await worker.tunnel.websocket(_told(scope, caller, hold), receive, send)

    # What is live --------------------------------------------------------------------------------------------------------

    def bills(self) -> Sequence[Bill]:
        return tuple(self._bills.values())

    def listen(self, listener: Listener) -> Stop:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def _put(self, bills: Iterable[dict[str, Any]]) -> None:
        for each in bills:
            bill = msgspec.convert(each, Bill)
            self._bills[bill.room] = bill
            self._tell("changed", bill.room)

    def _end(self, room: str) -> None:
        if self._bills.pop(room, None) is not None:
            self._tell("ended", room)

    def _tell(self, happened: Happened, room: str) -> None:
        for listener in tuple(self._listeners):
            listener(happened, room)

    # What else workers say -----------------------------------------------------------------------------------------------

    def _report(self, worker: _Worker, report: Report) -> None:
        worker.reported.set()
        self.placement.reported(worker.number, Load(report.load, report.cpu, report.sessions), self._clock.now())
        for hold, messages in report.messages.items():
            if wait := self.holds.charge(hold, messages):
                worker.line.send(Owes(hold, wait))

    def _run(self, worker: _Worker, run: Run) -> None:
        assert self._group is not None
        task = self._group.create_task(self._run_tool(worker, run))
        worker.tools[run.id] = task
        task.add_done_callback(lambda _: worker.tools.pop(run.id, None))

    async def _run_tool(self, worker: _Worker, run: Run) -> None:
        worker.line.send(Ran(run.id, await self._tool(run.agent, run.tool, run.arguments, run.within)))


def no_engine() -> Refused:
    return Refused(
        "No media engine is there now; try again in a few seconds.", status=503, code="over_capacity", retry_after=2
    )


def _told(scope: Scope, caller: Caller, hold: int, length: int = 0) -> Scope:
    headers = [(bytes(name), bytes(value)) for name, value in scope["headers"] if name not in DROPPED]
    return {**reduced(scope, headers), PASSPORT: sealed(caller), HOLD: hold}
