"""What the scripts of spoken clients talk with, and the recording that they speak."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salon.base.chat import Finished, TextDelta, ToolCallDelta, Usage
from salon.session.agent import Agent
from salon.sound.resample import Resampler
from tests.conformance.environments import ROOT
from tests.conformance.realtime.foreign import Foreign
from tests.fakes.instant_speech import InstantAsr, InstantTts
from tests.fakes.scripted_llm import Asked, ScriptedLlm, Step
from tests.session.house import KEY, House, open_house

DATA = ROOT / "tests" / "data" / "voice"
STORY = "Once upon a time there was a king, who had three sons and a very old horse. " * 6
#: What is recognised, in this order, whatever is said.
LINES = ("Hello there.", "What is the weather?", "Tell me a long story.", "Stop it now, please.", "Goodbye then.")


def companion(asked: Asked) -> Iterable[Step]:
    """An echo, a tool call, or a long story."""
    last = asked.messages[-1]
    if last.role == "tool":
        yield TextDelta(f"The tool says {last.text}.")
    elif "weather" in last.text and asked.tools:
        yield ToolCallDelta(0, "call_weather", asked.tools[0].name, '{"city": ')
        yield ToolCallDelta(0, arguments='"Paris"}')
        yield Finished("tool_calls", Usage(20, 10), "scripted:model")
    elif "long story" in last.text:
        for word in STORY.split(" "):
            yield TextDelta(word + " ")
    else:
        yield TextDelta(f"You said: {last.text}")


@dataclass(frozen=True)
class Facts:
    """``seen`` is what the script printed."""

    seen: dict[str, Any]
    said_by_server: dict[str, int]
    llm: ScriptedLlm

    @property
    def kept(self) -> str:
        """What the model was shown of the story in the turn after it was interrupted."""
        shown = [message.text for message in self.llm.asked[-1].messages if message.role == "assistant"]
        return next(text for text in shown if text.startswith("Once"))


@asynccontextmanager
async def talked(foreign: Foreign, folder: Path, *arguments: str, **house: Any) -> AsyncIterator[Facts]:
    """Runs the script with the server's address, its key, and a recording: 24 kHz, 16 bit, mono, a question between silences."""
    recording = await asyncio.to_thread(_recording, folder)
    llm = ScriptedLlm(companion)
    agent = Agent("host", instructions="I am the host.", llm=llm, asr=InstantAsr(*LINES), tts=InstantTts())
    async with open_house(agent, **house) as opened:
        seen = await foreign.run(_address(opened), KEY, str(recording), *arguments)
        yield Facts(seen, dict(opened.tally.errors), llm)


def _address(house: House) -> str:
    return house.http


def _recording(folder: Path) -> Path:
    with wave.open(str(DATA / "what-can-you-do.wav")) as file:
        pcm = file.readframes(file.getnframes())
    path = folder / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(Resampler(16_000, 24_000).push(bytes(16_000) + pcm + bytes(48_000)))
    return path
