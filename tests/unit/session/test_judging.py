"""A turn model asked at pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from salon.base.errors import Overloaded, ProviderError
from salon.ports.observer import Observer
from salon.session.judging import Judging
from salon.testing import SimulatedTurnDetector, run
from salon.testing.clock import LoopClock

FRAME = b"\1\0" * 320


class Counted(Observer):
    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    def turn_judged(self, outcome: str, milliseconds: int) -> None:
        self.seen.append((outcome, milliseconds))


def judged(
    detector: SimulatedTurnDetector, script: Callable[[Judging, Callable[[float], None]], None]
) -> tuple[list[float], list[tuple[str, int]]]:
    """What was told, and counted, of what ``script`` does."""
    told: list[float] = []
    observer = Counted()

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            judging = Judging(detector, group.create_task, LoopClock(), observer)
            judging.began([FRAME] * 10)
            script(judging, told.append)
            await asyncio.sleep(2)

    run(main())
    return told, observer.seen


def test_it_gets_the_turn_with_its_pause_and_tells() -> None:
    detector = SimulatedTurnDetector(0.9, ms=60)

    def script(judging: Judging, tell: Callable[[float], None]) -> None:
        for _ in range(20):
            judging.push(FRAME)
        judging.paused(tell)

    assert judged(detector, script) == ([0.9], [("finished", 60)])
    assert detector.asked == [600]


def test_of_a_long_turn_it_gets_the_end() -> None:
    detector = SimulatedTurnDetector(0.1)

    def script(judging: Judging, tell: Callable[[float], None]) -> None:
        for _ in range(1000):
            judging.push(FRAME)
        judging.paused(tell)

    assert judged(detector, script) == ([0.1], [("unfinished", 60)])
    assert detector.asked == [8000]


def test_what_is_late_is_not_waited_for() -> None:
    assert judged(SimulatedTurnDetector(0.9, ms=900), Judging.paused) == ([], [("late", 500)])


def test_what_goes_on_is_not_judged() -> None:
    def script(judging: Judging, tell: Callable[[float], None]) -> None:
        judging.paused(tell)
        asyncio.get_running_loop().call_later(0.03, judging.went_on)

    assert judged(SimulatedTurnDetector(0.9), script) == ([], [("unneeded", 30)])


def test_a_new_turn_begins_with_nothing_of_the_last() -> None:
    detector = SimulatedTurnDetector(0.9, ms=0)

    def script(judging: Judging, tell: Callable[[float], None]) -> None:
        judging.push(FRAME)
        judging.over()
        judging.began([FRAME])
        judging.paused(tell)

    assert judged(detector, script)[0] == [0.9]
    assert detector.asked == [20]


@pytest.mark.parametrize(
    ("error", "code"), [(Overloaded("busy"), "provider_overloaded"), (ProviderError("gone"), "server_error")]
)
def test_an_error_leaves_it_to_the_words(error: ProviderError, code: str) -> None:
    assert judged(SimulatedTurnDetector(error), Judging.paused) == ([], [(code, 60)])


def test_one_that_breaks_its_promise_leaves_it_to_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    detector = SimulatedTurnDetector(0.9)

    async def broken(pcm: bytes) -> float:
        raise ZeroDivisionError

    monkeypatch.setattr(detector, "judge", broken)
    assert judged(detector, Judging.paused) == ([], [("server_error", 0)])
