"""Text in, sound with its words out."""

from __future__ import annotations

import asyncio

import pytest

from salon.base.chat import Delta, Finished, Options, TextDelta, ToolCallDelta
from salon.base.errors import Overloaded
from salon.session.mouth import Mouth
from salon.sound.pcm import milliseconds
from salon.turn.actions import Ask
from salon.turn.spoken import Sound
from tests.fakes.instant_speech import CHARACTER, InstantTts
from tests.fakes.scripted_llm import ScriptedLlm, Step, says

ASK = Ask(response_id="r", messages=(), tools=(), options=Options(), spoken=True, voice="alloy", speed=1.2)


async def speak(tts: InstantTts, *script: Step) -> list[Delta | Sound]:
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        return [each async for each in Mouth(tts, group.create_task).speak(ASK, ScriptedLlm(script).stream(()))]


def shape(deltas: list[Delta | Sound]) -> list[str]:
    return [each.text if isinstance(each, TextDelta) else type(each).__name__ for each in deltas]


async def test_each_clause_comes_before_its_sound() -> None:
    said = await speak(InstantTts(), *says("Hello there. ", "It is ", "**fine** today."))
    assert shape(said) == ["Hello there. ", "Sound", "It is **fine** today.", "Sound", "Finished"]


async def test_the_record_tells_what_was_heard() -> None:
    said = await speak(InstantTts(), *says("Hello there. ", "It is fine."))
    sounds = [each for each in said if isinstance(each, Sound)]
    total = sum(milliseconds(sound.pcm, 24_000) for sound in sounds)
    assert total == pytest.approx(24 * CHARACTER, abs=40)
    assert sounds[0].playout.heard(13 * CHARACTER) == "Hello there."
    assert sounds[0].playout.heard(total) == "Hello there. It is fine."


async def test_any_rate_becomes_24_khz() -> None:
    said = await speak(InstantTts(rate=16_000), *says("Hello there."))
    assert sum(milliseconds(each.pcm, 24_000) for each in said if isinstance(each, Sound)) == pytest.approx(
        12 * CHARACTER, abs=40
    )


async def test_a_call_alone_makes_no_sound() -> None:
    call = ToolCallDelta(0, "c", "weather", "{}")
    assert shape(await speak(InstantTts(), call, Finished("tool_calls"))) == ["ToolCallDelta", "Finished"]


async def test_a_call_behind_words_comes_when_they_have_been_said() -> None:
    call = ToolCallDelta(0, "c", "weather", "{}")
    said = await speak(InstantTts(), TextDelta("One moment."), call, Finished("tool_calls"))
    assert shape(said) == ["One moment.", "Sound", "ToolCallDelta", "Finished"]


async def test_what_cannot_be_said_is_text_all_the_same() -> None:
    assert shape(await speak(InstantTts(), *says("🎉"))) == ["🎉", "Finished"]


async def test_voices_of_openai_stand_for_the_default() -> None:
    tts = InstantTts()
    await speak(tts, *says("Hi."))
    assert (tts.sessions[0].options.voice, tts.sessions[0].options.speed) == ("", 1.2)


async def test_failures_of_either_side_are_told() -> None:
    def breaks(text: str) -> None:
        raise Overloaded("Busy.")

    with pytest.RaisesGroup(Overloaded):
        await speak(InstantTts(before=breaks), *says("Hello there."))
    with pytest.RaisesGroup(Overloaded):
        await speak(InstantTts(), TextDelta("Hello there. "), Overloaded("Busy."))


async def test_leaving_leaves_the_synthesiser_and_the_model() -> None:
    tts, llm = InstantTts(), ScriptedLlm([TextDelta("Hello there. "), asyncio.Event()])
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        stream = Mouth(tts, group.create_task).speak(ASK, llm.stream(()))
        assert await anext(stream) == TextDelta("Hello there. ")
        await stream.aclose()
        await llm.idle.wait()
    assert tts.sessions[0].closed
