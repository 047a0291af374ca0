"""An answer spoken while it is still being written: text to clauses, clauses to a synthesiser, sound with its words.

The words of a clause are handed on when its sound begins, so that a transcript never has words that nobody could hear.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

from salon.base.chat import Delta, Finished, TextDelta
from salon.base.errors import BadAnswer, ProviderError
from salon.base.speech import Speech, TtsOptions
from salon.ports.tts import Tts, TtsSession
from salon.sound.pcm import leading_silence, milliseconds
from salon.sound.resample import Resampler
from salon.turn.actions import Ask
from salon.turn.playout import Playout
from salon.turn.sentences import Cutter
from salon.turn.speakable import Speakable
from salon.turn.spoken import Sound

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

RATE = 24_000
# The voices of OpenAI, which stock clients ask for: elsewhere they mean "yours".
STOCK_VOICES = frozenset("alloy ash ballad coral echo fable nova onyx sage shimmer verse marin cedar".split())  # noqa: SIM905 a list to read


class Mouth:
    """``first_text`` is called when the model begins an answer that is to be spoken."""

    def __init__(self, tts: Tts, spawn: Spawn, *, first_text: Callable[[], None] = lambda: None) -> None:
        self._tts = tts
        self._spawn = spawn
        self._first_text = first_text

    async def speak(self, ask: Ask, deltas: AsyncGenerator[Delta, None]) -> AsyncGenerator[Delta | Sound, None]:
        """The deltas of an answer, each piece of text followed by its ``Sound``. Deltas that are not text follow the sound that
        was said before them. Raises ``ProviderError``, of the model or the synthesiser."""
        answer = _Answer(self._first_text)
        async with self._tts.session(self._options(ask)) as session:
            # Not in a task group of its own: leaving a generator in the middle would come out of that as a group of errors.
            reader = self._spawn(answer.read(deltas, session))
            try:
                async with aclosing(session.frames()) as frames:
                    async for frame in frames:
                        if isinstance(frame, Speech):
                            for each in answer.heard(frame):
                                yield each
                if (tail := answer.tail()) is not None:
                    yield tail
                await reader
            finally:
                reader.cancel()
        for each in answer.rest():
            yield each
        if answer.failure is not None:
            raise answer.failure
        for delta in answer.others:
            yield delta

    def _options(self, ask: Ask) -> TtsOptions:
        known = self._tts.traits.voices
        voice = ask.voice if ask.voice in known or ask.voice not in STOCK_VOICES else ""
        return TtsOptions(voice=voice, speed=ask.speed)


class _Answer:
    def __init__(self, first_text: Callable[[], None]) -> None:
        self._first_text = first_text
        self._cutter = Cutter()
        self._speakable = Speakable()
        self._playout = Playout()
        # Clauses whose sound has not begun: the place of each in what was given to the synthesiser, and its text.
        self._waiting: deque[tuple[int, str]] = deque()
        self._given = 0
        self._resampler: Resampler | None = None
        self._rate = 0
        self._begun = False
        self.others: list[Delta] = []
        self.failure: ProviderError | None = None

    async def read(self, deltas: AsyncGenerator[Delta, None], session: TtsSession) -> None:
        """The model's side. Never raises: what fails is told when all that was said has been heard."""
        begun = False
        try:
            async with aclosing(deltas):
                async for delta in deltas:
                    if not isinstance(delta, TextDelta):
                        self.others.append(delta)
                        if isinstance(delta, Finished):
                            break
                        continue
                    if not begun:
                        begun = True
                        self._first_text()
                    for clause in self._cutter.push(delta.text):
                        self._give(clause, session)
                else:
                    self.failure = BadAnswer("The model's answer ended without saying that it was finished.")
        except ProviderError as error:
            self.failure = error
        except Exception:
            self.failure = ProviderError("The model could not be used: an error inside the server.")
        if rest := self._cutter.flush():
            self._give(rest, session)
        session.finish()

    def heard(self, speech: Speech) -> list[Delta | Sound]:
        """What comes of a piece of sound: the words that begin in it, then the sound."""
        pcm = speech.pcm
        if not self._begun:
            silent = leading_silence(pcm, speech.rate)
            self._playout.trim(silent * 500 / speech.rate)
            pcm = pcm[silent:]
            if not pcm:
                return []
            self._begun = True
        found: list[Delta | Sound] = []
        while self._waiting and (speech.said is None or self._waiting[0][0] < speech.said):
            found.append(TextDelta(self._waiting.popleft()[1]))
        if self._resampler is None or speech.rate != self._rate:
            self._resampler, self._rate = Resampler(speech.rate, RATE), speech.rate
        pcm = self._resampler.push(pcm)
        self._playout.sound(milliseconds(pcm, RATE), speech.words, speech.said)
        if pcm:
            found.append(Sound(pcm, self._playout))
        return found

    def tail(self) -> Sound | None:
        pcm = self._resampler.flush() if self._resampler is not None else b""
        self._playout.sound(milliseconds(pcm, RATE))
        self._playout.finish()
        return Sound(pcm, self._playout) if pcm else None

    def rest(self) -> list[Delta]:
        """Text that had no sound."""
        rest: list[Delta] = [TextDelta(text) for _, text in self._waiting]
        self._waiting.clear()
        return rest

    def _give(self, clause: str, session: TtsSession) -> None:
        said = self._speakable.say(clause)
        spoken = said.text
        self._playout.clause(clause, said)
        self._waiting.append((self._given, clause))
        self._given += len(spoken)
        if spoken:
            session.push(spoken)
