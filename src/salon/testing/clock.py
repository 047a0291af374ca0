"""Time that passes only when everybody waits."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(RuntimeError):
    """Everybody waits, and no timer will wake anybody: the conversation would hang for ever."""


class _Selector(selectors.DefaultSelector):
    """Never sleeps: where the loop would, its clock is moved instead."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready:
            return ready
        if timeout is None:
            raise Stuck("Everybody waits for something that will not happen.")
        if timeout > 0:
            self.loop.advance(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose ``time`` starts at 0 and jumps to the next timer. For what does no real I/O."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self._virtual = 0.0
        super().__init__(selector)

    def time(self) -> float:
        return self._virtual

    def advance(self, seconds: float) -> None:
        self._virtual += seconds


class LoopClock:
    """A ``salon.ports.clock.Clock`` by the running loop's time."""

    def now(self) -> int:
        return round(asyncio.get_running_loop().time() * 1000)

    def unix(self) -> int:
        return 1_800_000_000 + self.now() // 1000


def run(main: Coroutine[Any, Any, T]) -> T:
    """Like ``asyncio.run``, in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
