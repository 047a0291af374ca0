"""The simulator tells the truth of what was said and heard."""

from __future__ import annotations

import asyncio

import pytest

from salon.base.events import OutputBufferStopped, ResponseCreated
from salon.testing import SimulatedLlm, Simulation, Stuck, run, simulation
from salon.testing.clock import LoopClock


def test_a_conversation_is_the_same_each_time() -> None:
    async def main() -> list[tuple[int, str]]:
        async with Simulation(llm=SimulatedLlm(["One moment. It is noon."])) as talk:
            await talk.say("What time is it?")
            await talk.until(OutputBufferStopped)
            assert talk.heard == ["One moment. It is noon."]
            return [(at, type(event).__name__) for at, event in talk.events]

    assert run(main()) == run(main())


def test_time_is_the_simulations() -> None:
    async def main() -> None:
        async with Simulation() as talk:
            await talk.say("Hello there", ms=1000)
            assert 1000 <= talk.now <= 1040
            with pytest.raises(TimeoutError):
                await talk.until(ResponseCreated, within=100)
            assert LoopClock().now() == talk.now
            with pytest.raises(IndexError):
                talk.when(ResponseCreated)

    run(main())


def test_who_stops_is_not_heard_to_the_end() -> None:
    async def main() -> None:
        async with Simulation() as talk:
            talk.begin("one two three four five", ms=2000)
            await talk.wait(900)
            talk.stop()
            await talk.until(ResponseCreated)
            assert talk.history[0] == ("user", "one two")

    run(main())


def test_a_failed_script_is_the_callers_failure() -> None:
    async def main() -> None:
        async with Simulation():
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(main())


def test_a_script_that_waits_for_what_will_not_happen_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "LONGEST_MS", 30_000)

    async def main() -> None:
        async with Simulation():
            await asyncio.Event().wait()

    with pytest.raises(Stuck, match="an hour"):
        run(main())
