"""Workers as their parent sees them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from salon.base.errors import Refused
from salon.serve.gate import Caller, Gate
from salon.serve.limits import Limits
from salon.serve.workers.fleet import Fleet
from salon.serve.workers.gate import HOLD, PASSPORT
from salon.serve.workers.passport import opened
from salon.transport.line import Line
from salon.transport.tunnel import Lost
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
    Open,
    Over,
    Owes,
    Ran,
    Report,
    Run,
    Said,
)
from tests.fakes.clock import FakeClock
from tests.fakes.serving import Noting

CALLER = Caller("backend", "key", Limits(messages_per_second=1))
SCOPE = {
    "type": "http", "method": "POST", "path": "/x", "query_string": b"", "client": ("192.0.2.1", 5),
    "headers": [(b"content-type", b"a/b"), (b"authorization", b"Bearer secret"), (b"cookie", b"c"), (b"origin", b"o")],
}  # fmt: skip
BILL = {"room": "studio", "owner": "ann", "state": "live", "since": 1, "viewers": 2, "tracks": [], "recording": None}


class Worker:
    """Says what it is told to, and answers requests with ``status``, or not at all for 0."""

    def __init__(self, fleet: Fleet, number: int) -> None:
        self.fleet = fleet
        self.number = number
        self.status = 200
        self.asked: list[Open] = []
        self.heard: list[Frame] = []
        self.line: Line
        self.seen: Line

    def take(self, frame: Frame) -> None:
        self.heard.append(frame)
        if isinstance(frame, Open):
            self.asked.append(frame)
            if frame.scope[HOLD] and self.status < 400:
                self.line.send(Entered(frame.scope[HOLD]))
            if self.status:
                start = {"type": "http.response.start", "status": self.status, "headers": []}
                self.line.send(Said(frame.id, start))
                self.line.send(Said(frame.id, {"type": "http.response.body", "body": b"%d" % self.number}))
                self.line.send(Over(frame.id))

    async def says(self, *frames: Frame) -> None:
        """Return when the fleet has heard it."""
        for frame in frames:
            self.line.send(frame)
        self.line.send(Report(0, 0, 0, {}))
        await self.fleet.reported(self.number)

    async def hears(self, kind: type[Frame]) -> Any:
        async with asyncio.timeout(5):
            while not (found := [each for each in self.heard if isinstance(each, kind)]):  # noqa: ASYNC110
                await asyncio.sleep(0)
        return found[-1]


@asynccontextmanager
async def fleet(count: int = 2, tool: Any = None, **settings: Any) -> AsyncIterator[tuple[Fleet, list[Worker]]]:
    async def no_tool(*_: Any) -> str:
        raise LookupError

    made = Fleet(FakeClock(), tool or no_tool, **{"records": False, **settings})
    workers = []
    async with asyncio.TaskGroup() as group:
        for number in range(1, count + 1):
            ours, theirs = socket.socketpair()
            worker = Worker(made, number)
            worker.line = await Line.open(theirs, worker.take)
            worker.seen = await Line.open(ours, lambda frame, number=number: made.take(number, frame))  # type: ignore[misc]
            made.come(number, worker.seen, group)
            workers.append(worker)
        yield made, workers
        for worker in workers:
            worker.line.cut()
            worker.seen.cut()
            if made.up(worker.number):
                made.go(worker.number)


async def test_a_request_brings_who_asks_and_nothing_that_is_secret() -> None:
    async with fleet() as (there, workers):
        answer = await there.ask(2, SCOPE, CALLER, b"body", hold=5)
        assert (answer.status, answer.body) == (200, b"2")
        scope = workers[1].asked[0].scope
        assert opened(scope[PASSPORT]) == CALLER
        assert (scope[HOLD], scope["client"], scope["path"]) == (5, ["192.0.2.1", 5], "/x")
        assert [bytes(name) for name, _ in scope["headers"]] == [b"content-type"]
        assert (await workers[1].hears(Said)).message["body"] == b"body"


async def test_the_first_that_has_room_answers() -> None:
    async with fleet(3) as (there, workers):
        workers[0].status = 503
        assert (await there.ask_first([1, 2, 3], SCOPE, CALLER)).body == b"2"
        workers[1].status = workers[2].status = 503
        assert (await there.ask_first([1, 2, 3], SCOPE, CALLER)).body == b"3"
        workers[1].status = 409
        assert (await there.ask_first([1, 2, 3], SCOPE, CALLER)).status == 409
        with pytest.raises(Refused) as refused:
            await there.ask_first([], SCOPE, CALLER)
        assert (refused.value.status, refused.value.code) == (503, "over_capacity")
        assert refused.value.retry_after


async def test_newcomers_count_before_the_next_report_does() -> None:
    async with fleet() as (there, workers):
        workers[0].status = 201
        assert there.order() == [1, 2]
        await there.ask(1, SCOPE, CALLER, hold=1)
        assert there.order() == [2, 1]
        await workers[0].says(Report(0, 0, 0, {}))
        assert there.order() == [1, 2]


async def test_one_that_dies_fails_those_who_wait_and_frees_what_lived_there() -> None:
    gate = Gate(limits=Limits(), clock=FakeClock(), observer=Noting())
    async with fleet() as (there, workers), asyncio.TaskGroup() as group:
        lasting = there.holds.take(gate.hold(CALLER, "", "whip"), "whip")
        await workers[0].says(Entered(lasting), Began("studio"), Bills((BILL,)))
        there.holds.settle(lasting)
        workers[0].status = 0

        async def ask() -> None:
            with pytest.raises(Lost):
                await there.ask(1, SCOPE, CALLER)

        group.create_task(ask())
        await workers[0].hears(Open)
        assert (gate.connections, [bill.room for bill in there.bills()]) == (1, ["studio"])
        workers[0].seen.cut()
        await workers[0].seen.over.wait()
        there.go(1)
        assert (gate.connections, there.bills(), there.order(), there.up(1)) == (0, (), [2], False)
        with pytest.raises(Lost):
            await there.ask(1, SCOPE, CALLER)


async def test_what_is_live_is_what_workers_say() -> None:
    async with fleet() as (there, (worker, _)):
        happened: list[tuple[str, str]] = []
        stop = there.listen(lambda what, room: happened.append((what, room)))
        await worker.says(Began("studio"), Bills((BILL,)))
        assert there.placement.home("studio") == 1
        assert [(bill.room, bill.viewers) for bill in there.bills()] == [("studio", 2)]
        await worker.says(Bills(({**BILL, "viewers": 3},)))
        assert there.bills()[0].viewers == 3
        await worker.says(Ended("studio"), Ended("never told of"))
        assert (there.bills(), there.placement.home("studio")) == ((), None)
        assert happened == [("changed", "studio"), ("changed", "studio"), ("ended", "studio")]
        stop()
        stop()
        await worker.says(Began("studio"), Bills((BILL,)))
        assert len(happened) == 3


async def test_who_is_ahead_of_its_rate_in_all_workers_is_told_so_in_each() -> None:
    gate = Gate(limits=Limits(), clock=FakeClock(), observer=Noting())
    async with fleet() as (there, workers):
        numbers = [there.holds.take(gate.hold(CALLER, "", "call"), "call") for _ in workers]
        for worker, number in zip(workers, numbers, strict=True):
            await worker.says(Entered(number))
            there.holds.settle(number)
        await workers[0].says(Report(0, 0, 1, {numbers[0]: 8}))
        assert not [each for each in workers[0].heard if isinstance(each, Owes)]
        await workers[1].says(Report(0, 0, 1, {numbers[1]: 8}))
        owes = await workers[1].hears(Owes)
        assert (owes.hold, owes.milliseconds) == (numbers[1], 6_000)
        await workers[1].says(Left(numbers[1]))
        assert gate.connections == 1


async def test_tools_run_here() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def tool(agent: str, name: str, arguments: str, within: float) -> str:
        if name != "slow":
            return f"{agent} {name} {arguments} {within}"
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return ""

    async with fleet(tool=tool) as (there, (worker, other)):
        await worker.says(Run(1, "host", "where", "{}", 30.0), GiveUp(99))
        assert await worker.hears(Ran) == Ran(1, "host where {} 30.0")
        await worker.says(Run(2, "host", "slow", "{}", 30.0))
        await begun.wait()
        await worker.says(GiveUp(2))
        await ended.wait()
        ended.clear()
        begun.clear()
        await other.says(Run(1, "host", "slow", "{}", 30.0))
        await begun.wait()
        there.go(2)
        await ended.wait()


async def test_the_drain_waits_for_all_but_the_dead() -> None:
    async with fleet() as (there, (one, other)), asyncio.TaskGroup() as group:
        draining = group.create_task(there.drain(9))
        assert await one.hears(Drain) == Drain(9)
        assert there.draining
        await one.says(Drained())
        assert not draining.done()
        other.seen.cut()
        there.go(2)
        await draining
