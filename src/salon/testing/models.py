"""A model, a recogniser and a synthesiser that take the time they are told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

from salon.base.chat import Delta, Finished, Message, Options, TextDelta, ToolSpec, Usage
from salon.base.errors import ProviderError
from salon.base.speech import (
    AsrOptions,
    AsrUsage,
    Final,
    Frame,
    Heard,
    Partial,
    Speech,
    Spoken,
    TtsOptions,
    TtsUsage,
    Word,
)
from salon.ports.asr import AsrTraits
from salon.ports.llm import CheckStep, Traits
from salon.ports.tts import TtsTraits
from salon.testing import sounds
from salon.turn.words import BEAT_MS, pieces

Answer = str | ProviderError | Sequence[Delta]
Answers = Sequence[Answer] | Callable[[Sequence[Message]], Answer]


async def _pass(ms: int) -> None:
    if ms:
        await asyncio.sleep(ms / 1000)


class SimulatedLlm:
    """Gives the next of ``answers``, the last one ever after, or what a function makes of the messages. ``asked`` has the
    messages of every request; ``cancelled`` counts those that were not read to their end."""

    def __init__(self, answers: Answers = ("All right.",), *, first_token_ms: int = 200, delta_ms: int = 20) -> None:
        self._answers = answers
        self.first_token_ms = first_token_ms
        self.delta_ms = delta_ms
        self.asked: list[tuple[Message, ...]] = []
        self.cancelled = 0
        self.name = "simulated:llm"
        self.traits = Traits()

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        self.asked.append(tuple(messages))
        given = self._answers
        answer = given(messages) if callable(given) else given[min(len(self.asked), len(given)) - 1]
        whole = False
        try:
            await _pass(self.first_token_ms)
            if isinstance(answer, ProviderError):
                whole = True
                raise answer
            for delta in _words(answer) if isinstance(answer, str) else answer:
                yield delta
                await _pass(self.delta_ms)
            whole = True
            calls = not isinstance(answer, str) and any(not isinstance(delta, TextDelta) for delta in answer)
            yield Finished("tool_calls" if calls else "stop", Usage(10, 10), self.name)
        finally:
            self.cancelled += not whole

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("simulated", True)

    async def aclose(self) -> None:
        return None


def _words(text: str) -> list[TextDelta]:
    """A text in pieces as models write it."""
    cuts = [0, *(piece.start for piece in pieces(text)[1:]), len(text)]
    return [TextDelta(text[start:end]) for start, end in pairwise(cuts) if start < end]


class SimulatedAsr:
    """Hears the words of ``utterances`` as far as their sound reached it: partials while they are spoken, ``delay_ms`` late, and
    the whole ``final_ms`` after the end. An utterance may be an error instead."""

    def __init__(
        self, utterances: list[Utterance], *, partials: bool = True, delay_ms: int = 100, final_ms: int = 60
    ) -> None:
        self.utterances = utterances
        self.delay_ms = delay_ms
        self.final_ms = final_ms
        self.name = "simulated:asr"
        self.traits = AsrTraits(partials=partials)
        self.open = 0

    @asynccontextmanager
    async def session(self, options: AsrOptions = AsrOptions()) -> AsyncIterator[_AsrSession]:
        self.open += 1
        try:
            yield _AsrSession(self)
        finally:
            self.open -= 1

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("simulated", True)

    async def aclose(self) -> None:
        return None


class Utterance:
    """What a person says in ``ms``; ``recognised`` is what a recogniser makes of it."""

    def __init__(self, text: str, ms: int, recognised: str | ProviderError | None = None) -> None:
        self.text = text
        self.frames = max(ms // sounds.FRAME_MS, 1)
        self.recognised = text if recognised is None else recognised

    def until(self, frame: int) -> str:
        """The words that are whole after that frame."""
        if isinstance(self.recognised, ProviderError):
            raise self.recognised
        if frame >= self.frames - 1:
            return self.recognised
        words = pieces(self.recognised)
        left = sum(word.beats for word in words) * (frame + 1) / self.frames
        end = 0
        for word in words:
            left -= word.beats
            if left < 0:
                break
            end = word.end
        return self.recognised[:end]


class _AsrSession:
    def __init__(self, asr: SimulatedAsr) -> None:
        self._asr = asr
        self._frames: dict[int, int] = {}
        self._audio = 0
        self._changed = asyncio.Event()
        self._finished = False

    def push(self, pcm: bytes) -> None:
        self._audio += sounds.FRAME_MS
        if (heard := sounds.person_of(pcm)) is not None:
            self._frames[heard[0]] = max(self._frames.get(heard[0], 0), heard[1])
            self._changed.set()

    def finish(self) -> None:
        self._finished = True
        self._changed.set()

    async def results(self) -> AsyncGenerator[Heard, None]:
        told = ""
        while not self._finished:
            await self._changed.wait()
            self._changed.clear()
            if self._asr.traits.partials and not self._finished and (text := self._text()) != told:
                await _pass(self._asr.delay_ms)
                told = text
                yield Partial(text)
        await _pass(self._asr.final_ms)
        yield Final(self._text(), usage=AsrUsage(self._audio), model=self._asr.name)

    def _text(self) -> str:
        return " ".join(
            text
            for utterance, frame in sorted(self._frames.items())
            if (text := self._asr.utterances[utterance].until(frame))
        )


class SimulatedTts:
    """Speaks at 190 ms a syllable or Chinese character, the first sound ``first_audio_ms`` after the first text. ``words`` False
    keeps the times of words to itself; ``fails`` are texts at which it breaks."""

    def __init__(
        self, *, first_audio_ms: int = 150, words: bool = True, fails: dict[str, ProviderError] | None = None
    ) -> None:
        self.first_audio_ms = first_audio_ms
        self.fails = fails or {}
        self.name = "simulated:tts"
        self.traits = TtsTraits(words=words)
        self.texts: list[str] = []

    @asynccontextmanager
    async def session(self, options: TtsOptions = TtsOptions()) -> AsyncIterator[_TtsSession]:
        self.texts.append("")
        yield _TtsSession(self, len(self.texts) - 1)

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("simulated", True)

    async def aclose(self) -> None:
        return None


class SimulatedTurnDetector:
    """Says the next of ``probabilities`` at each pause, the last one ever after, ``ms`` after it is asked. ``asked`` has how much
    it heard each time, in ms."""

    def __init__(self, *probabilities: float | ProviderError, ms: int = 60) -> None:
        self._probabilities = probabilities or (0.5,)
        self.ms = ms
        self.name = "simulated:turn"
        self.milliseconds = 8000
        self.asked: list[int] = []

    async def warm(self) -> None:
        return None

    async def judge(self, pcm: bytes) -> float:
        said = self._probabilities[min(len(self.asked), len(self._probabilities) - 1)]
        self.asked.append(len(pcm) // 32)
        await _pass(self.ms)
        if isinstance(said, ProviderError):
            raise said
        return said

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("simulated", True)

    async def aclose(self) -> None:
        return None


class _TtsSession:
    def __init__(self, tts: SimulatedTts, number: int) -> None:
        self._tts = tts
        self._number = number
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()

    def push(self, text: str) -> None:
        self._queue.put_nowait(text)

    def finish(self) -> None:
        self._queue.put_nowait(None)

    async def frames(self) -> AsyncGenerator[Frame, None]:
        said, ms = 0, 0
        while (text := await self._queue.get()) is not None:
            if not said:
                await _pass(self._tts.first_audio_ms)
            if (error := next((error for part, error in self._tts.fails.items() if part in text), None)) is not None:
                raise error
            self._tts.texts[self._number] += text
            pcm, words = b"", []
            for piece in pieces(text):
                length = round(piece.beats * BEAT_MS / 20) * 20
                if not piece.is_pause:
                    words.append(Word(text[piece.start : piece.end], ms, ms + length, said + piece.start))
                pcm += sounds.voice(self._number, said + piece.end - 1, length)
                ms += length
            said += len(text)
            yield Speech(pcm, 24_000, tuple(words) if self._tts.traits.words else (), said)
        yield Spoken(TtsUsage(said, ms), self._tts.name)
