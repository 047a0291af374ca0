"""Who keeps the workers running, over workers that are only sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import Any

import pytest

from salon.app.workers import crew as module
from salon.app.workers.crew import LONGEST_PAUSE_MS, PAUSE_MS, Crew, pause
from salon.base.errors import ConfigError
from salon.serve.workers.fleet import Fleet
from salon.transport.line import Line
from salon.wire.workers import Began, Failed, Frame, Ready, Report
from tests.fakes.clock import FakeClock
from tests.fakes.media_house import until
from tests.fakes.workers import no_tools


class Forker:
    """``says``: the first words of each worker in turn; the last of them ever after. None: it ends without a word."""

    def __init__(self, *says: Frame | None) -> None:
        self.says = list(says)
        self.forked: list[int] = []
        self.lines: dict[int, Line] = {}
        self.closed = False
        self.fails = False

    def fork(self, number: int) -> socket.socket:
        if self.fails:
            raise OSError("the forker is gone")
        ours, theirs = socket.socketpair()
        self.forked.append(number)
        words = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        asyncio.get_running_loop().call_soon(self._begin, number, theirs, words)
        return ours

    def _begin(self, number: int, end: socket.socket, words: Frame | None) -> None:
        if words is None:
            end.close()
            return

        async def open_line() -> None:
            line = self.lines[number] = await Line.open(end, lambda frame: None)
            line.send(words)

        self.opening = asyncio.get_running_loop().create_task(open_line())

    def close(self) -> None:
        self.closed = True


def crew(forker: Forker, count: int = 2) -> Crew:
    clock = FakeClock()
    return Crew(forker, count, Fleet(clock, no_tools, records=False), clock)  # type: ignore[arg-type]


READY = Ready(os.getpid(), 8001, False)


async def test_all_are_up_when_it_is_entered_and_gone_when_it_is_left() -> None:
    forker = Forker(READY)
    async with crew(forker) as made:
        assert (sorted(made.pids), made.missing, sorted(made.fleet.order())) == ([1, 2], "", [1, 2])
        lines = list(forker.lines.values())
    assert forker.closed
    assert all(line.over.is_set() for line in lines)
    assert (made.pids, made.fleet.order(), made.restarts) == ({}, [], 0)


@pytest.mark.parametrize(
    ("says", "sentence"),
    [(Failed("UDP port 8001 cannot be taken."), "8001"), (None, "ended before it was ready")],
)
async def test_one_that_cannot_start_is_a_mistake_at_once(says: Frame | None, sentence: str) -> None:
    forker = Forker(READY, says)
    with pytest.raises(ConfigError, match=sentence):
        await crew(forker).__aenter__()
    assert forker.closed


async def test_without_a_forker_nothing_starts() -> None:
    forker = Forker(READY)
    forker.fails = True
    with pytest.raises(ConfigError, match="gone"):
        await crew(forker).__aenter__()


async def test_one_that_dies_is_followed_by_another_and_the_others_stay() -> None:
    forker = Forker(READY)
    async with crew(forker) as made:
        forker.lines[2].send(Began("south"))
        forker.lines[1].send(Began("north"))
        await until(lambda: made.fleet.placement.rooms == 2)
        forker.lines[1].cut()
        await until(lambda: 1 not in made.pids)
        assert (made.fleet.placement.home("north"), made.fleet.placement.home("south")) == (None, 2)
        await until(lambda: made.fleet.up(1))
        assert (forker.forked, made.restarts) == ([1, 2, 1], 1)


async def test_one_that_cannot_start_again_is_tried_later(caplog: pytest.LogCaptureFixture) -> None:
    forker = Forker(READY, Failed("no port"), READY)
    async with crew(forker, 1) as made:
        forker.lines[1].cut()
        await until(lambda: not made.fleet.up(1))
        assert made.missing
        await until(lambda: made.fleet.up(1))
        assert made.missing == ""
    assert "no port" in caplog.text


async def test_leaving_does_not_wait_for_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "pause", lambda failures: 3_600_000)
    forker = Forker(READY)
    async with crew(forker, 1) as made:
        forker.lines[1].cut()
        await until(lambda: made.restarts == 1)


async def test_one_that_says_nothing_any_more_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STUCK_SECONDS", 0.2)
    killed: list[Any] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    forker = Forker(READY)
    async with crew(forker) as made:

        async def speaks() -> None:
            while not killed:
                forker.lines[2].send(Report(0, 0, 0, {}))
                await asyncio.sleep(0.01)

        first = forker.lines[1]
        await speaks()
        assert killed == [(READY.pid, signal.SIGKILL)]
        await first.over.wait()
        assert made.fleet.up(2)


def test_pauses_grow_and_have_a_limit() -> None:
    assert [pause(failures) for failures in (1, 2, 3)] == [PAUSE_MS, 2 * PAUSE_MS, 4 * PAUSE_MS]
    assert pause(20) == pause(10**6) == LONGEST_PAUSE_MS
