"""A real utterance, and what is said of how it went."""

from __future__ import annotations

from salon.base.errors import AuthFailed
from salon.providers.speech_check import hear, speak, utterance
from tests.fakes.instant_speech import InstantAsr, InstantTts


def test_the_utterance_is_speech() -> None:
    pcm = utterance()
    assert 32_000 < len(pcm) < 64_000
    assert max(pcm) > 0


async def test_what_was_understood_is_told() -> None:
    (step,) = [step async for step in hear(InstantAsr("What time is it?"))]
    assert step.ok
    assert '"What time is it?"' in step.detail
    (step,) = [step async for step in hear(InstantAsr(""))]
    assert not step.ok
    assert step.advice


async def test_a_failure_is_told_with_its_advice() -> None:
    (step,) = [step async for step in hear(InstantAsr([AuthFailed("no", advice="Check the key.")]))]
    assert (step.ok, step.detail, step.advice) == (False, "no", "Check the key.")

    def refuse(text: str) -> None:
        raise AuthFailed("no", advice="Check the key.")

    (step,) = [step async for step in speak(InstantTts(before=refuse))]
    assert (step.ok, step.detail, step.advice) == (False, "no", "Check the key.")


async def test_how_much_was_spoken_is_told() -> None:
    (step,) = [step async for step in speak(InstantTts())]
    assert step.ok
    assert step.detail.startswith("0.5 s of speech")
