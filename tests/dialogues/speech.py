"""A recogniser that knows what is said and takes as long as a real one, and a synthesiser that really speaks, at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

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
from salon.ports.llm import CheckStep
from salon.ports.tts import TtsTraits
from salon.providers.offline import espeak
from salon.sound.resample import Resampler
from tests.dialogues.place import place
from tests.dialogues.room import HEARD_RATE, Room, thinned
from tests.dialogues.room import Word as Said
from tests.dialogues.script import Style
from tests.dialogues.sound import Samples

PARTIAL_MS = (180, 340)
"""From the end of a word until it is told, streaming: what iFlytek's and Volcengine's recognisers take."""
FINAL_MS = (100, 240)
LOOK_MS = 40

_DIGITS_EN = dict(zip("zero one two three four five six seven eight nine".split(), "0123456789", strict=True))  # noqa: SIM905
_DIGITS_ZH = str.maketrans("零一二三四五六七八九", "0123456789")
_MARKS = re.compile(r"[。，！？、.,!?]")
_WIDE = re.compile(r"[\u3400-\u9fff]")


def written(text: str, style: Style, *, final: bool) -> str:
    """What a recogniser of that kind writes for words: some punctuate as one should, some write digits and end whatever they are
    asked to finish with a full stop, some write words only."""
    text = text.strip()
    if not final:
        text = text.rstrip("。，！？、.,!? ")
    if style == "faithful" or not text:
        return text
    if style == "bare":
        return _MARKS.sub("", text).casefold().strip()
    text = re.sub(r"[零一二三四五六七八九]{2,}", lambda found: found[0].translate(_DIGITS_ZH), text)
    words = [_DIGITS_EN.get(word, word) for word in text.split(" ")]
    text = re.sub(r"(?<=\b\d) (?=\d\b)", "", " ".join(words))
    if final and text[-1] not in "。！？.!?":
        text = text.rstrip("，,、 ") + ("。" if _WIDE.search(text) else ".")
    return text


def _spread(bounds: tuple[int, int], seed: int) -> int:
    low, high = bounds
    return low + seed * 37 % (high - low)


@dataclass
class Answer:
    """What was made of one answer: its sound at 8 kHz, and its words with times and places; ``began`` is when it was wanted."""

    began: float
    text: str = ""
    words: list[Word] = field(default_factory=list)
    pieces: list[Samples] = field(default_factory=list)
    length: float = 0.0

    @property
    def samples(self) -> Samples:
        return np.concatenate(self.pieces) if self.pieces else np.zeros(0, np.float32)


@lru_cache(512)
def spoken(text: str, voice: str) -> tuple[bytes, int, tuple[Word, ...], Samples]:
    pcm, rate, words = espeak.speak(text, voice, 1.0)
    resampler = Resampler(rate, HEARD_RATE * 3)
    return pcm, rate, tuple(words), thinned(resampler.push(pcm) + resampler.flush(), 3)


class SpokenTts:
    """espeak-ng without waiting for it; ``words`` says whether the times of words are told. ``answers`` has the truth."""

    def __init__(self, voice: str, now: Callable[[], float], *, words: bool) -> None:
        self.voice = voice
        self.now = now
        self.name = "spoken:tts"
        self.traits = TtsTraits(words=words)
        self.answers: list[Answer] = []

    @asynccontextmanager
    async def session(self, options: TtsOptions = TtsOptions()) -> AsyncIterator[_TtsSession]:
        yield _TtsSession(self)

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("spoken", True)

    async def aclose(self) -> None:
        return None


class _TtsSession:
    def __init__(self, tts: SpokenTts) -> None:
        self._tts = tts
        self._answer = Answer(tts.now())
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()

    def push(self, text: str) -> None:
        self._queue.put_nowait(text)

    def finish(self) -> None:
        self._queue.put_nowait(None)

    async def frames(self) -> AsyncGenerator[Frame, None]:
        answer = self._answer
        while (text := await self._queue.get()) is not None:
            if not answer.text:
                self._tts.answers.append(answer)
            pcm, rate, words, samples = spoken(text, self._tts.voice)
            offset = round(answer.length)
            words = tuple(
                Word(word.text, word.start + offset, word.end + offset, word.at + len(answer.text)) for word in words
            )
            answer.text += text
            answer.words += words
            answer.pieces.append(samples)
            answer.length += len(pcm) / 2 / rate * 1000
            yield Speech(pcm, rate, words if self._tts.traits.words else (), len(answer.text))
        yield Spoken(TtsUsage(len(answer.text), round(answer.length)), self._tts.name)


class AnnotatedAsr:
    """Hears the words of the room whose sound reached it. ``transit`` is ms from the microphone to here, up to ``late`` more on a
    machine that is too busy."""

    def __init__(self, style: Style, room: Room, tts: SpokenTts, *, transit: int = 0, late: int = 0) -> None:
        self.style = style
        self.room = room
        self.tts = tts
        self.transit = transit
        self.late = late
        self.told = 0.0
        """When the last word of a ``Final`` was said: it is not said again."""
        self.name = "annotated:asr"
        self.traits = AsrTraits(partials=True)
        self.open = 0

    @asynccontextmanager
    async def session(self, options: AsrOptions = AsrOptions()) -> AsyncIterator[_AsrSession]:
        self.open += 1
        try:
            yield _AsrSession(self)
        finally:
            self.open -= 1

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("annotated", True)

    async def aclose(self) -> None:
        return None


class _AsrSession:
    def __init__(self, asr: AnnotatedAsr) -> None:
        self._asr = asr
        self._frames = 0
        self._from = float("inf")
        self._until = 0.0
        self._finished = asyncio.Event()
        self._reached: list[Said] = []

    def push(self, pcm: bytes) -> None:
        if self._finished.is_set():
            return
        self._frames += len(pcm) // 640
        self._until = self._asr.room.now()
        # What was kept for the beginning comes in one piece, when the session begins.
        self._from = min(self._from, self._until - self._frames * 20)

    def finish(self) -> None:
        self._finished.set()

    async def results(self) -> AsyncGenerator[Heard, None]:
        asr, told = self._asr, ""
        while not self._finished.is_set():
            try:
                async with asyncio.timeout(LOOK_MS / 1000):
                    await self._finished.wait()
            except TimeoutError:
                if (text := self._text(final=False)) != told:
                    told = text
                    yield Partial(text)
        await asyncio.sleep(_spread(FINAL_MS, self._frames) / 1000)
        text = self._text(final=True)
        asr.told = max((word.end for word in self._reached), default=asr.told)
        yield Final(text, usage=AsrUsage(self._frames * 20), model=asr.name)

    def _text(self, *, final: bool) -> str:
        asr, room = self._asr, self._asr.room
        now = room.now() - asr.transit
        reached = []
        for word in sorted([*room.words, *self._ours()], key=lambda word: word.start):
            middle = (word.start + word.end) / 2
            if not word.text or middle < self._from - asr.transit - asr.late or (asr.late and middle <= asr.told):
                continue
            known = word.end + _spread(PARTIAL_MS, round(word.end - word.start)) <= now
            if word.end - 40 > self._until - asr.transit or not (final or known):
                break
            reached.append(word)
        self._reached = reached
        text = ""
        for word in reached:
            apart = text and text[-1].isalnum() and word.text[0].isascii() and text[-1].isascii()
            text += f" {word.text}" if apart else word.text
        return written(text, asr.style, final=final)

    def _ours(self) -> list[Said]:
        """Words of ours that came back, found in what the loudspeaker played."""
        room, tts, transit = self._asr.room, self._asr.tts, self._asr.transit
        found: list[Said] = []
        for start, end in room.echoed(self._from - transit, self._until - transit):
            answer = tts.answers[-1]
            until = place(room.between(max(start, end - 400), end), answer.samples)
            if until is not None:
                found += [
                    Said(
                        f"{word.text} " if word.text.isascii() else word.text,
                        end - until + word.start,
                        end - until + word.end,
                    )
                    for word in answer.words
                    if until - (end - start) - 60 <= word.start and word.end <= until + 60
                ]
        return found
