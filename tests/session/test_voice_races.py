"""Races of a spoken conversation, each played in virtual time with one side and then the other first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from salon.base.chat import Message, TextDelta, ToolCallDelta
from salon.base.commands import CancelResponse, ClearOutputAudio, CommitAudio, CreateItem, CreateResponse
from salon.base.errors import Overloaded
from salon.base.events import (
    ErrorSeen,
    InputCommitted,
    InputSpeechStopped,
    ItemTruncated,
    OutputBufferCleared,
    OutputBufferStarted,
    OutputBufferStopped,
    ResponseCreated,
    ResponseDone,
    TranscriptionFailed,
)
from salon.base.items import FunctionCallOutput
from salon.base.session import ResponseParams, SemanticVad
from salon.base.speech import AsrOptions
from salon.session.agent import Agent
from salon.testing import SimulatedAsr, SimulatedLlm, SimulatedTts, Simulation
from tests.session.scripted import LONG, play


async def answered(talk: Simulation, text: str) -> None:
    """It still talks."""
    before = len(talk.all(OutputBufferStarted))
    await talk.say(text)
    await talk.until(OutputBufferStarted, count=before + 1)


# Interruption against the end of a turn.


@pytest.mark.parametrize("pause", range(340, 520, 20))
def test_who_goes_on_around_the_end_of_the_turn_is_not_talked_over(pause: int) -> None:
    """Whether the turn has just not ended, has just ended, or is being answered."""

    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        await talk.wait(pause)
        talk.begin("And the window of the other room too.")
        await talk.wait(1200)
        assert not talk.speaking
        await talk.until(OutputBufferStopped)
        await talk.wait(3000)
        assert talk.heard[-1] == "All right."
        said = " ".join(text for role, text in talk.history if role == "user")
        assert said == "Open the door. And the window of the other room too."
        begun = [event.response.id for event in talk.all(ResponseCreated)]
        assert [event.response.id for event in talk.all(ResponseDone)] == begun

    play(script, llm=SimulatedLlm(first_token_ms=50), tts=SimulatedTts(first_audio_ms=50))


def test_who_goes_on_while_the_words_of_the_turn_are_waited_for_gets_one_answer() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        await talk.until(InputCommitted)
        assert not talk.all(ResponseCreated)
        await talk.say("And the window of the other room too.")
        await talk.until(OutputBufferStopped)
        await talk.wait(3000)
        assert len(talk.all(OutputBufferStarted)) == 1
        assert [text for role, text in talk.history if role == "user"] == [
            "Open the door.",
            "And the window of the other room too.",
        ]

    play(script, asr=SimulatedAsr([], final_ms=2500, partials=False))


def test_an_answer_that_a_client_asked_for_and_that_waits_is_told_to_end_where_the_person_goes_on() -> None:
    """It is neither forgotten nor given on top of what is being said."""

    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        await talk.until(InputCommitted)
        talk.submit(CreateResponse(params=ResponseParams(metadata={"asked": "mine"})))
        assert not talk.all(ResponseCreated)
        await talk.say("And the window of the other room too.")
        await talk.until(OutputBufferStopped)
        first, second = talk.all(ResponseDone)
        assert (first.response.metadata, first.response.status) == ({"asked": "mine"}, "cancelled")
        assert (second.response.metadata, second.response.status) == (None, "completed")
        assert not talk.all(ErrorSeen)
        assert len(talk.all(OutputBufferStarted)) == 1

    play(script, asr=SimulatedAsr([], final_ms=2500, partials=False))


def test_a_nod_while_the_words_of_the_turn_are_waited_for_takes_nothing_away() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        await talk.until(InputCommitted)
        await talk.say("mhm", ms=240)
        await talk.until(OutputBufferStopped)
        assert talk.heard == ["All right."]
        assert talk.history == [("user", "Open the door."), ("assistant", "All right.")]

    play(script, asr=SimulatedAsr([], final_ms=700))


def test_an_interruption_in_the_last_word_of_the_answer() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        await talk.until_speaking()
        while talk.heard[-1] != "All right":
            await talk.wait(20)
        talk.begin("No, wait, leave it closed.")
        await talk.until(OutputBufferStarted, count=2)
        assert [role for role, _ in talk.history] == ["user", "assistant", "user", "assistant"]
        assert talk.history[1][1] in ("All", "All right", "All right.")

    play(script)


# Interruption and cancel against tools.


def slow_tool(done: list[str]) -> Agent:
    async def weather(city: str) -> str:
        "Today's weather."
        try:
            await asyncio.sleep(2)
        finally:
            done.append("ended")
        return f"sunny in {city}"

    return Agent(name="host", tools=[weather])


CALLS = [ToolCallDelta(0, "call_1", "weather", '{"city": "Paris"}')]


@pytest.mark.parametrize("cancels", [False, True])
def test_a_tool_of_the_server_is_left_where_the_person_goes_on(cancels: bool) -> None:
    done: list[str] = []

    async def script(talk: Simulation) -> None:
        await talk.say("Weather in Paris?")
        await talk.until(ResponseCreated)
        await talk.wait(400)
        if cancels:
            talk.submit(CancelResponse())
            talk.submit(CancelResponse())
        await talk.say("Never mind, tell me a story.")
        await talk.until(OutputBufferStopped)
        assert talk.heard[-1] == "Once upon a time."
        first, second = talk.all(ResponseDone)
        assert (first.response.status, second.response.status) == ("cancelled", "completed")
        assert done == ["ended"]
        assert len(llm.asked) == 2

    llm = SimulatedLlm([CALLS, "Once upon a time."])
    play(script, agent=slow_tool(done), llm=llm)


def test_the_result_of_a_tool_comes_after_the_person_has_gone_on() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Weather in Paris?")
        await talk.until(ResponseDone)
        talk.begin("Never mind the weather.")
        await talk.wait(300)
        talk.submit(CreateItem(item=FunctionCallOutput(id="", call_id="call_1", output="sunny")))
        talk.submit(CreateResponse())
        await talk.until(OutputBufferStopped)
        await talk.wait(5000)
        begun = [event.response.id for event in talk.all(ResponseCreated)]
        assert sorted(event.response.id for event in talk.all(ResponseDone)) == sorted(begun)
        assert ("user", "Never mind the weather.") in talk.history
        assert talk.history[-1][0] == "assistant"

    play(script, llm=SimulatedLlm([CALLS, "Fine.", "Very well."]))


@pytest.mark.parametrize("after", range(0, 2600, 200))
def test_the_result_of_a_tool_comes_while_the_person_asks_for_something_else(after: int) -> None:
    """While they speak, in the pause behind it, while their words are waited for, while they are answered."""

    async def script(talk: Simulation) -> None:
        await talk.say("Weather in Paris?")
        await talk.until(ResponseDone)
        talk.begin("Tell me a story.")
        await talk.wait(after)
        talk.submit(CreateItem(item=FunctionCallOutput(id="", call_id="call_1", output="sunny")))
        talk.submit(CreateResponse(event_id="mine"))
        await talk.wait(15_000)
        if talk.all(ErrorSeen):  # the answer to what they ask now is being given already
            talk.submit(CreateResponse())
            await talk.wait(5000)
        done = [event.response for event in talk.all(ResponseDone)]
        assert [each.id for each in done] == [event.response.id for event in talk.all(ResponseCreated)]
        assert {error.code for error in talk.all(ErrorSeen)} <= {"conversation_already_has_active_response"}
        assert all(error.client_event_id == "mine" for error in talk.all(ErrorSeen))
        shown = llm.asked[-1]
        assert [message.text for message in shown if message.role == "tool"] == ["sunny"]
        assert ("user", "Tell me a story.") in talk.history
        assert talk.history[-1] == ("assistant", "Once upon a time.")

    def answer(messages: Sequence[Message]) -> Any:
        last = [message.text for message in messages if message.role == "user"][-1]
        asked = any(message.role == "tool" for message in messages)
        return (
            CALLS if "Weather" in last and not asked else "It is sunny." if "Weather" in last else "Once upon a time."
        )

    llm = SimulatedLlm(answer)
    play(script, llm=llm, asr=SimulatedAsr([], final_ms=600))


@pytest.mark.parametrize("interrupts", [True, False])
def test_a_turn_that_ends_while_another_answer_is_being_made_is_answered(interrupts: bool) -> None:
    """That answer was asked for while the person spoke, and does not know what they said: it ends, or is heard first."""

    async def script(talk: Simulation) -> None:
        talk.begin("Tell me a story.")
        await talk.wait(300)
        talk.submit(CreateResponse())
        await talk.wait(20_000)
        assert not talk.all(ErrorSeen)
        first, second = (event.response for event in talk.all(ResponseDone))
        assert (first.status, first.reason) == (("cancelled", "turn_detected") if interrupts else ("completed", None))
        assert second.status == "completed"
        assert llm.asked[-1][-1].text == "Tell me a story." or not interrupts
        assert talk.heard[-1] == "Once upon a time."

    llm = SimulatedLlm(["I was about to say.", "Once upon a time."], first_token_ms=3000)
    play(script, llm=llm, detection=SemanticVad(interrupt_response=interrupts))


# Late words.


class OutOfOrder(SimulatedAsr):
    """The first session takes longer to its end than those after it."""

    @asynccontextmanager
    async def session(self, options: AsrOptions = AsrOptions()) -> AsyncIterator[Any]:
        self.final_ms = 4000 if not self.sessions else 60
        self.sessions += 1
        first = self.final_ms
        async with super().session(options) as session:
            session.final_ms = first
            yield session

    sessions = 0


def test_the_words_of_two_turns_come_in_the_wrong_order() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        await talk.until(InputCommitted)
        await talk.say("And the window of the other room too.")
        await talk.until(InputCommitted, count=2)
        await talk.until(OutputBufferStopped)
        await talk.wait(5000)
        assert [text for role, text in talk.history if role == "user"] == [
            "Open the door.",
            "And the window of the other room too.",
        ]
        assert llm.asked[-1][-2:][0].text == "Open the door."
        assert len(talk.all(OutputBufferStarted)) == 1

    llm = SimulatedLlm()
    play(script, llm=llm, asr=OutOfOrder([], partials=False))


def test_words_of_an_interruption_that_come_after_we_have_gone_on() -> None:
    """A recogniser that is later than we wait: the sound was taken for a cough, and nothing is half done."""

    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(1000)
        await talk.say("stop", ms=300)
        await talk.until(OutputBufferStopped)
        assert talk.heard == [LONG]
        assert talk.history == [("user", "Tell me of Paris."), ("assistant", LONG)]
        await answered(talk, "And London?")

    play(script, llm=SimulatedLlm([LONG, "Large too."]), asr=SimulatedAsr([], final_ms=2000, partials=False))


# Cancelling twice, from two sides.


@pytest.mark.parametrize("order", ["voice first", "button first"])
def test_the_button_and_the_voice_stop_the_same_answer(order: str) -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(1500)
        talk.begin("Wait, what about London?")
        if order == "voice first":
            await talk.until(OutputBufferCleared)
        else:
            await talk.wait(120)
        talk.submit(CancelResponse(event_id="mine"))
        talk.submit(ClearOutputAudio())
        await talk.until(OutputBufferStarted, count=2)
        assert len(talk.all(OutputBufferCleared)) == 1
        assert len(talk.all(ItemTruncated)) <= 1
        assert 0 < len(talk.history[1][1]) < len(LONG)
        assert {error.code for error in talk.all(ErrorSeen)} <= {"response_cancel_not_active"}

    play(script, llm=SimulatedLlm([LONG, "Large too."]))


# A provider dies.


def test_the_recogniser_dies_while_it_is_being_decided_whether_we_are_interrupted() -> None:
    """A short sound lets us go on. A long one stops us all the same, and it is said why it gets no answer."""

    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(800)
        await talk.say("mhm", ms=240, recognised=Overloaded("Busy."))
        await talk.wait(1500)
        assert talk.speaking
        await talk.say("Wait, what about London?", recognised=Overloaded("Busy."))
        await talk.until(OutputBufferCleared)
        failed = await talk.until(TranscriptionFailed)
        assert failed.code == "provider_overloaded"
        assert len(talk.all(InputSpeechStopped)) == 2
        await answered(talk, "And Rome?")

    play(script, llm=SimulatedLlm([LONG, "Old."]))


def test_the_model_dies_while_somebody_interrupts_it() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until(ResponseCreated)
        talk.begin("No, of London.")
        await talk.until(OutputBufferStopped)
        assert talk.heard[-1] == "Large too."
        assert [event.response.status for event in talk.all(ResponseDone)][-1] == "completed"

    play(script, llm=SimulatedLlm([Overloaded("Busy."), "Large too."], first_token_ms=700))


@pytest.mark.parametrize("after", range(560, 860, 20))
def test_an_answer_is_cancelled_twice_in_the_moment_in_which_its_model_or_its_voice_dies(after: int) -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(CreateResponse())
        await talk.wait(after)
        talk.submit(CancelResponse())
        talk.submit(CancelResponse())
        await talk.wait(3000)
        (done,) = talk.all(ResponseDone)
        assert done.response.status in ("cancelled", "failed")
        errors = [error.code for error in talk.all(ErrorSeen)]
        assert errors == ["response_cancel_not_active"] * (1 if done.response.status == "cancelled" else 2)
        assert not talk.speaking
        await answered(talk, "And London?")

    for llm, tts in (
        (SimulatedLlm([Overloaded("Busy."), "Large too."], first_token_ms=700), SimulatedTts()),
        (
            SimulatedLlm([LONG, "Large too."], first_token_ms=500, delta_ms=0),
            SimulatedTts(first_audio_ms=200, fails={"Paris": Overloaded("Busy.")}),
        ),
    ):
        play(script, llm=llm, tts=tts)


def test_the_synthesiser_dies_while_we_are_ducked() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(300)
        await talk.say("mhm", ms=240)
        done = await talk.until(ResponseDone)
        assert done.response.status == "failed"
        await talk.wait(4000)
        assert not talk.speaking
        await answered(talk, "And London?")

    text = "Paris is large, and it is old. It has a tower."
    deltas = [TextDelta("Paris is large, and it is old. "), TextDelta("It has a tower.")]
    assert "".join(delta.text for delta in deltas) == text
    llm = SimulatedLlm([deltas, "Large too."], delta_ms=900)
    play(script, llm=llm, tts=SimulatedTts(fails={"tower": Overloaded("Busy.")}))


def test_push_to_talk_is_pressed_twice_while_nothing_was_heard_yet() -> None:
    async def script(talk: Simulation) -> None:
        talk.begin("What can you do?")
        await talk.wait(600)
        talk.submit(CommitAudio())
        talk.submit(CommitAudio(event_id="twice"))
        (error,) = talk.all(ErrorSeen)
        assert (error.code, error.client_event_id) == ("input_audio_buffer_commit_empty", "twice")
        talk.submit(CreateResponse())
        await talk.until(OutputBufferStopped)
        assert len(talk.all(ResponseDone)) == 1

    play(script, detection=None)
