"""What ``bench.soak`` talks with: Salon with providers that fail, are late and call tools, by chance, until they are told to
behave.

python -m bench.soak_server PORT SECONDS FILE

After so many seconds nothing fails any more. Once a second the file says what the process holds.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from salon import Agent, Salon, tool
from salon.base.chat import Delta, Finished, Message, Options, TextDelta, ToolCallDelta, ToolSpec, Usage
from salon.base.errors import Overloaded
from salon.base.speech import AsrOptions, AsrUsage, Final, Heard, Partial, TtsOptions
from salon.ports.asr import AsrTraits
from salon.ports.llm import CheckStep, Traits
from tests.fakes.instant_speech import InstantTts, InstantTtsSession

NOD_MS = 1150
"""Of sound that a recogniser was given, the pause before and behind it included: what is shorter was "mhm"."""
LONG = (
    "Paris is the capital of France, and it is a very large city, with many old houses, and a famous tower in it. " * 2
)


class Moods:
    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._chance = random.Random(4)

    def strikes(self, share: float) -> bool:
        return time.monotonic() < self._until and self._chance.random() < share

    async def pause(self, longest: float) -> None:
        if time.monotonic() < self._until:
            await asyncio.sleep(self._chance.random() ** 3 * longest)


class MoodyLlm:
    name = "moody:llm"
    traits = Traits()

    def __init__(self, moods: Moods) -> None:
        self._moods = moods
        self.open = 0

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        moods, answered = self._moods, messages[-1].role == "tool"
        self.open += 1
        try:
            await moods.pause(1.5)
            if moods.strikes(0.08):
                raise Overloaded("Busy.")
            if not answered and tools and moods.strikes(0.25):
                name = tools[0 if moods.strikes(0.5) else -1].name
                yield TextDelta("One moment please. ")
                yield ToolCallDelta(0, f"call_{time.monotonic_ns()}", name, '{"city": "Paris"}')
                yield Finished("tool_calls", Usage(10, 10), self.name)
                return
            text = LONG if moods.strikes(0.5) else "Yes, that is so."
            for word in text.split(" "):
                yield TextDelta(f"{word} ")
                if moods.strikes(0.003):
                    raise Overloaded("Broke off.")
                await asyncio.sleep(0.01)
            yield Finished("stop", Usage(10, 10), self.name)
        finally:
            self.open -= 1

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("moody", True)

    async def aclose(self) -> None:
        return None


class MoodyAsr:
    name = "moody:asr"
    traits = AsrTraits(partials=True)

    def __init__(self, moods: Moods) -> None:
        self.moods = moods
        self.open = 0

    @asynccontextmanager
    async def session(self, options: AsrOptions = AsrOptions()) -> AsyncIterator[MoodySession]:
        self.open += 1
        try:
            yield MoodySession(self)
        finally:
            self.open -= 1

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("moody", True)

    async def aclose(self) -> None:
        return None


class MoodySession:
    def __init__(self, asr: MoodyAsr) -> None:
        self._asr = asr
        self._ms = 0
        self._long = asyncio.Event()
        self._finished = asyncio.Event()

    def push(self, pcm: bytes) -> None:
        self._ms += len(pcm) // 32
        if self._ms >= NOD_MS:
            self._long.set()

    def finish(self) -> None:
        self._long.set()
        self._finished.set()

    async def results(self) -> AsyncGenerator[Heard, None]:
        moods = self._asr.moods
        await self._long.wait()
        if self._ms >= NOD_MS:
            yield Partial("What can")
        await self._finished.wait()
        if moods.strikes(0.04):
            raise Overloaded("Busy.")
        await moods.pause(0.8)
        heard = "What can you do?" if self._ms >= NOD_MS else "mhm"
        yield Final("" if moods.strikes(0.04) else heard, usage=AsrUsage(self._ms), model=self._asr.name)


class MoodyTts(InstantTts):
    def __init__(self, moods: Moods) -> None:
        super().__init__(before=self._before)
        self._moods = moods
        self.open = 0

    @asynccontextmanager
    async def session(self, options: TtsOptions = TtsOptions()) -> AsyncIterator[InstantTtsSession]:
        self.open += 1
        try:
            async with super().session(options) as session:
                self.sessions.clear()
                yield session
        finally:
            self.open -= 1

    async def _before(self, text: str) -> None:
        await self._moods.pause(0.5)
        if self._moods.strikes(0.03):
            raise Overloaded("Hoarse.")


@tool
async def weather(city: str) -> str:
    "Today's weather in a city."
    await asyncio.sleep(0.2)
    return f"sunny in {city}"


def main(port: int, seconds: float, path: Path) -> None:
    moods = Moods(seconds)
    llm, asr, tts = MoodyLlm(moods), MoodyAsr(moods), MoodyTts(moods)
    salon = Salon(
        agents=[Agent("host", llm=llm, asr=asr, tts=tts, tools=[weather])], port=port, udp_port=port, log_level="error"
    )

    @salon.task
    async def tell() -> None:
        late = 0.0  # ms, of the last minute or so
        while True:
            held = {
                "late": round(late),
                "tasks": len(asyncio.all_tasks()),
                "llm": llm.open,
                "asr": asr.open,
                "tts": tts.open,
            }
            new = path.with_suffix(".new")
            new.write_text(json.dumps(held))
            new.replace(path)
            before = time.monotonic()
            await asyncio.sleep(1)
            late = max(late * 0.97, (time.monotonic() - before - 1) * 1000)

    salon.run(lambda urls: print(f"ready {urls[0]}", flush=True))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
