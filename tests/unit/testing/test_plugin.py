"""The fixture, as users have it."""

from __future__ import annotations

from typing import Any

from salon.base.events import ResponseDone
from salon.testing import SimulatedLlm, Simulation


def test_a_script_is_played(simulate: Any) -> None:
    played = []

    @simulate(llm=SimulatedLlm(["Noon."]))
    async def script(talk: Simulation) -> None:
        await talk.say("What time is it?")
        await talk.until(ResponseDone)
        played.append(talk.history[-1][1])

    assert played == ["Noon."]
