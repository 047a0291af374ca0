from __future__ import annotations

import asyncio
import logging

import pytest

from salon.app.program import Program
from salon.base.errors import ClientError
from salon.session.authority import Tick
from salon.session.hooks import Happening
from tests.fakes.rooms import Guest, open_rooms


async def test_what_is_written_down_becomes_part_of_the_rooms() -> None:
    program = Program()
    heard: list[str] = []

    @program.state("arena", 100, 100, False)
    def arena(tick: Tick) -> None:
        tick.state["n"] = 1

    @program.on("room.joined", "arena")
    def joined(happening: Happening) -> None:
        heard.append(happening.room)

    @program.task
    async def work() -> None:
        heard.append("work")

    async with open_rooms() as rooms, asyncio.TaskGroup() as group:
        running = [group.create_task(each()) for each in program.join(rooms)]
        rule = rooms.rules.of("arena/state")
        assert (rule.mode, rule.authority, rule.durable) == ("state", True, False)
        alice = Guest(rooms, "alice")
        await alice.subscribe("arena/state")
        async with asyncio.timeout(10):
            while sorted(heard) != ["arena", "work"]:  # noqa: ASYNC110
                await asyncio.sleep(0)
        for task in running:
            task.cancel()


@pytest.mark.parametrize(("tick", "patch"), [(0, 20), (30, 0), (1000, 20), (30, -1)])
def test_rates_that_cannot_be(tick: float, patch: float) -> None:
    with pytest.raises(ValueError, match="240"):
        Program().state("arena", tick, patch, False)


def test_names_that_cannot_be() -> None:
    with pytest.raises(ClientError):
        Program().state("no room", 30, 20, False)
    with pytest.raises(ValueError, match="no event"):
        Program().on("room.exploded", "*")


async def test_a_task_that_fails_ends_alone(caplog: pytest.LogCaptureFixture) -> None:
    program = Program()

    @program.task
    async def broken() -> None:
        raise RuntimeError("oh")

    async with open_rooms() as rooms:
        with caplog.at_level(logging.ERROR):
            for each in program.join(rooms):
                await each()
    assert "broken failed" in caplog.text


def test_a_program_is_empty_until_something_is_written_down() -> None:
    for write in (
        lambda program: program.state("game", 30, 20, True)(lambda tick: None),
        lambda program: program.on("room.joined", "*")(lambda happening: None),
        lambda program: program.task(lambda: None),
    ):
        program = Program()
        assert program.empty
        write(program)
        assert not program.empty
