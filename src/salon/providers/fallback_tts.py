"""One synthesiser made of several: where one fails, the next speaks what has not been spoken."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import msgspec

from salon.base.errors import BadAnswer, ProviderError
from salon.base.speech import Speech, Spoken, TtsOptions, TtsUsage, Word
from salon.ports.llm import CheckStep
from salon.ports.tts import Tts, TtsSession, TtsTraits
from salon.providers.alongside import alongside
from salon.providers.fallback import Breaker, all_failed, another_may, ignore, in_order, named
from salon.providers.speaking import Script, Speaking
from salon.turn.words import beats

# ms that a slow speaker takes for a beat: a Chinese character, a syllable.
SLOW = 300.0
# A little less is taken to be spoken than a speaker of a known pace has spoken.
CARE = 1.1

log = logging.getLogger("salon.providers")


class FallbackTts:
    """The first of ``ttss`` that speaks.

    One that fails in the middle is followed by the next, which begins where ``Speech.said`` stood, at a whole word: what is
    repeated is at most the clause under way where the house does not tell how far it is, and nothing is left out. One that broke
    off goes on itself, once, behind the others: a connection may be lost where all is well. Voices are a house's own, so a
    voice that was asked for counts for the first of the chain only. Those that failed a short time ago come last. ``now`` gives
    seconds; ``on_failure`` is told of each failure that is not raised.
    """

    def __init__(
        self,
        ttss: Sequence[Tts],
        *,
        now: Callable[[], float] = time.monotonic,
        on_failure: Callable[[str, ProviderError], None] = ignore,
    ) -> None:
        if not ttss:
            raise ValueError("a chain needs a synthesiser")
        self._links = [(tts, Breaker(now)) for tts in ttss]
        self._on_failure = on_failure
        self._pace: dict[str, float] = {}  # ms a beat of those that do not tell how far they are

    @property
    def name(self) -> str:
        """The first one's. Who spoke is in ``Spoken.model``."""
        return self._links[0][0].name

    @property
    def traits(self) -> TtsTraits:
        """Those of the first: what happens when all is well."""
        return self._links[0][0].traits

    def session(self, options: TtsOptions = TtsOptions()) -> Speaking:
        return Speaking(lambda script: self._speak(script, options))

    async def _speak(self, script: Script, options: TtsOptions) -> Spoken:
        prompter = _Prompter(script)
        errors: dict[str, ProviderError] = {}
        left = deque(in_order(self._links))
        while left:
            tts, breaker = left.popleft()
            breaker.begin()
            prompter.pace = self._pace.get(tts.name, SLOW)
            mine = options if tts is self._links[0][0] else msgspec.structs.replace(options, voice="")
            try:
                async with (
                    tts.session(mine) as session,
                    alongside(prompter.prompt(session)),
                    aclosing(session.frames()) as frames,
                ):
                    async for frame in frames:
                        if isinstance(frame, Spoken):
                            breaker.succeeded()
                            if not errors and (pace := prompter.measured):
                                self._pace[tts.name] = pace
                            return Spoken(TtsUsage(script.characters, script.milliseconds), frame.model)
                        await prompter.spoke(frame)
            except ProviderError as error:
                if not another_may(error):
                    raise
                breaker.failed()
                if isinstance(error, BadAnswer) and not errors:
                    left.append((tts, breaker))
                errors.setdefault(tts.name, error)
                log.warning("%s failed, the next synthesiser goes on: %s", tts.name, error.message)
                self._on_failure(tts.name, error)
            finally:
                breaker.end()
        raise all_failed(list(errors.items()))

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        """The steps of each, with its name in front where there are several."""
        for tts, _ in self._links:
            async for step in tts.check():
                yield named(step, tts.name, self._links)

    async def aclose(self) -> None:
        for tts, _ in self._links:
            await tts.aclose()


class _Prompter:
    """Knows the text, piece by piece, and how much of it has been spoken.

    ``_from`` and ``_since`` are the place in the text and the ms of audio at which the present synthesiser began. ``pace`` is the
    ms that it takes for a beat.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._pieces: list[str] = []
        self._said = 0
        self._from = self._since = 0
        self._told = False
        self.pace = SLOW

    @property
    def measured(self) -> float:
        """The pace at which all of it was spoken; 0 where the house tells by itself how far it is."""
        spoken = beats("".join(self._pieces))
        return self._script.milliseconds / spoken * CARE if spoken and not self._told else 0.0

    async def prompt(self, session: TtsSession) -> None:
        text = "".join(self._pieces)
        while (
            0 < self._said < len(text)
            and (around := text[self._said - 1 : self._said + 1]).isalnum()
            and around.isascii()
        ):
            self._said -= 1
        self._from, self._since = self._said, self._script.milliseconds
        at = 0
        for piece in self._pieces:
            # Piece by piece as they came, since a house may pause between them.
            session.push(piece[max(self._said - at, 0) :])
            at += len(piece)
        while piece := await self._script.read():
            self._pieces.append(piece)
            session.push(piece)
        session.finish()

    async def spoke(self, speech: Speech) -> None:
        words = tuple(
            Word(word.text, word.start + self._since, word.end + self._since, word.at + self._from)
            for word in speech.words
        )
        said = None if speech.said is None else speech.said + self._from
        await self._script.say(Speech(speech.pcm, speech.rate, words, said))
        # The very end tells nothing of how far it is in the middle.
        self._told = self._told or (said is not None and said < sum(map(len, self._pieces)))
        self._said = max(self._said, self._over() if said is None else said)

    def _over(self) -> int:
        """Where a house does not tell how far it is: the end of the last piece that it has certainly finished by now."""
        left, at, over = float(self._script.milliseconds - self._since), 0, self._from
        for piece in self._pieces:
            at += len(piece)
            if at <= self._from:
                continue
            left -= beats(piece) * self.pace
            if left < 0:
                break
            over = at
        return over
