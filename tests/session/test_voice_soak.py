"""A long spoken conversation in which everything happens by chance, in virtual time: no turn is lost, nothing is stuck or kept.
``bench/soak.py`` does the same with many real ones."""

from __future__ import annotations

import random
from typing import Any

import pytest

from salon.base.chat import TextDelta, ToolCallDelta
from salon.base.commands import CancelResponse, ClearOutputAudio, CreateItem, CreateResponse
from salon.base.errors import Overloaded
from salon.base.events import (
    InputCommitted,
    InputSpeechStarted,
    OutputBufferCleared,
    OutputBufferStarted,
    OutputBufferStopped,
    ResponseCreated,
    ResponseDone,
    TranscriptionFailed,
)
from salon.base.items import InputText, MessageItem
from salon.session.agent import Agent
from salon.testing import SimulatedAsr, SimulatedLlm, SimulatedTts, Simulation, run
from tests.session.scripted import breaches

QUESTIONS = (
    "What can you do?",
    "Tell me of Paris.",
    "今天天气怎么样？",
    "I went there because",
    "wait",
    "不对，我问的是明天。",
)
NODS = ("mhm", "嗯", "yeah", "对对")
ANSWERS: tuple[Any, ...] = (
    "Yes.",
    "Paris is the capital of France, and it is a very large city, with many old houses, and a famous tower in it.",
    "巴黎是法国的首都，也是一座很大的城市，有许多古老的房子，还有一座著名的铁塔。",
    Overloaded("Busy."),
    [TextDelta("One moment please. "), ToolCallDelta(0, "call_1", "weather", '{"city": "Paris"}')],
)
STEPS = 60
SOON_MS = 2000
"""In which a turn is answered or it is said why not: twice what the slowest recogniser takes."""


async def weather(city: str) -> str:
    "Today's weather."
    return f"sunny in {city}"


async def step(talk: Simulation, chance: random.Random) -> None:
    match chance.choices(("say", "interrupt", "nod", "cough", "write", "button", "wait"), (6, 4, 3, 2, 2, 2, 4))[0]:
        case "say":
            failed = Overloaded("Busy.") if chance.random() < 0.1 else None
            await talk.say(chance.choice(QUESTIONS), recognised=failed)
        case "interrupt":
            await talk.say(chance.choice(QUESTIONS))
            await talk.wait(chance.randrange(0, 3000))
            talk.begin(chance.choice(QUESTIONS))
        case "nod":
            await talk.say(chance.choice(NODS), ms=chance.randrange(100, 600, 20))
        case "cough":
            await talk.say("cough", ms=chance.randrange(80, 900, 20), recognised="")
        case "write":
            talk.submit(CreateItem(item=MessageItem(id="", role="user", content=(InputText("By text."),))))
            talk.submit(CreateResponse())
        case "button":
            for _ in range(chance.randrange(1, 3)):
                talk.submit(CancelResponse())
                talk.submit(ClearOutputAudio())
        case "wait":
            await talk.wait(chance.randrange(20, 5000, 20))


@pytest.mark.parametrize("seed", range(4))
def test_a_long_conversation(seed: int) -> None:
    chance = random.Random(seed)
    answers = list(ANSWERS) + ["Fine."] * 3
    llm = SimulatedLlm(lambda messages: chance.choice(answers), first_token_ms=chance.randrange(0, 900))
    asr = SimulatedAsr(
        [], partials=seed % 3 != 2, delay_ms=chance.randrange(60, 400), final_ms=chance.randrange(20, 700)
    )
    tts = SimulatedTts(words=seed % 2 == 0, fails={"famous": Overloaded("Busy.")} if seed % 2 else {})

    async def main() -> None:
        agent = Agent(name="host", tools=[weather])
        async with Simulation(agent, llm=llm, asr=asr, tts=tts) as talk:
            for _ in range(STEPS):
                await step(talk, chance)
            await talk.wait(60_000)
            answered(talk)
            # And it still talks.
            answers[:] = ["Fine."]
            before = len(talk.all(OutputBufferStopped))
            await talk.say("And what else?")
            await talk.until(OutputBufferStopped, count=before + 1, within=20_000)
            assert talk.heard[-1] == "Fine."

    run(main())
    assert asr.open == 0


def answered(talk: Simulation) -> None:
    """Each turn got an answer, or it was said that it was not understood, or the person went on or pressed a button."""
    told = [event for _, event in talk.events]
    assert breaches(told) == []
    reasons = ResponseCreated | TranscriptionFailed | InputSpeechStarted | InputCommitted
    words = {item.id: item.text for item in talk.client.conversation.machine.items if isinstance(item, MessageItem)}
    for place, (at, event) in enumerate(talk.events):
        if isinstance(event, InputCommitted) and words[event.item_id]:
            soon = [each for then, each in talk.events[place + 1 :] if then <= at + SOON_MS]
            assert any(isinstance(each, reasons) for each in soon), f"turn {event.item_id} was lost"
    begun = [event.response.id for event in talk.all(ResponseCreated)]
    assert sorted(event.response.id for event in talk.all(ResponseDone)) == sorted(begun)
    started = {event.response_id for event in talk.all(OutputBufferStarted)}
    ended = [each.response_id for each in told if isinstance(each, OutputBufferStopped | OutputBufferCleared)]
    assert started <= set(ended) and len(ended) == len(set(ended))
    assert not talk.speaking and not talk.client.conversation.busy
    assert len(talk.all(ResponseDone)) > STEPS // 6
