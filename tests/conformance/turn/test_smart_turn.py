"""Smart Turn 3 with its real weights, as PyPI ``pipecat-ai`` brings them: we make of a turn what its authors' code does."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from salon.providers.onnx import house
from tests.conformance.realtime.foreign import Foreign
from tests.conformance.realtime.test_voice_pipecat import FOREIGN as PIPECAT

pytestmark = pytest.mark.conformance

VOICE = Path(__file__).parents[2] / "data/voice"
FOREIGN = Foreign(
    "pipecat_turn.py", "pip", PIPECAT.requirements, folder=Path(__file__).parent / "clients", env="pipecat"
)


async def test_our_probabilities_are_theirs() -> None:
    recordings = sorted(VOICE.glob("*.wav"))
    theirs = await FOREIGN.run(*map(str, recordings))
    detector = house.turn(theirs["weights"], {})
    ours = []
    for recording in recordings:
        with wave.open(str(recording)) as file:
            ours.append(await detector.judge(file.readframes(file.getnframes())))
    steps = [step async for step in detector.check()]
    await detector.aclose()
    assert len(ours) >= 3
    assert max(ours) - min(ours) > 0.2  # it tells them apart
    assert ours == pytest.approx(theirs["probabilities"], abs=1e-3)
    assert [step.ok for step in steps] == [True, True]
