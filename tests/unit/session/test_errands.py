from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import pytest

from salon.base.errors import Refused
from salon.session.errands import Errands


@asynccontextmanager
async def errands(most: int = 10, seconds: float | None = None) -> AsyncIterator[Errands]:
    async with asyncio.TaskGroup() as group:
        yield Errands("Test", lambda work: group.create_task(work) and None, most=most, seconds=seconds)


class Work:
    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.gate = asyncio.Event()

    def slow(self, name: str) -> Callable[[], Awaitable[None]]:
        return partial(self._do, name, self.gate)

    def quick(self, name: str) -> Callable[[], Awaitable[None]]:
        return partial(self._do, name, None)

    async def _do(self, name: str, gate: asyncio.Event | None) -> None:
        self.begun.append(name)
        if gate is not None:
            await gate.wait()
        self.done.append(name)


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_under_one_name_one_after_the_other_and_no_other_waits() -> None:
    async with errands() as queue:
        work = Work()
        queue.add("slow", work.slow("slow 1"))
        queue.add("slow", work.quick("slow 2"))
        queue.add("other", work.quick("other"))
        await turns()
        assert (work.begun, work.done) == (["slow 1", "other"], ["other"])
        assert queue.busy("slow") and not queue.busy("other")
        work.gate.set()
    assert work.done == ["other", "slow 1", "slow 2"]
    assert not queue.busy("slow")


async def test_what_waits_is_bounded_for_each_name(caplog: pytest.LogCaptureFixture) -> None:
    async with errands(most=2) as queue:
        work = Work()
        queue.add("full", work.slow("first"))
        await turns()
        assert [queue.add("full", work.quick(str(number))) for number in range(5)] == [True, True, False, False, False]
        assert queue.add("other", work.quick("other"))
        work.gate.set()
    assert work.done == ["other", "first", "0", "1"]
    assert [record.getMessage() for record in caplog.records] == [
        "Test: more than 2 wait in full; what comes now is left undone",
        "Test: 3 in full were left undone",
    ]


async def test_what_fails_or_hangs_ends_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise LookupError("as it was told")

    async def refused() -> None:
        raise Refused("Not now.", status=503, code="broker_busy")

    async def hangs() -> None:
        await asyncio.Event().wait()

    async with errands(seconds=0.01) as queue:
        work = Work()
        for errand in (fails, refused, hangs, work.quick("last")):
            queue.add("room", errand)
    assert work.done == ["last"]
    assert [record.getMessage() for record in caplog.records] == [
        "Test: one in room failed",
        "Test: one in room: Not now.",
        "Test: one in room took more than 0.01 s and was given up",
    ]
