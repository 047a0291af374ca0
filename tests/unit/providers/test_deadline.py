"""Time-outs of a stream, in virtual time: the loop's clock jumps to the next timer instead of sleeping."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from salon.base.errors import BadAnswer, TimedOut
from salon.providers.deadline import deadlines

KEEP_ALIVE = ""


class _Jump(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits and no timer is set"
            self.passed += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jump = _Jump()
        self.timers: list[float] = []
        self.skipped = 0.0
        super().__init__(self.jump)

    def time(self) -> float:
        return self.jump.passed + self.skipped

    def call_at(self, when: float, callback: Any, *args: Any, **kwargs: Any) -> asyncio.TimerHandle:
        self.timers.append(when)
        return super().call_at(when, callback, *args, **kwargs)


def run(main: Callable[[VirtualLoop], Coroutine[Any, Any, None]]) -> VirtualLoop:
    loop = VirtualLoop()
    try:
        loop.run_until_complete(main(loop))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
    return loop


class Source:
    """Gives ``(seconds to wait, item)`` one after the other, then ends; tells whether it was closed."""

    def __init__(self, *script: tuple[float, str]) -> None:
        self.closed = False
        self.items = self._items(script)

    async def _items(self, script: tuple[tuple[float, str], ...]) -> AsyncGenerator[str, None]:
        try:
            for wait, item in script:
                if wait:
                    await asyncio.sleep(wait)
                yield item
        finally:
            self.closed = True


def limited(source: AsyncIterator[str], first: float = 10, stall: float = 3) -> AsyncGenerator[str, None]:
    return deadlines(source, first=first, stall=stall, house="house", counts=bool)


def test_items_pass_in_order_and_the_source_is_closed() -> None:
    async def main(loop: VirtualLoop) -> None:
        source = Source((9, "a"), (2, KEEP_ALIVE), (0.5, "b"), (2.9, "c"))
        assert [item async for item in limited(source.items)] == ["a", "", "b", "c"]
        assert source.closed

    run(main)


@pytest.mark.parametrize(
    ("script", "got", "phase", "at"),
    [
        ([(11, "a")], [], "first_token", 10),
        ([(4, KEEP_ALIVE), (4, KEEP_ALIVE), (4, "a")], ["", ""], "first_token", 10),
        ([(1, "a"), (4, "b")], ["a"], "stall", 4),
        ([(1, "a"), (2, "b"), (2, "c"), (2, KEEP_ALIVE), (2, "d")], ["a", "b", "c", ""], "stall", 8),
    ],
)
def test_it_times_out_when_due_and_not_before(
    script: list[tuple[float, str]], got: list[str], phase: str, at: float
) -> None:
    async def main(loop: VirtualLoop) -> None:
        source = Source(*script)
        seen: list[str] = []
        with pytest.raises(TimedOut) as caught:
            async for item in limited(source.items):
                seen.append(item)  # noqa: PERF401 - what came before the error counts
        assert (seen, caught.value.phase, caught.value.house) == (got, phase, "house")
        assert loop.time() == pytest.approx(at)
        assert source.closed
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0, "our cancellation is taken back"

    run(main)


def test_the_consumers_time_is_not_the_houses() -> None:
    async def main(loop: VirtualLoop) -> None:
        source = Source((9, KEEP_ALIVE), (0.5, "a"), (2, "b"), (2, KEEP_ALIVE), (0.5, "c"))
        seen = []
        async for item in limited(source.items):
            await asyncio.sleep(100)
            seen.append(item)
        assert seen == ["", "a", "b", "", "c"]

    run(main)


def test_a_keep_alive_does_not_restart_the_clock_after_a_slow_consumer() -> None:
    async def main(loop: VirtualLoop) -> None:
        source = Source((0, "a"), (2, KEEP_ALIVE), (2, "b"))
        with pytest.raises(TimedOut, match="more than 3 s"):
            async for _ in limited(source.items):
                await asyncio.sleep(100)

    run(main)


def test_an_outer_cancellation_stays_one() -> None:
    async def main(loop: VirtualLoop) -> None:
        source = Source((1, "a"), (5, "b"))

        async def consume() -> None:
            async for _ in limited(source.items):
                pass

        async with asyncio.TaskGroup() as group:
            task = group.create_task(consume())
            await asyncio.sleep(2)
            task.cancel()
        assert task.cancelled()
        assert source.closed

    run(main)


def test_an_outer_cancellation_in_the_same_instant_wins() -> None:
    async def main(loop: VirtualLoop) -> None:
        async def consume() -> None:
            async for _ in limited(Source((20, "a")).items):
                pass

        async with asyncio.TaskGroup() as group:
            task = group.create_task(consume())
            await asyncio.sleep(0)
            # Set after the deadline's own timer for the same instant: both fire before the task runs again.
            loop.call_at(10, task.cancel)
        assert task.cancelled()

    run(main)


def test_an_outer_timeout_is_not_taken_for_ours() -> None:
    async def main(loop: VirtualLoop) -> None:
        stream = limited(Source((20, "a")).items)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(5):
                await anext(stream)
        assert not isinstance(caught.value, TimedOut)
        assert loop.time() == pytest.approx(5)

    run(main)


def test_it_works_inside_a_task_that_is_being_cancelled() -> None:
    async def main(loop: VirtualLoop) -> None:
        outcome: list[str] = []

        async def consume() -> None:
            try:
                await asyncio.sleep(50)
            except asyncio.CancelledError:
                try:
                    await anext(limited(Source((20, "a")).items))
                except TimedOut as error:
                    outcome.append(error.phase)
                raise

        async with asyncio.TaskGroup() as group:
            task = group.create_task(consume())
            await asyncio.sleep(1)
            task.cancel()
        assert outcome == ["first_token"]

    run(main)


def test_a_source_that_swallows_the_cancellation_times_out_all_the_same() -> None:
    async def stubborn() -> AsyncGenerator[str, None]:
        try:
            await asyncio.sleep(50)
        except asyncio.CancelledError:
            yield "late"

    async def main(loop: VirtualLoop) -> None:
        with pytest.raises(TimedOut):
            await anext(limited(stubborn()))
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0

    run(main)


def test_a_failing_source_fails_as_it_does() -> None:
    async def broken() -> AsyncGenerator[str, None]:
        yield "a"
        raise BadAnswer("rubbish")

    async def main(loop: VirtualLoop) -> None:
        stream = limited(broken())
        assert await anext(stream) == "a"
        with pytest.raises(BadAnswer, match="rubbish"):
            await anext(stream)

    run(main)


def test_closing_closes_the_source_and_leaves_no_timer() -> None:
    async def main(loop: VirtualLoop) -> None:
        source = Source((0, "a"), (1, "b"))
        stream = limited(source.items)
        await anext(stream)
        await stream.aclose()
        assert source.closed
        assert not any(not timer.cancelled() for timer in loop._scheduled)  # type: ignore[attr-defined]

    run(main)


def test_a_source_without_aclose_is_fine() -> None:
    class Plain:
        def __aiter__(self) -> Plain:
            return self

        async def __anext__(self) -> str:
            raise StopAsyncIteration

    async def main(loop: VirtualLoop) -> None:
        assert [item async for item in limited(Plain())] == []

    run(main)


def test_thousands_of_items_need_a_handful_of_timers() -> None:
    async def main(loop: VirtualLoop) -> None:
        async def busy() -> AsyncGenerator[str, None]:
            for _ in range(5000):
                loop.skipped += 0.001
                yield "x"

        assert len([item async for item in limited(busy())]) == 5000

    assert len(run(main).timers) <= 4


def test_a_loop_that_stood_still_reads_once_before_judging() -> None:
    async def main(loop: VirtualLoop) -> None:
        arrived = asyncio.Event()

        async def source() -> AsyncGenerator[str, None]:
            await arrived.wait()
            yield "a"

        def stand_still() -> None:
            loop.skipped += 60
            # What the socket got meanwhile is read only after the timers have run, as uvloop does it.
            loop.call_later(0.01, arrived.set)

        loop.call_at(1, stand_still)
        assert await anext(limited(source())) == "a"

    run(main)


def test_a_loop_that_stood_still_does_not_excuse_silence() -> None:
    async def main(loop: VirtualLoop) -> None:
        def stand_still() -> None:
            loop.skipped += 60

        loop.call_at(1, stand_still)
        with pytest.raises(TimedOut):
            await anext(limited(Source((900, "a")).items))
        assert loop.time() < 62

    run(main)
