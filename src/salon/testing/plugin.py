"""The pytest plug-in: installed with Salon, it gives the fixture ``simulate``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from salon.testing.clock import run
from salon.testing.simulation import Simulation


@pytest.fixture
def simulate() -> Callable[..., Callable[[Callable[[Simulation], Awaitable[Any]]], None]]:
    """``@simulate(llm=…)`` above an async function runs it, in virtual time, with a ``Simulation`` of the arguments."""

    def made(**how: Any) -> Callable[[Callable[[Simulation], Awaitable[Any]]], None]:
        def play(script: Callable[[Simulation], Awaitable[Any]]) -> None:
            async def main() -> None:
                async with Simulation(**how) as talk:
                    await script(talk)

            run(main())

        return play

    return made
