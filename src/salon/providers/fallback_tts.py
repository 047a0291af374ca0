"""One synthesiser made of several: where one fails, the next speaks what has not been spoken."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

import msgspec

from salon.base.errors import ProviderError
from salon.base.speech import Speech, Spoken, TtsOptions, TtsUsage, Word
from salon.ports.llm import CheckStep
from salon.ports.tts import Tts, TtsSession, TtsTraits
from salon.providers.alongside import alongside
from salon.providers.fallback import Breaker, all_failed, another_may, ignore, in_order
from salon.providers.speaking import Script, Speaking

# ms that a slow speaker takes for a Chinese character, and for a letter.
WIDE, NARROW = 300, 100

log = logging.getLogger("salon.providers")


class FallbackTts:
    """The first of ``ttss`` that speaks.

    One that fails in the middle is followed by the next, which begins where ``Speech.said`` stood: what is repeated is at most
    the clause under way, or a few clauses where the house does not tell how far it is; nothing is left out. Voices are a
    house's own, so a voice that was asked for counts for the first of the chain only. Those that failed a short time ago come
    last. ``now`` gives seconds; ``on_failure`` is told of each failure that is not raised.
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
        errors: list[tuple[str, ProviderError]] = []
        for tts, breaker in in_order(self._links):
            breaker.begin()
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
                            return Spoken(TtsUsage(script.characters, script.milliseconds), frame.model)
                        await prompter.spoke(frame)
            except ProviderError as error:
                if not another_may(error):
                    raise
                breaker.failed()
                errors.append((tts.name, error))
                log.warning("%s failed, the next synthesiser goes on: %s", tts.name, error.message)
                self._on_failure(tts.name, error)
            finally:
                breaker.end()
        raise all_failed(errors)

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        """The steps of each, with its name in front."""
        for tts, _ in self._links:
            async for step in tts.check():
                yield CheckStep(f"{tts.name} {step.name}", step.ok, step.detail, step.advice)

    async def aclose(self) -> None:
        for tts, _ in self._links:
            await tts.aclose()


class _Prompter:
    """Knows the text, piece by piece, and how much of it has been spoken.

    ``_from`` and ``_since`` are the place in the text and the ms of audio at which the present synthesiser began.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self._pieces: list[str] = []
        self._said = 0
        self._from = self._since = 0

    async def prompt(self, session: TtsSession) -> None:
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
        self._said = max(self._said, self._over() if said is None else said)

    def _over(self) -> int:
        """Where a house does not tell how far it is: the end of the last piece that even a slow speaker has finished by now."""
        left, at, over = self._script.milliseconds - self._since, 0, self._from
        for piece in self._pieces:
            at += len(piece)
            if at <= self._from:
                continue
            left -= sum(WIDE if each >= "\u2e80" else NARROW for each in piece)
            if left < 0:
                break
            over = at
        return over
