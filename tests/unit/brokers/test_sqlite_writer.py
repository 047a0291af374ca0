from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from salon.base.errors import Refused
from salon.brokers.sqlite_writer import SqliteWriter

SCHEMA = "CREATE TABLE IF NOT EXISTS said (text TEXT UNIQUE)"


def say(text: str) -> object:
    return lambda disk: disk.execute("INSERT INTO said VALUES (?)", (text,)) and text


async def everything(writer: SqliteWriter) -> list[str]:
    return [
        row[0] for row in await writer.do(lambda disk: disk.execute("SELECT text FROM said ORDER BY rowid").fetchall())
    ]


async def test_jobs_are_answered_in_order_after_they_are_on_disk(tmp_path: Path) -> None:
    writer = SqliteWriter(tmp_path / "x.db", SCHEMA)
    await writer.open()
    order: list[str] = []
    await asyncio.gather(*(writer.do(say(str(number)), order.append) for number in range(50)))  # type: ignore[arg-type]
    assert order == [str(number) for number in range(50)]
    await writer.close()
    with sqlite3.connect(tmp_path / "x.db") as disk:
        assert disk.execute("SELECT count(*) FROM said").fetchone() == (50,)
    disk.close()


async def test_who_comes_when_the_file_is_just_open_stands_behind_those_who_waited_for_it(tmp_path: Path) -> None:
    writer = SqliteWriter(tmp_path / "x.db", SCHEMA)
    numbers = iter(range(100))

    async def one() -> None:
        await writer.do(say(f"{next(numbers):03}"))  # type: ignore[arg-type]

    async with asyncio.TaskGroup() as tasks:
        for _ in range(50):
            tasks.create_task(one())
        while not writer.is_open:  # noqa: ASYNC110
            await asyncio.sleep(0)
        for _ in range(50):
            tasks.create_task(one())
            await asyncio.sleep(0)
    said = await everything(writer)
    assert said == sorted(said)
    await writer.close()


async def test_a_job_that_fails_takes_nobody_with_it(tmp_path: Path) -> None:
    writer = SqliteWriter(tmp_path / "x.db", SCHEMA)

    def half(disk: sqlite3.Connection) -> None:
        disk.execute("INSERT INTO said VALUES ('half')")
        raise ValueError("no")

    results = await asyncio.gather(
        writer.do(say("a")),  # type: ignore[arg-type]
        writer.do(half),
        writer.do(say("a")),  # type: ignore[arg-type]
        writer.do(say("b")),  # type: ignore[arg-type]
        return_exceptions=True,
    )
    assert results[0] == "a" and results[3] == "b"
    assert isinstance(results[1], ValueError)
    assert isinstance(results[2], Refused) and results[2].code == "broker_unavailable"
    assert await everything(writer) == ["a", "b"]
    await writer.close()


async def test_more_than_the_disk_can_take_is_refused(tmp_path: Path) -> None:
    writer = SqliteWriter(tmp_path / "x.db", SCHEMA, most=2)
    await writer.open()
    begun, go = threading.Event(), threading.Event()

    def slow(disk: sqlite3.Connection) -> None:
        begun.set()
        go.wait(10)

    async with asyncio.TaskGroup() as group:
        group.create_task(writer.do(slow))
        await asyncio.to_thread(begun.wait, 10)
        waiting = [group.create_task(writer.do(say(str(number)))) for number in range(2)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refused:
            await writer.do(say("x"))  # type: ignore[arg-type]
        assert refused.value.code == "broker_busy"
        go.set()
    assert [task.result() for task in waiting] == ["0", "1"]
    await writer.close()


async def test_who_stops_waiting_does_not_undo_it(tmp_path: Path) -> None:
    writer = SqliteWriter(tmp_path / "x.db", SCHEMA)
    await writer.open()
    told: list[str] = []
    async with asyncio.TaskGroup() as group:
        task = group.create_task(writer.do(say("a"), told.append))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        task.cancel()
    assert await everything(writer) == ["a"]
    assert told == ["a"]
    await writer.close()
    with pytest.raises(Refused):
        await writer.do(say("b"))  # type: ignore[arg-type]


def test_a_loop_that_is_gone_while_the_file_is_opened_is_not_told(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    writer = SqliteWriter(tmp_path / "x.db", SCHEMA)

    async def give_up_at_once() -> None:
        opening = asyncio.Task(writer.open())
        await asyncio.sleep(0)
        opening.cancel()

    asyncio.run(give_up_at_once())
    for thread in threading.enumerate():
        if thread.name == "sqlite x.db":
            # An error in it would fail this test, as a warning.
            thread.join(10)
            assert not thread.is_alive()
    other.close()
