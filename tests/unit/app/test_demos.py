"""The demonstrations over real rooms: they begin with the first who comes and rest after the last who goes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from salon.app import demos
from salon.app.demos import Attendance
from salon.base.errors import ConfigError
from salon.base.rooms import Patch, Published, Snapshot
from tests.fakes.rooms import Guest, Hearing, open_rooms


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 (it happens in other tasks of this loop, which tell nobody)
            await asyncio.sleep(0)


def events(ear: Hearing, kind: type) -> list[object]:
    return [event for _, event in ear.told if isinstance(event, kind)]


async def test_work_runs_while_somebody_is_there() -> None:
    async with open_rooms() as rooms, asyncio.TaskGroup() as group:
        began, ended = asyncio.Event(), asyncio.Event()

        async def work() -> None:
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        runner = group.create_task(Attendance(rooms, "market", linger=0).run(work))
        await asyncio.sleep(0)
        assert not began.is_set()
        for _ in range(2):
            guest = Guest(rooms, "alice")
            await guest.subscribe("market/feed")
            async with asyncio.timeout(10):
                await began.wait()
            assert not ended.is_set()
            await guest.member.leave(keep=False)
            async with asyncio.timeout(10):
                await ended.wait()
            began.clear()
            ended.clear()
        runner.cancel()


async def test_who_comes_back_in_time_finds_it_running() -> None:
    async with open_rooms() as rooms, asyncio.TaskGroup() as group:
        began = 0
        running = asyncio.Event()

        async def work() -> None:
            nonlocal began
            began += 1
            running.set()
            await asyncio.Event().wait()

        runner = group.create_task(Attendance(rooms, "market", linger=600).run(work))
        for _ in range(3):
            guest = Guest(rooms, "alice")
            await guest.subscribe("market/feed")
            async with asyncio.timeout(10):
                await running.wait()
            await guest.member.leave(keep=False)
        assert began == 1
        runner.cancel()


async def test_a_demonstration_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async with open_rooms() as rooms, asyncio.TaskGroup() as group:

        async def work() -> None:
            raise ConfigError("there is no /proc here")

        runner = group.create_task(Attendance(rooms, "machine", linger=600).run(work))
        await Guest(rooms, "alice").subscribe("machine/feed")

        def told() -> bool:
            return "there is no /proc here" in caplog.text

        await until(told)
        assert not runner.done()
        runner.cancel()


async def test_the_market_trades() -> None:
    async with open_rooms() as rooms, asyncio.TaskGroup() as group:
        tasks = [group.create_task(run()) for run in demos.join(rooms, ["market"])]
        guest = Guest(rooms, "alice")
        await guest.subscribe("market/state:about")
        await guest.subscribe("market/feed")

        def traded() -> bool:
            found = [each for each in events(guest.ear, Published) if isinstance(each, Published)]
            return sum(len(each.publications) for each in found) > 50

        await until(traded)
        entries = await rooms.broker.state("market/state:about", rooms.rules.of("market/state:about"))
        assert len(entries.entries) == demos.SYMBOLS
        assert msgspec.json.decode(entries.entries["SIM0001"].value)["zh"]
        for task in tasks:
            task.cancel()


async def test_the_arena_takes_players_in_and_answers_their_inputs() -> None:
    async with open_rooms() as rooms, asyncio.TaskGroup() as group:
        tasks = [group.create_task(run()) for run in demos.join(rooms, ["arena"], bots=3)]
        guest = Guest(rooms, "alice")
        await guest.subscribe("arena/state")

        def held() -> bool:
            patches = events(guest.ear, Patch) + events(guest.ear, Snapshot)
            return any("p/bot-2" in msgspec.json.encode(each).decode() for each in patches)

        await until(held)
        await guest.member.input("arena/state", 1, b'{"name":"Alice"}')
        await guest.member.input("arena/state", 2, b'{"x":1}')

        def acknowledged() -> bool:
            patches = [each for each in events(guest.ear, Patch) if isinstance(each, Patch)]
            session = guest.member.who.session
            return any("p/alice" in each.set for each in patches) and any(
                each.acks.get(session) == 2 for each in patches
            )

        await until(acknowledged)
        for task in tasks:
            task.cancel()
