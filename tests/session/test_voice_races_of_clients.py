"""Races of a spoken conversation with what its client does meanwhile, and with houses that die: in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from salon.base.commands import (
    AppendAudio,
    ClearAudio,
    CommitAudio,
    CreateItem,
    CreateResponse,
    DeleteItem,
    TruncateItem,
    UpdateSession,
)
from salon.base.errors import Overloaded
from salon.base.events import (
    ErrorSeen,
    InputCommitted,
    InputTimedOut,
    ItemTruncated,
    OutputBufferCleared,
    OutputBufferStarted,
    OutputBufferStopped,
    ResponseCreated,
    ResponseDone,
)
from salon.base.items import InputText, MessageItem
from salon.base.session import AudioInputPatch, ResponseParams, SemanticVad, ServerVad, SessionPatch
from salon.base.speech import AsrOptions
from salon.providers.fallback_asr import FallbackAsr
from salon.providers.fallback_tts import FallbackTts
from salon.testing import SimulatedAsr, SimulatedLlm, SimulatedTts, Simulation
from tests.session import scripted
from tests.session.scripted import LONG, Script


def play(script: Script, **how: Any) -> None:
    async def whole(talk: Simulation) -> None:
        await script(talk)
        # Whatever happened, it still talks, and nothing is under way.
        await talk.wait(20_000)
        before = len(talk.all(OutputBufferStarted))
        await talk.say("And what else is there?")
        await talk.until(OutputBufferStarted, count=before + 1)
        await talk.wait(20_000)
        assert not talk.speaking and not talk.client.conversation.busy
        begun = [event.response.id for event in talk.all(ResponseCreated)]
        assert sorted(event.response.id for event in talk.all(ResponseDone)) == sorted(begun)

    scripted.play(whole, **how)


def detect(talk: Simulation, detection: SemanticVad | ServerVad | None) -> None:
    talk.submit(UpdateSession(patch=SessionPatch(audio_input=AudioInputPatch(turn_detection=detection))))


def spoken_items(talk: Simulation) -> list[str]:
    items = talk.client.conversation.machine.items
    return [item.id for item in items if isinstance(item, MessageItem) and item.role == "assistant"]


# What was heard.


def test_a_wrong_truncate_harms_nobody() -> None:
    """One kills a session elsewhere."""

    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(1000)
        user = talk.client.conversation.machine.items[0].id
        talk.submit(TruncateItem(item_id="nothing", content_index=0, audio_end_ms=10))
        talk.submit(TruncateItem(item_id=user, content_index=0, audio_end_ms=10))
        talk.submit(TruncateItem(item_id=spoken_items(talk)[0], content_index=3, audio_end_ms=10))
        assert len(talk.all(ErrorSeen)) == 3 and not talk.all(ItemTruncated)

    play(script, llm=SimulatedLlm([LONG, "More."]))


@pytest.mark.parametrize("late", [0, 20, 200, 2000])
def test_a_truncate_that_comes_after_the_voice_has_cut_the_answer_never_makes_it_longer(late: int) -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(1500)
        talk.begin("Wait, what about London?")
        await talk.until(OutputBufferCleared)
        kept = talk.history[1][1]
        await talk.wait(late)
        talk.submit(TruncateItem(item_id=spoken_items(talk)[0], content_index=0, audio_end_ms=60_000))
        assert talk.history[1][1] == kept and LONG.startswith(kept)
        talk.submit(TruncateItem(item_id=spoken_items(talk)[0], content_index=0, audio_end_ms=0))
        assert talk.history[1][1] == ""

    play(script, llm=SimulatedLlm([LONG, "Large too."]))


@pytest.mark.parametrize("after", range(0, 1400, 100))
def test_nothing_of_an_answer_is_heard_after_it_was_interrupted_on_its_way(after: int) -> None:
    """Before its first word, between its first word and its sound, and behind."""

    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until(ResponseCreated)
        await talk.wait(after)
        talk.begin("No, wait, I want to hear something of London.")
        await talk.until(OutputBufferStopped)
        await talk.wait(3000)
        texts = [text for text in talk.heard if text]
        assert texts[-1] == "Large too." and LONG.startswith(texts[0] if len(texts) > 1 else "")
        kept = next((text for role, text in talk.history if role == "assistant"), "")
        assert kept == "Large too." or LONG.startswith(kept)

    play(script, llm=SimulatedLlm([LONG, "Large too."], first_token_ms=300), tts=SimulatedTts(first_audio_ms=700))


# What the client does meanwhile.


def test_a_turn_is_deleted_while_its_words_are_waited_for() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        committed = await talk.until(InputCommitted)
        talk.submit(DeleteItem(item_id=committed.item_id))
        await talk.wait(5000)
        assert all(text != "Open the door." for _, text in talk.history)

    play(script, asr=SimulatedAsr([], final_ms=900, partials=False))


@pytest.mark.parametrize("into", range(20, 700, 80))
def test_turns_are_left_to_the_client_while_somebody_speaks_into_our_answer(into: int) -> None:
    """Before, while and after it is decided whether that is an interruption: we do not stay silent for ever."""

    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(800)
        talk.begin("Wait, what about London?")
        await talk.wait(into)
        detect(talk, None)
        await talk.wait(15_000)
        assert talk.heard == [LONG] or talk.all(OutputBufferCleared)
        talk.submit(ClearAudio())
        await talk.say("And Rome?")
        talk.submit(CommitAudio())
        talk.submit(CreateResponse())
        await talk.until(OutputBufferStarted, count=2)
        assert talk.history[-2] == ("user", "And Rome?")
        await talk.wait(5000)
        detect(talk, SemanticVad())

    play(script, llm=SimulatedLlm([LONG, "Old."]))


@pytest.mark.parametrize("pause", range(300, 620, 40))
def test_a_client_commits_around_the_end_of_the_turn(pause: int) -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        await talk.wait(pause)
        talk.submit(CommitAudio())
        await talk.wait(6000)
        said = [text for role, text in talk.history if role == "user" and text]
        assert said == ["Open the door."]
        assert len(talk.all(OutputBufferStarted)) <= 1

    play(script)


def test_a_client_writes_while_it_speaks() -> None:
    async def script(talk: Simulation) -> None:
        talk.begin("Open the door and then the window.")
        await talk.wait(600)
        talk.submit(CreateItem(item=MessageItem(id="", role="user", content=(InputText("By text."),))))
        talk.submit(CreateResponse())
        await talk.wait(15_000)
        assert sorted(text for role, text in talk.history if role == "user") == [
            "By text.",
            "Open the door and then the window.",
        ]
        assert talk.history[-1][0] == "assistant"

    play(script)


def test_an_answer_beside_the_conversation_is_not_interrupted() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(800)
        talk.submit(CreateResponse(params=ResponseParams(conversation="none", output_modalities=("text",))))
        talk.begin("Wait, what about London?")
        await talk.until(OutputBufferStarted, count=2)
        await talk.wait(5000)
        beside = [event.response for event in talk.all(ResponseDone) if event.response.conversation_id is None]
        assert [response.status for response in beside] == ["completed"]

    play(script, llm=SimulatedLlm([LONG, "Beside.", "Large too."], delta_ms=60))


@pytest.mark.parametrize("early", range(-120, 140, 20))
def test_somebody_speaks_when_the_silence_has_been_long_enough(early: int) -> None:
    """Both are answered, one after the other."""

    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?")
        await talk.until(OutputBufferStopped)
        await talk.wait(5000 - early)
        await talk.say("And what is there to see?")
        await talk.until(OutputBufferStarted, count=2)
        await talk.wait(3000)
        assert ("user", "And what is there to see?") in talk.history
        assert talk.history[-1][0] == "assistant"
        assert len(talk.all(InputTimedOut)) <= 1
        detect(talk, SemanticVad())

    play(script, detection=ServerVad(idle_timeout_ms=5000))


def test_sound_by_the_wrong_way_is_refused_and_nothing_else() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        talk.submit(AppendAudio(audio=bytes(4800)))
        await talk.until(OutputBufferStopped)
        assert [error.param for error in talk.all(ErrorSeen)] == ["type"]

    play(script)


# Houses die, and others take over.


class DiesWhileItListens(SimulatedAsr):
    """Takes the sound, says a first word, and is gone at the end."""

    @asynccontextmanager
    async def session(self, options: AsrOptions = AsrOptions()) -> AsyncIterator[Any]:
        async with super().session(options) as session:
            results = session.results

            async def until_the_end() -> AsyncIterator[Any]:
                async for heard in results():
                    yield heard
                    raise Overloaded("Gone.")

            session.results = until_the_end
            yield session


def test_the_recogniser_dies_in_a_turn_and_the_next_one_hears_it_all() -> None:
    async def script(talk: Simulation) -> None:
        first.utterances = second.utterances = talk.utterances
        await talk.say("Open the door and then the window.")
        await talk.until(OutputBufferStopped)
        assert talk.history == [("user", "Open the door and then the window."), ("assistant", "All right.")]

    first, second = DiesWhileItListens([]), SimulatedAsr([])
    failures: list[str] = []
    play(script, asr=FallbackAsr([first, second], on_failure=lambda name, error: failures.append(error.message)))
    assert failures[0] == "Gone."


def test_the_synthesiser_dies_in_an_answer_and_the_next_one_says_the_rest() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until(OutputBufferStopped)
        assert talk.history[1] == ("assistant", LONG)
        assert [event.response.status for event in talk.all(ResponseDone)] == ["completed"]
        assert second.texts and second.texts[0].endswith("a famous tower in it.")

    first, second = SimulatedTts(fails={"famous": Overloaded("Gone.")}), SimulatedTts()
    play(script, llm=SimulatedLlm([LONG, "More."]), tts=FallbackTts([first, second]))
