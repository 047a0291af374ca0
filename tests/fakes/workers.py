"""Workers in the loop of the test: all that a worker's process has, over a real socket, but for the process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute

from salon.base import ids
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.serve.gate import Gate
from salon.serve.http import app
from salon.serve.ice import IceServers
from salon.serve.live import LiveDoor
from salon.serve.live_list import LiveListDoor
from salon.serve.whip import WhipDoor
from salon.serve.workers.doors import LiveToWorkers, WhipToWorkers
from salon.serve.workers.fleet import Fleet
from salon.serve.workers.gate import TrustingGate
from salon.serve.workers.telling import Telling
from salon.session.live import Live
from salon.transport.line import Line
from salon.transport.tunnel import Answering
from salon.wire.workers import Frame, Over, Owes, Report, Said, Taken
from salon.wire.workers import Open as OpenFrame


async def no_tools(agent: str, tool: str, arguments: str, within: float) -> str:
    raise LookupError(tool)


@asynccontextmanager
async def fleet(clock: Clock, *, records: bool = False) -> AsyncIterator[Fleet]:
    yield Fleet(clock, no_tools, records=records)


def routes(fleet: Fleet, gate: Gate, ice: IceServers, *, most: int = 100) -> list[BaseRoute]:
    """The doors of the parent."""
    return [
        *WhipToWorkers(fleet, gate, ice, most=most).routes(),
        *LiveListDoor(fleet, gate).routes(),
        *LiveToWorkers(fleet, gate).routes(),
    ]


class Worker:
    def __init__(self, number: int, live: Live, line: Line, gate: TrustingGate) -> None:
        self.number = number
        self.live = live
        self.line = line
        self.gate = gate

    def report(self, *, load: float = 0.0, cpu: float = 0.0) -> None:
        self.line.send(Report(load, cpu, len(self.live), self.gate.counted()))

    def die(self) -> None:
        self.line.cut()


@asynccontextmanager
async def worker(
    fleet: Fleet, number: int, live: Live, ice: IceServers, clock: Clock, observer: Observer
) -> AsyncIterator[Worker]:
    """``live``'s ids are made to name the worker. It is part of ``fleet`` until it dies, or the context ends."""
    ours, theirs = socket.socketpair()
    live._new_id = ids.of_worker(number, live._new_id)
    taking: list[Answering] = []

    def take(frame: Frame) -> None:
        match frame:
            case OpenFrame() | Said() | Taken() | Over():
                taking[0].take(frame)
            case Owes(hold, milliseconds):
                gate.owes(hold, milliseconds)

    line = await Line.open(theirs, take)
    gate = TrustingGate(clock=clock, observer=observer, tell=line.send)
    doors = app([*WhipDoor(live, gate, ice, clock, observer).routes(), *LiveDoor(live, gate).routes()], gate=gate)
    seen = await Line.open(ours, lambda frame: fleet.take(number, frame))

    async def go() -> None:
        await seen.over.wait()
        fleet.go(number)

    async with asyncio.TaskGroup() as group:
        fleet.come(number, seen, group)
        taking.append(Answering(line, doors, group, Telling(live, line.send).changes))
        group.create_task(go())
        try:
            yield Worker(number, live, line, gate)
        finally:
            taking[0].lose()
            line.cut()
            seen.cut()
