"""A recogniser and a synthesiser that take no time: for tests of what stands above them, and for benchmarks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from salon.base.errors import ProviderError
from salon.base.speech import (
    ASR_RATE,
    SAMPLE,
    AsrOptions,
    AsrUsage,
    Final,
    Frame,
    Heard,
    Speech,
    Spoken,
    TtsOptions,
    TtsUsage,
    Word,
)
from salon.ports.asr import AsrTraits
from salon.ports.llm import CheckStep
from salon.ports.tts import TtsTraits

#: What one character sounds as long as, in ms.
CHARACTER = 60


class InstantAsr:
    """Hears the next of ``lines`` in every session, whatever is said; the last one ever after.

    A line is the text of the ``Final``, or a sequence of what comes in order: ``Partial``, ``Final``, an event to wait for, an
    error. It begins once ``finish`` was called or, for a sequence, once there is audio. ``sessions`` has every session so far.
    """

    def __init__(
        self, *lines: str | Sequence[Heard | asyncio.Event | ProviderError], name: str = "instant:asr"
    ) -> None:
        self.lines = list(lines) or [""]
        self.name = name
        self.traits = AsrTraits()
        self.sessions: list[InstantAsrSession] = []
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def session(self, options: AsrOptions = AsrOptions()) -> AsyncIterator[InstantAsrSession]:
        line = self.lines[min(len(self.sessions), len(self.lines) - 1)]
        session = InstantAsrSession(line, options, self.name)
        self.sessions.append(session)
        self.opened.set()
        try:
            yield session
        finally:
            session.closed = True

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("instant", True)

    async def aclose(self) -> None:
        return None


class InstantAsrSession:
    def __init__(
        self, line: str | Sequence[Heard | asyncio.Event | ProviderError], options: AsrOptions, name: str
    ) -> None:
        self._line = line
        self._name = name
        self.options = options
        self.audio = bytearray()
        self.began = asyncio.Event()
        self.finished = asyncio.Event()
        self.closed = False

    def push(self, pcm: bytes) -> None:
        if not self.finished.is_set() and not self.closed:
            self.audio += pcm
            self.began.set()

    def finish(self) -> None:
        self.began.set()
        self.finished.set()

    async def results(self) -> AsyncGenerator[Heard, None]:
        if isinstance(self._line, str):
            await self.finished.wait()
            usage = AsrUsage(len(self.audio) * 1000 // (SAMPLE * ASR_RATE))
            yield Final(self._line, usage=usage, model=self._name)
            return
        await self.began.wait()
        for step in self._line:
            if isinstance(step, asyncio.Event):
                await step.wait()
            elif isinstance(step, ProviderError):
                raise step
            else:
                yield step


class InstantTts:
    """Speaks every character for 60 ms of a steady tone, words with their exact times.

    ``before`` is called with each piece of text before it is spoken, and may wait or raise. ``sessions`` has every session.
    """

    def __init__(
        self,
        *,
        rate: int = 24_000,
        words: bool = True,
        name: str = "instant:tts",
        before: Callable[[str], object] | None = None,
    ) -> None:
        self.name = name
        self.rate = rate
        self.traits = TtsTraits(voices=("tone",), words=words)
        self.before = before
        self.marks = True  # whether it tells how far it is
        self.sessions: list[InstantTtsSession] = []
        self.opened = asyncio.Event()

    @asynccontextmanager
    async def session(self, options: TtsOptions = TtsOptions()) -> AsyncIterator[InstantTtsSession]:
        session = InstantTtsSession(self, options)
        self.sessions.append(session)
        self.opened.set()
        try:
            yield session
        finally:
            session.closed = True

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("instant", True)

    async def aclose(self) -> None:
        return None


class InstantTtsSession:
    def __init__(self, tts: InstantTts, options: TtsOptions) -> None:
        self._tts = tts
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self.options = options
        self.text = ""
        self.finished = False
        self.closed = False

    def push(self, text: str) -> None:
        if text and not self.finished and not self.closed:
            self.text += text
            self._queue.put_nowait(text)

    def finish(self) -> None:
        if not self.finished:
            self.finished = True
            self._queue.put_nowait(None)

    async def frames(self) -> AsyncGenerator[Frame, None]:
        said = 0
        while (text := await self._queue.get()) is not None:
            if self._tts.before is not None:
                waits = self._tts.before(text)
                if asyncio.iscoroutine(waits):
                    await waits
            words = tuple(_words(text, said)) if self._tts.traits.words else ()
            said += len(text)
            told = said if self._tts.marks else None
            yield Speech(tone(len(text) * CHARACTER, self._tts.rate), self._tts.rate, words, told)
        yield Spoken(TtsUsage(said, said * CHARACTER), self._tts.name)


def _words(text: str, at: int) -> list[Word]:
    """Words between spaces, each CJK character one."""
    found: list[Word] = []
    begun = -1
    for place, each in enumerate(text + " "):
        wide = "\u3400" <= each <= "\u9fff"
        if begun >= 0 and (wide or each.isspace()):
            found.append(_word(text[begun:place], at + begun))
            begun = -1
        if wide:
            found.append(_word(each, at + place))
        elif begun < 0 and not each.isspace():
            begun = place
    return found


def _word(text: str, at: int) -> Word:
    return Word(text, at * CHARACTER, (at + len(text)) * CHARACTER, at)


_period = [0, 5000, 8000, 5000, 0, -5000, -8000, -5000]


def tone(milliseconds: int, rate: int) -> bytes:
    """A tone an eighth of the rate high; made once for each length."""
    if (milliseconds, rate) not in _tones:
        period = b"".join(value.to_bytes(2, "little", signed=True) for value in _period)
        size = milliseconds * rate // 1000 * SAMPLE
        _tones[milliseconds, rate] = (period * (size // len(period) + 1))[:size]
    return _tones[milliseconds, rate]


_tones: dict[tuple[int, int], bytes] = {}
