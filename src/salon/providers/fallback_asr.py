"""One recogniser made of several: where one fails, the next hears the utterance from its beginning."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from salon.base.errors import BadAnswer, ProviderError
from salon.base.speech import AsrOptions, Final
from salon.ports.asr import Asr, AsrSession, AsrTraits
from salon.ports.llm import CheckStep
from salon.providers.alongside import alongside
from salon.providers.fallback import Breaker, all_failed, another_may, ignore, in_order, named
from salon.providers.listening import BYTES_PER_MS, Listening, Microphone

log = logging.getLogger("salon.providers")

#: Bytes of an utterance that are kept for the next recogniser: two minutes. After that a failure is a failure.
MOST_KEPT = 120_000 * BYTES_PER_MS


class FallbackAsr:
    """The first of ``asrs`` that understands the utterance.

    What was said so far is kept, and played to the next one as fast as it takes it, so that nobody has to say anything twice.
    Partials of the one that failed are replaced by the next one's. One that broke off is asked once more, behind the others: a
    connection may be lost where all is well. Those that failed a short time ago come last. ``now`` gives
    seconds; ``on_failure`` is told of each failure that is not raised, with the recogniser's name. When all fail, the first
    one's error is raised, and its message tells about each.
    """

    def __init__(
        self,
        asrs: Sequence[Asr],
        *,
        now: Callable[[], float] = time.monotonic,
        on_failure: Callable[[str, ProviderError], None] = ignore,
    ) -> None:
        if not asrs:
            raise ValueError("a chain needs a recogniser")
        self._links = [(asr, Breaker(now)) for asr in asrs]
        self._on_failure = on_failure

    @property
    def name(self) -> str:
        """The first one's. Who heard is in ``Final.model``."""
        return self._links[0][0].name

    @property
    def traits(self) -> AsrTraits:
        """Those of the first: what happens when all is well."""
        return self._links[0][0].traits

    def session(self, options: AsrOptions = AsrOptions()) -> Listening:
        return Listening(lambda microphone: self._listen(microphone, options))

    async def _listen(self, microphone: Microphone, options: AsrOptions) -> Final:
        kept = bytearray()
        errors: dict[str, ProviderError] = {}
        left = deque(in_order(self._links))
        while left:
            asr, breaker = left.popleft()
            breaker.begin()
            try:
                async with (
                    asr.session(options) as session,
                    alongside(_play(session, microphone, kept)),
                    aclosing(session.results()) as results,
                ):
                    async for heard in results:
                        if isinstance(heard, Final):
                            breaker.succeeded()
                            return heard
                        microphone.tell(heard)
            except ProviderError as error:
                if microphone.overrun or len(kept) > MOST_KEPT or not another_may(error):
                    raise
                breaker.failed()
                if isinstance(error, BadAnswer) and not errors:
                    left.append((asr, breaker))
                errors.setdefault(asr.name, error)
                log.warning("%s failed, the next recogniser hears it: %s", asr.name, error.message)
                self._on_failure(asr.name, error)
            finally:
                breaker.end()
        raise all_failed(list(errors.items()))

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        """The steps of each, with its name in front where there are several."""
        for asr, _ in self._links:
            async for step in asr.check():
                yield named(step, asr.name, self._links)

    async def aclose(self) -> None:
        for asr, _ in self._links:
            await asr.aclose()


async def _play(session: AsrSession, microphone: Microphone, kept: bytearray) -> None:
    """What was kept, then what comes, which is kept too."""
    if kept:
        session.push(bytes(kept))
    while pcm := await microphone.read():
        if len(kept) <= MOST_KEPT:
            kept += pcm
        session.push(pcm)
    session.finish()
