"""What becomes of an answer where the person takes the floor. The races are in ``tests/session``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from salon.base.commands import CancelResponse, ClearOutputAudio, CreateResponse
from salon.base.events import Ducked, ItemTruncated, OutputBufferCleared, ResponseDone, Unducked
from salon.session.floor import Floor
from salon.testing import SimulatedLlm, Simulation, run

LONG = "Paris is the capital of France, and it is a very large city, with many old houses in it."


def play(script: Callable[[Simulation, Floor], Awaitable[None]], delta_ms: int = 20) -> None:
    async def main() -> None:
        async with Simulation(llm=SimulatedLlm([LONG], delta_ms=delta_ms)) as talk:
            talk.submit(CreateResponse())
            await talk.until_speaking()
            await talk.wait(1000)
            voice = talk.client.conversation.voice
            assert voice is not None
            await script(talk, voice._floor)

    run(main())


@pytest.mark.parametrize("delta_ms", [1, 200])
def test_who_leaves_it_keeps_what_was_heard(delta_ms: int) -> None:
    async def script(talk: Simulation, floor: Floor) -> None:
        floor.leave()
        (cleared,), (truncated,), (done,) = (
            talk.all(OutputBufferCleared),
            talk.all(ItemTruncated),
            talk.all(ResponseDone),
        )
        assert cleared.response_id == done.response.id
        assert done.response.status == ("completed" if delta_ms == 1 else "cancelled")
        assert 900 <= truncated.audio_end_ms <= 1100
        ((_, kept),) = talk.history
        assert 0 < len(kept) < len(LONG)
        floor.leave()
        assert len(talk.all(OutputBufferCleared)) == 1

    play(script, delta_ms)


def test_who_is_ducked_goes_on() -> None:
    async def script(talk: Simulation, floor: Floor) -> None:
        floor.duck()
        await talk.wait(400)
        assert not talk.speaking
        floor.unduck()
        await talk.wait(400)
        assert talk.speaking
        assert [len(talk.all(Ducked)), len(talk.all(Unducked))] == [1, 1]

    play(script)


def test_a_client_clears_what_it_has_cancelled() -> None:
    async def script(talk: Simulation, floor: Floor) -> None:
        talk.submit(ClearOutputAudio())
        assert talk.all(OutputBufferCleared)
        assert not talk.all(ItemTruncated)  # it is still being written
        talk.submit(CancelResponse())
        assert talk.all(ResponseDone)[0].response.status == "cancelled"

    play(script, 200)


def test_where_nobody_speaks_there_is_nothing_to_do() -> None:
    told: list[object] = []

    async def script(talk: Simulation, floor: Floor) -> None:
        machine = talk.client.conversation.machine
        mute = Floor(machine, None, floor._clock, tell=told.append, perform=lambda outputs: None, call=True)
        mute.soften(True)
        mute.duck()
        mute.unduck()
        mute.clear()
        mute.leave()
        assert told == []

    play(script)
