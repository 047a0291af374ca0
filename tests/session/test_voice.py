"""Scripted conversations in virtual time: every race between who speaks, what was understood and what is being answered."""

from __future__ import annotations

import pytest

from salon.base.chat import TextDelta, ToolCallDelta
from salon.base.commands import (
    CancelResponse,
    ClearAudio,
    ClearOutputAudio,
    CommitAudio,
    CreateItem,
    CreateResponse,
    RetrieveItem,
    UpdateSession,
)
from salon.base.errors import Overloaded
from salon.base.events import (
    AudioCleared,
    ErrorSeen,
    InputCommitted,
    InputSpeechStarted,
    InputSpeechStopped,
    InputTimedOut,
    ItemDone,
    ItemRetrieved,
    ItemTruncated,
    OutputBufferCleared,
    OutputBufferStarted,
    OutputBufferStopped,
    OutputItemDone,
    OutputTranscriptDelta,
    ResponseCreated,
    ResponseDone,
    TranscriptionCompleted,
    TranscriptionFailed,
    Unducked,
)
from salon.base.items import FunctionCallOutput, InputAudio, InputText, MessageItem
from salon.base.session import AudioInputPatch, ResponseParams, SemanticVad, ServerVad, SessionPatch, Transcription
from salon.session.agent import Agent
from salon.testing import SimulatedAsr, SimulatedLlm, SimulatedTts, SimulatedTurnDetector, Simulation
from tests.session.scripted import LONG, play

LANG = "巴黎是法国的首都，也是一座很大的城市，有许多古老的房子，还有一座著名的铁塔。"


async def interrupted(talk: Simulation, text: str = "Wait, what about London?", after: int = 1500) -> int:
    """Ask, listen for a while, and speak. Gives the time of the interruption."""
    await talk.say("Tell me of Paris.")
    await talk.until_speaking()
    await talk.wait(after)
    began = talk.now
    talk.begin(text)
    return began


def turn_ended(text: str, detector: SimulatedTurnDetector) -> int:
    """How long after these words the turn was over."""
    waited: list[int] = []

    async def script(talk: Simulation) -> None:
        await talk.say(text)
        ended = talk.now
        await talk.until(InputSpeechStopped)
        waited.append(talk.when(InputSpeechStopped) - ended)

    play(script, turn_detector=detector)
    return waited[0]


def test_a_turn_model_that_is_sure_shortens_the_silence() -> None:
    assert 240 <= turn_ended("What can you do?", SimulatedTurnDetector(1.0)) <= 320
    assert 360 <= turn_ended("What can you do?", SimulatedTurnDetector(0.5)) <= 440


def test_a_turn_model_that_hears_more_coming_lengthens_it() -> None:
    assert 1960 <= turn_ended("What can you do?", SimulatedTurnDetector(0.0)) <= 2040
    assert 3960 <= turn_ended("open the door", SimulatedTurnDetector(0.0)) <= 4040


@pytest.mark.parametrize("detector", [SimulatedTurnDetector(0.0, ms=700), SimulatedTurnDetector(Overloaded("busy"))])
def test_a_turn_model_that_is_late_or_fails_changes_nothing(detector: SimulatedTurnDetector) -> None:
    assert 360 <= turn_ended("What can you do?", detector) <= 440


def test_a_turn_model_is_asked_at_each_pause_and_of_the_whole_turn() -> None:
    detector = SimulatedTurnDetector(0.0, 1.0)

    async def script(talk: Simulation) -> None:
        await talk.say("open the door", ms=1000)
        await talk.wait(600)
        await talk.say("of the garden", ms=1000)
        ended = talk.now
        await talk.until(InputSpeechStopped)
        assert talk.when(InputSpeechStopped) - ended <= 340
        assert len(talk.all(InputSpeechStopped)) == 1

    play(script, turn_detector=detector)
    first, second = detector.asked
    assert 1200 <= first <= 1600  # with what came before it, and the pause
    assert second - first >= 1600


def test_server_vad_asks_no_turn_model() -> None:
    detector = SimulatedTurnDetector(0.0)

    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?")
        await talk.until(InputSpeechStopped)

    play(script, turn_detector=detector, detection=ServerVad())
    assert detector.asked == []


def test_a_turn_is_answered_and_both_sides_are_history() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?")
        ended = talk.now
        await talk.until(OutputBufferStopped)
        assert talk.history == [("user", "What can you do?"), ("assistant", "All right.")]
        assert talk.heard == ["All right."]
        assert 360 <= talk.when(InputSpeechStopped) - ended <= 440
        (done,) = talk.all(ResponseDone)
        waterfall = done.response.waterfall
        assert waterfall is not None
        assert sum(ms for part, ms in waterfall.items() if part != "total") == waterfall["total"]
        assert abs(waterfall["total"] - (talk.when(OutputBufferStarted) - ended)) <= 40

    play(script)


def test_the_answer_begins_before_the_turn_is_surely_over() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("open the door")
        ended = talk.now
        await talk.until(OutputBufferStarted)
        # The wait for "open the door" is 560 ms; the model took 400 of them.
        assert talk.now - ended <= 560 + 200 + 60
        assert len(llm.asked) == 1

    llm = SimulatedLlm(["Yes, done."], first_token_ms=300, delta_ms=0)
    play(script, llm=llm)


def test_an_answer_begun_too_early_is_dropped_unseen() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Open the door.")
        await talk.wait(340)
        await talk.say("And the window too.")
        await talk.until(OutputBufferStopped)
        assert talk.history == [("user", "Open the door. And the window too."), ("assistant", "Both are open.")]
        assert len(talk.all(ResponseCreated)) == 1
        assert [len(llm.asked), llm.cancelled] == [2, 1]

    llm = SimulatedLlm(lambda messages: "Both are open." if "window" in messages[-1].text else "It is open.")
    play(script, llm=llm)


def test_who_hesitates_is_waited_for() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("I went there because")
        await talk.wait(1500)
        await talk.say("I wanted it.")
        await talk.until(ResponseDone)
        assert talk.history[0] == ("user", "I went there because I wanted it.")
        assert len(talk.all(InputCommitted)) == 1

    play(script)


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize(("answer", "slip"), [(LONG, 12), (LANG, 1)])
def test_an_interruption_stops_us_and_history_has_what_was_heard(answer: str, slip: int, words: bool) -> None:
    async def script(talk: Simulation) -> None:
        began = await interrupted(talk)
        cleared = await talk.until(OutputBufferCleared)
        assert talk.now - began <= 350
        heard = talk.heard[0]
        assert 0 < len(heard) < len(answer)
        (cut,) = talk.all(ItemTruncated)
        assert cut.item_id == next(event.item_id for event in talk.all(OutputTranscriptDelta))
        kept = next(text for role, text in talk.history if role == "assistant")
        assert heard.startswith(kept.rstrip("，,. "))
        assert len(heard) - len(kept) <= slip
        assert cleared.response_id == talk.all(ResponseCreated)[0].response.id
        await talk.until(ResponseDone, count=2)
        assert [role for role, _ in talk.history] == ["user", "assistant", "user", "assistant"]
        assert talk.history[1] == ("assistant", kept)

    play(script, llm=SimulatedLlm([answer, "London is large too."]), tts=SimulatedTts(words=words))


@pytest.mark.parametrize("detection", [ServerVad(), SemanticVad()])
def test_who_is_interrupted_is_told_first_that_somebody_speaks_and_then_what_becomes_of_the_answer(
    detection: ServerVad | SemanticVad,
) -> None:
    async def script(talk: Simulation) -> None:
        await interrupted(talk)
        await talk.until(ItemTruncated)
        kinds = [type(event) for _, event in talk.events]
        second = len(kinds) - 1 - kinds[::-1].index(InputSpeechStarted)
        ended = [OutputItemDone, ItemDone, ResponseDone, OutputBufferCleared, ItemTruncated]
        assert [kind for kind in kinds[second:] if kind in ended] == ended

    play(script, llm=SimulatedLlm([LONG], delta_ms=200), detection=detection)


def test_we_are_quiet_within_a_tenth_of_a_second() -> None:
    async def script(talk: Simulation) -> None:
        began = await interrupted(talk)
        while talk.speaking:
            await talk.wait(20)
        # Three frames until the voice is certain, 60 ms that are on their way, and the fade.
        assert talk.now - began <= 200

    play(script, llm=SimulatedLlm([LONG]))


@pytest.mark.parametrize(("nod", "ms"), [("mhm", 250), ("嗯", 200), ("yeah", 280), ("对对", 260)])
def test_a_nod_lets_us_go_on_at_the_same_word(nod: str, ms: int) -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(1500)
        await talk.say(nod, ms=ms)
        await talk.until(Unducked)
        await talk.until(OutputBufferStopped)
        assert talk.heard == [LONG]
        assert talk.history == [("user", "Tell me of Paris."), ("assistant", LONG)]
        assert len(talk.all(InputSpeechStarted)) == 1
        assert not talk.all(ItemTruncated)
        # Quiet for as long as it took to know better, and not longer.
        began, ended = talk.silences[-1]
        assert ended - began < 1000

    play(script, llm=SimulatedLlm([LONG]))


def test_a_cough_is_no_interruption() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(1000)
        await talk.say("cough", ms=180, recognised="")
        await talk.until(OutputBufferStopped)
        assert talk.heard == [LONG]

    play(script, llm=SimulatedLlm([LONG]))


def test_our_own_voice_is_no_interruption() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        await talk.wait(2500)
        await talk.say("Paris is the capital of France")
        await talk.until(OutputBufferStopped)
        assert talk.history == [("user", "Tell me of Paris."), ("assistant", LONG)]

    play(script, llm=SimulatedLlm([LONG]))


def test_server_vad_interrupts_at_the_first_sound() -> None:
    async def script(talk: Simulation) -> None:
        began = await interrupted(talk, "mhm")
        await talk.until(OutputBufferCleared)
        assert talk.now - began <= 120

    play(script, llm=SimulatedLlm([LONG]), detection=ServerVad())


def test_who_may_not_interrupt_is_answered_afterwards() -> None:
    async def script(talk: Simulation) -> None:
        await interrupted(talk, "And London?")
        await talk.until(InputCommitted, count=2)
        await talk.until(OutputBufferStopped)
        assert talk.heard[0] == LONG
        assert not talk.all(OutputBufferCleared)

    play(script, llm=SimulatedLlm([LONG]), detection=SemanticVad(interrupt_response=False, create_response=True))


def test_an_interruption_while_the_model_still_thinks() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until(ResponseCreated)
        await talk.say("No, tell me of London.")
        await talk.until(OutputBufferStopped)
        first, second = talk.all(ResponseDone)
        assert (first.response.status, first.response.reason) == ("cancelled", "turn_detected")
        assert second.response.status == "completed"
        assert [role for role, _ in talk.history] == ["user", "user", "assistant"]

    play(script, llm=SimulatedLlm(["Well."], first_token_ms=2000))


def test_an_interruption_behind_the_end_of_generation_cuts_what_is_still_to_be_heard() -> None:
    async def script(talk: Simulation) -> None:
        await interrupted(talk, after=2500)
        assert talk.all(ResponseDone)[0].response.status == "completed"
        await talk.until(ItemTruncated)
        assert talk.history[1][1] != LONG
        assert LONG.startswith(talk.history[1][1])

    play(script, llm=SimulatedLlm([LONG], delta_ms=1))


def test_words_that_come_after_the_turn_is_over_are_waited_for() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?")
        await talk.until(InputCommitted)
        assert not talk.all(ResponseCreated)
        await talk.until(ResponseDone)
        assert talk.history[0] == ("user", "What can you do?")
        assert llm.asked[0][-1].text == "What can you do?"

    llm = SimulatedLlm()
    play(script, llm=llm, asr=SimulatedAsr([], final_ms=2500, partials=False))


def test_transcription_is_told_to_who_asks_for_it_before_the_answer() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(UpdateSession(patch=SessionPatch(audio_input=AudioInputPatch(transcription=Transcription()))))
        await talk.say("What can you do?")
        await talk.until(ResponseCreated)
        (told,) = talk.all(TranscriptionCompleted)
        assert (told.transcript, told.item_id) == ("What can you do?", talk.all(InputCommitted)[0].item_id)
        assert told.seconds > 0.5
        assert talk.when(TranscriptionCompleted) <= talk.when(ResponseCreated)

    play(script)


def test_a_noise_without_words_gets_no_answer() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("noise", ms=600, recognised="")
        await talk.until(InputCommitted)
        await talk.wait(3000)
        assert not talk.all(ResponseCreated)
        await talk.say("What can you do?")
        await talk.until(ResponseDone)
        assert talk.history[-1][0] == "assistant"

    play(script)


def test_the_recogniser_dies_and_the_next_turn_is_heard() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?", recognised=Overloaded("Busy."))
        failed = await talk.until(TranscriptionFailed)
        assert failed.code == "provider_overloaded"
        await talk.wait(2000)
        assert not talk.all(ResponseCreated)
        await talk.say("And now?")
        await talk.until(OutputBufferStopped)
        assert talk.history[-2:] == [("user", "And now?"), ("assistant", "All right.")]

    play(script)


def test_the_synthesiser_dies_in_the_middle() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        done = await talk.until(ResponseDone)
        assert (done.response.status, done.response.error_code) == ("failed", "provider_overloaded")
        assert LONG.startswith(talk.history[-1][1])
        await talk.say("And now?")
        assert (await talk.until(ResponseDone, count=2)).response.status == "completed"

    play(script, llm=SimulatedLlm([LONG, "Fine."]), tts=SimulatedTts(fails={"tower": Overloaded("Busy.")}))


def test_the_model_dies_in_the_middle() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        done = await talk.until(ResponseDone)
        assert done.response.status == "failed"
        await talk.say("And now?")
        assert (await talk.until(ResponseDone, count=2)).response.status == "completed"

    play(script, llm=SimulatedLlm([Overloaded("Busy."), "Fine."]))


def test_a_tool_is_called_and_its_result_spoken() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Weather in Paris?")
        await talk.until(ResponseDone)
        assert not talk.all(OutputBufferStarted)
        talk.submit(CreateItem(item=FunctionCallOutput(id="", call_id="call_1", output="sunny")))
        talk.submit(CreateResponse())
        await talk.until(OutputBufferStopped)
        assert talk.heard[-1] == "It is sunny."

    calls = [ToolCallDelta(0, "call_1", "weather", '{"city": "Paris"}')]
    play(script, llm=SimulatedLlm([calls, "It is sunny."]))


def test_an_interruption_during_a_tool_call() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Weather in Paris?")
        await talk.until_speaking()
        await talk.wait(300)
        await talk.say("Never mind the weather.")
        await talk.until(ResponseDone, count=2)
        assert talk.all(ResponseDone)[0].response.status in ("completed", "cancelled")
        assert talk.all(ResponseDone)[1].response.status == "completed"

    calls = [TextDelta("Let me look at that for you, one moment please. "), ToolCallDelta(0, "call_1", "weather", "{}")]
    play(script, llm=SimulatedLlm([calls, "All right."]))


def test_a_server_tool_runs_in_the_middle_of_a_spoken_answer() -> None:
    async def weather(city: str) -> str:
        "Today's weather."
        return f"sunny in {city}"

    async def script(talk: Simulation) -> None:
        await talk.say("Weather in Paris?")
        await talk.until(OutputBufferStopped)
        assert talk.heard == ["One moment please.", "It is sunny."]

    calls = [TextDelta("One moment please. "), ToolCallDelta(0, "call_1", "weather", '{"city": "Paris"}')]
    play(script, agent=Agent(name="host", tools=[weather]), llm=SimulatedLlm([calls, "It is sunny."]))


def test_cancelling_twice_is_harmless() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Tell me of Paris.")
        await talk.until_speaking()
        talk.submit(CancelResponse(event_id="one"))
        talk.submit(ClearOutputAudio())
        talk.submit(CancelResponse(event_id="two"))
        talk.submit(ClearOutputAudio())
        await talk.wait(1000)
        assert len(talk.all(OutputBufferCleared)) == 1
        assert [error.code for error in talk.all(ErrorSeen)] in (
            [],
            ["response_cancel_not_active"],
            ["response_cancel_not_active"] * 2,
        )
        assert not talk.speaking
        await talk.say("And now?")
        await talk.until(OutputBufferStarted, count=2)

    play(script, llm=SimulatedLlm([LONG]))


def test_a_cancel_while_the_words_are_waited_for() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?")
        await talk.until(InputCommitted)
        talk.submit(CancelResponse())
        (done,) = talk.all(ResponseDone)
        assert done.response.status == "cancelled"
        await talk.wait(4000)
        assert len(talk.all(ResponseCreated)) == 1
        assert talk.history[0] == ("user", "What can you do?")

    play(script, asr=SimulatedAsr([], final_ms=2500, partials=False))


def test_a_cancel_that_names_another_answer_takes_nothing_from_the_turn_that_is_waited_for() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?")
        await talk.until(InputCommitted)
        talk.submit(CancelResponse(response_id="resp_of_before", event_id="late"))
        (error,) = talk.all(ErrorSeen)
        assert (error.code, error.client_event_id) == ("response_cancel_not_active", "late")
        assert (await talk.until(ResponseDone)).response.status == "completed"
        assert llm.asked[0][-1].text == "What can you do?"

    llm = SimulatedLlm()
    play(script, llm=llm, asr=SimulatedAsr([], final_ms=2500, partials=False))


def test_push_to_talk() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(ClearAudio())
        await talk.say("What can you do?")
        talk.submit(CommitAudio())
        talk.submit(CreateResponse())
        await talk.until(OutputBufferStopped)
        assert talk.history == [("user", "What can you do?"), ("assistant", "All right.")]
        assert talk.all(AudioCleared)
        assert not talk.all(InputSpeechStarted)

    play(script, detection=None)


def test_what_was_cleared_was_not_said() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("Forget this.")
        talk.submit(ClearAudio())
        talk.submit(CommitAudio(event_id="c"))
        (error,) = talk.all(ErrorSeen)
        assert (error.code, error.client_event_id) == ("input_audio_buffer_commit_empty", "c")
        await talk.say("What can you do?")
        talk.submit(CommitAudio())
        await talk.wait(500)
        assert talk.history == [("user", "What can you do?")]

    play(script, detection=None)


def test_silence_after_an_answer_is_answered_once() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?")
        await talk.until(OutputBufferStopped)
        ended = talk.now
        timed_out = await talk.until(InputTimedOut)
        assert 4960 <= talk.now - ended <= 5100
        assert timed_out.audio_end_ms - timed_out.audio_start_ms == 5000
        await talk.until(OutputBufferStopped, count=2)
        assert "silent" in llm.asked[-1][0].text

    llm = SimulatedLlm()
    play(script, llm=llm, detection=ServerVad(idle_timeout_ms=5000))


def test_text_and_voice_are_one_conversation() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(CreateItem(item=MessageItem(id="", role="user", content=(InputText("My name is Ann."),))))
        await talk.say("What is my name?")
        await talk.until(ResponseDone)
        assert [text for role, text in talk.history if role == "user"] == ["My name is Ann.", "What is my name?"]

    play(script)


def test_two_turns_while_nothing_answers() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("One thing is this.")
        await talk.until(InputCommitted)
        await talk.say("Another is that one.")
        await talk.until(InputCommitted, count=2)
        await talk.wait(500)
        assert [text for _, text in talk.history] == ["One thing is this.", "Another is that one."]
        assert not talk.all(ResponseCreated)

    play(script, detection=SemanticVad(create_response=False))


def test_settings_change_while_somebody_speaks() -> None:
    async def script(talk: Simulation) -> None:
        talk.begin("What can you do?")
        await talk.wait(300)
        patch = SessionPatch(audio_input=AudioInputPatch(turn_detection=ServerVad(silence_duration_ms=300)))
        talk.submit(UpdateSession(patch=patch))
        await talk.until(ResponseDone)
        assert talk.history[0] == ("user", "What can you do?")

    play(script)


def test_the_end_leaves_nothing_running() -> None:
    async def script(talk: Simulation) -> None:
        await interrupted(talk)
        await talk.wait(200)

    asr = SimulatedAsr([])
    play(script, llm=SimulatedLlm([LONG]), asr=asr)
    assert asr.open == 0


WELCOME = "Welcome to our shop. Is it about an order, a delivery or a return?"


def test_a_welcome_is_said_without_a_model_and_its_echo_is_no_interruption() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(CreateResponse(params=ResponseParams(say=WELCOME)))
        await talk.until_speaking()
        await talk.wait(2500)
        assert llm.asked == []
        # A loudspeaker beside the microphone.
        await talk.say("Welcome to our shop. Is it about an order")
        await talk.until(OutputBufferStopped)
        assert talk.all(ItemTruncated) == []
        assert talk.heard == [WELCOME]
        await talk.wait(1000)
        assert talk.history == [("assistant", WELCOME)]

    llm = SimulatedLlm()
    play(script, llm=llm)


def test_a_welcome_that_is_interrupted_is_history_as_far_as_it_was_heard() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(CreateResponse(params=ResponseParams(say=WELCOME)))
        await talk.until_speaking()
        await talk.wait(1200)
        await talk.say("I have a question about my bill")
        await talk.until(OutputBufferCleared)
        await talk.until(ResponseDone, count=2)
        (role, kept), asked = talk.history[0], llm.asked[-1]
        assert role == "assistant"
        assert 0 < len(kept) < len(WELCOME)
        assert WELCOME.startswith(kept.rstrip(" ,."))
        assert [message.text for message in asked if message.role == "assistant"] == [kept]

    llm = SimulatedLlm(["Let me see."])
    play(script, llm=llm)


def test_a_turn_that_is_retrieved_has_its_sound() -> None:
    async def script(talk: Simulation) -> None:
        await talk.say("What can you do?")
        await talk.until(ResponseCreated)
        (said,) = talk.all(InputCommitted)
        talk.submit(RetrieveItem(item_id=said.item_id))
        (event,) = talk.all(ItemRetrieved)
        assert isinstance(event.item, MessageItem)
        (part,) = event.item.content
        assert isinstance(part, InputAudio)
        assert part.audio is not None
        # What was said, with a little silence around it; in a call a message has no room for more than four seconds.
        assert 1.0 <= len(part.audio) / 48_000 <= 4.0
        assert max(part.audio) > 0

    play(script)


def test_a_nod_while_an_answer_fails_does_not_silence_the_next_one() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(CreateResponse())
        await talk.say("mhm")
        await talk.until(OutputBufferStopped)
        assert talk.heard[-1].endswith("Yes.")

    play(script, llm=SimulatedLlm(["Yes."]), asr=SimulatedAsr([], partials=False))


def test_an_answer_ducked_for_a_turn_that_the_client_ends_goes_on() -> None:
    async def script(talk: Simulation) -> None:
        talk.submit(CreateResponse())
        await talk.say("mhm")
        talk.begin("mhm")
        await talk.say("mhm")
        talk.submit(CommitAudio())
        await talk.until(OutputBufferStopped)

    play(script, llm=SimulatedLlm(["Yes."]), asr=SimulatedAsr([], partials=False))
