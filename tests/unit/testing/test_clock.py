"""Time that passes only when everybody waits."""

from __future__ import annotations

import asyncio
import time

import pytest

from salon.testing.clock import LoopClock, Stuck, run


def test_hours_pass_in_no_time() -> None:
    async def main() -> tuple[int, int]:
        clock = LoopClock()
        await asyncio.sleep(7200)
        return clock.now(), clock.unix()

    began = time.process_time()
    assert run(main()) == (7_200_000, 1_800_007_200)
    assert time.process_time() - began < 60  # it is not that of the wall


def test_timers_fire_in_their_order() -> None:
    async def main() -> list[str]:
        fired: list[str] = []
        loop = asyncio.get_running_loop()
        loop.call_later(2, fired.append, "late")
        loop.call_later(1, fired.append, "early")
        await asyncio.sleep(3)
        return fired

    assert run(main()) == ["early", "late"]


def test_a_hang_is_told() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Stuck):
        run(main())
