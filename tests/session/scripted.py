"""Spoken conversations by a script, in virtual time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from salon.testing import Simulation, run

LONG = "Paris is the capital of France, and it is a very large city, with many old houses, and a famous tower in it."
Script = Callable[[Simulation], Awaitable[None]]


def play(script: Script, **how: Any) -> None:
    async def main() -> None:
        async with Simulation(**how) as talk:
            await talk.wait(300)
            await script(talk)

    run(main())
