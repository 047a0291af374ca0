"""Spoken conversations that nobody would have thought of: whatever is said and sent, in whatever order, the truths hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from salon.base.chat import TextDelta, ToolCallDelta
from salon.base.commands import (
    CancelResponse,
    ClearAudio,
    ClearOutputAudio,
    CommitAudio,
    CreateItem,
    CreateResponse,
    TruncateItem,
    UpdateSession,
)
from salon.base.errors import Overloaded
from salon.base.events import (
    InputCommitted,
    InputSpeechStarted,
    InputSpeechStopped,
    OutputBufferCleared,
    OutputBufferStarted,
    OutputBufferStopped,
    ResponseCreated,
    ResponseDone,
)
from salon.base.items import InputText, MessageItem
from salon.base.session import AudioInputPatch, ResponseParams, SemanticVad, ServerVad, SessionPatch
from salon.testing import SimulatedAsr, SimulatedLlm, SimulatedTts, Simulation, run
from tests.session.scripted import breaches

PHRASES = ["mhm", "嗯", "wait", "What can you do?", "I went because", "今天天气怎么样", "no", "three five seven"]
ANSWERS: list[Any] = [
    "Yes.",
    "Paris is the capital of France, and it is a very large city, with many old houses.",
    "巴黎是法国的首都，也是一座很大的城市。它有**许多**古老的房子。",
    "See https://example.com/a/b 🎉\n```\ncode\n```\nand that is all of it.",
    "",
    Overloaded("Busy."),
    [ToolCallDelta(0, "call_1", "theirs", "{}")],
    [TextDelta("One moment please. "), ToolCallDelta(0, "call_1", "theirs", "{}")],
]
DETECTIONS = [SemanticVad(), SemanticVad(eagerness="high"), ServerVad(), ServerVad(idle_timeout_ms=5000), None,
              SemanticVad(interrupt_response=False), SemanticVad(create_response=False)]  # fmt: skip


def _text() -> CreateItem:
    return CreateItem(item=MessageItem(id="", role="user", content=(InputText("By text."),)))


def _truncate(talk: Simulation) -> TruncateItem:
    said = [item.id for item in talk.client.conversation.machine.items if getattr(item, "role", "") == "assistant"]
    return TruncateItem(item_id=said[-1] if said else "nothing", content_index=0, audio_end_ms=500)


COMMANDS: list[Callable[[Simulation], Any]] = [
    lambda talk: CancelResponse(),
    lambda talk: ClearAudio(),
    lambda talk: CommitAudio(),
    lambda talk: ClearOutputAudio(),
    lambda talk: CreateResponse(),
    lambda talk: CreateResponse(params=ResponseParams(conversation="none", output_modalities=("text",))),
    lambda talk: _text(),
    _truncate,
]
steps = some.lists(
    some.one_of(
        some.tuples(some.just("say"), some.integers(0, len(PHRASES) - 1)),
        some.tuples(some.just("begin"), some.integers(0, len(PHRASES) - 1)),
        some.tuples(some.just("wait"), some.integers(1, 2500)),
        some.tuples(some.just("send"), some.integers(0, len(COMMANDS) - 1)),
        some.tuples(some.just("detect"), some.integers(0, len(DETECTIONS) - 1)),
    ),
    max_size=14,
)


@pytest.mark.timeout(300)
@settings(max_examples=60, deadline=None)
@given(steps, some.lists(some.integers(0, len(ANSWERS) - 1), min_size=1, max_size=4), some.booleans(), some.booleans())
def test_whatever_happens(script: list[tuple[str, int]], answers: list[int], partials: bool, words: bool) -> None:
    async def main() -> None:
        llm = SimulatedLlm([ANSWERS[each] for each in answers])
        asr = SimulatedAsr([], partials=partials)
        async with Simulation(llm=llm, asr=asr, tts=SimulatedTts(words=words)) as talk:
            for kind, number in script:
                match kind:
                    case "say":
                        await talk.say(PHRASES[number])
                    case "begin":
                        talk.begin(PHRASES[number])
                    case "wait":
                        await talk.wait(number)
                    case "send":
                        talk.submit(COMMANDS[number](talk))
                    case "detect":
                        patch = SessionPatch(audio_input=AudioInputPatch(turn_detection=DETECTIONS[number]))
                        talk.submit(UpdateSession(patch=patch))
            # Without idle time-outs nothing goes on for ever.
            talk.submit(UpdateSession(patch=SessionPatch(audio_input=AudioInputPatch(turn_detection=SemanticVad()))))
            await talk.wait(60_000)
            _check(talk)
            # And it still talks.
            talk.submit(ClearOutputAudio())
            before = len(talk.all(ResponseDone))
            await talk.say("And what else?")
            await talk.until(ResponseDone, count=before + 1, within=20_000)
        assert asr.open == 0

    run(main())


def _check(talk: Simulation) -> None:
    assert not talk.client.conversation.busy
    assert breaches([event for _, event in talk.events]) == []
    begun = [event.response.id for event in talk.all(ResponseCreated)]
    assert sorted(event.response.id for event in talk.all(ResponseDone)) == sorted(begun)
    # A response that is cleared and not cancelled goes on with what comes after.
    heard: set[str] = set()
    for _, event in talk.events:
        if isinstance(event, OutputBufferStarted):
            assert event.response_id not in heard
            heard.add(event.response_id)
        elif isinstance(event, OutputBufferStopped | OutputBufferCleared):
            heard.discard(event.response_id)
    assert not heard
    assert len(talk.all(InputSpeechStopped)) <= len(talk.all(InputSpeechStarted))
    committed = [event.item_id for event in talk.all(InputCommitted)]
    assert len(committed) == len(set(committed))
    # Not a word that was not spoken.
    items = {item.id: item for item in talk.client.conversation.machine.items}
    for item in items.values():
        playout = talk.client.conversation.machine.spoken.playout(item.id)
        if playout is not None and isinstance(item, MessageItem):
            assert playout.shown.startswith(item.text)
