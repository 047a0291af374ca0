"""PocketSphinx as a recogniser of a few phrases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np

from salon.base.errors import Overloaded, ProviderError
from salon.base.speech import ASR_RATE, SAMPLE, AsrOptions, AsrUsage, Final, Partial
from salon.ports.asr import AsrTraits
from salon.ports.llm import CheckStep
from salon.providers.listening import BYTES_PER_MS, Listening, Microphone
from salon.providers.offline import espeak, phrases
from salon.sound.resample import Resampler

try:
    import pocketsphinx
except ImportError:
    pocketsphinx = None

T = TypeVar("T")

NAME = "offline:pocketsphinx"
NOTE = "hears only the phrases that the demonstration model understands: English, and some Chinese by English sounds"
# Sessions at one time. Each has a decoder of its own: some 20 MB, and 3 % of a core while somebody speaks.
MOST = 8
# Bytes that the decoder is given at a time: 100 ms. Between two of them another thread may run.
STEP = 100 * BYTES_PER_MS
# ms of silence after the last word, which lets it end.
SILENCE = 300
# The noise of a quiet room, some 64 dB below full scale.
NOISE = 20
_threads = ThreadPoolExecutor(2, "pocketsphinx")


def is_installed() -> bool:
    return pocketsphinx is not None


class SphinxAsr:
    """Tells which of a list of phrases was said. Decoders are made when they are first needed, and kept."""

    def __init__(self) -> None:
        self._free: dict[str, list[_Decoder]] = {}
        self._busy = 0

    @property
    def name(self) -> str:
        return NAME

    @property
    def traits(self) -> AsrTraits:
        return AsrTraits(languages=("en", "zh"), longest=60_000, note=NOTE)

    def session(self, options: AsrOptions = AsrOptions()) -> Listening:
        return Listening(lambda microphone: self._listen(microphone, options))

    async def _listen(self, microphone: Microphone, options: AsrOptions) -> Final:
        language = options.language.partition("-")[0].lower()
        if language not in phrases.PHRASES:
            language = ""
        if self._busy >= MOST:
            raise Overloaded(
                f"PocketSphinx is hearing {MOST} people already.",
                house=espeak.HOUSE,
                advice="Connect a real recogniser.",
            )
        self._busy += 1
        try:
            free = self._free.setdefault(language, [])
            decoder = free.pop() if free else await _on_thread(_Decoder, language)
            heard = await self._hear(decoder, microphone)
        finally:
            self._busy -= 1
        # One that was given up in the middle is not used again: its thread may still be at work.
        free.append(decoder)
        said = heard if phrases.is_whole(heard) else ""
        usage = AsrUsage(microphone.milliseconds)
        return Final(phrases.written(said), language=phrases.language_of(said), usage=usage, model=NAME)

    async def _hear(self, decoder: _Decoder, microphone: Microphone) -> str:
        told, decoded = "", 0
        await _on_thread(decoder.start)
        while pcm := await microphone.read():
            for place in range(0, len(pcm), STEP):
                step = pcm[place : place + STEP]
                decoded += len(step)
                if decoded > self.traits.longest * BYTES_PER_MS:
                    continue  # no phrase is so long: what is more would only be computed
                said = await _on_thread(decoder.decode, step)
                if said and said != told:
                    told = said
                    microphone.tell(Partial(phrases.written(said)))
        return await _on_thread(decoder.end)

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        """Hear what espeak-ng says, where it is here."""
        if not espeak.is_installed():
            yield CheckStep("hear", True, f"not tried, since espeak-ng is not here to speak; it {NOTE}")
            return
        try:
            pcm, rate, _ = await _on_thread(espeak.speak, "what time is it", "en-us", 1.0)
            async with self.session(AsrOptions(language="en")) as session:
                session.push(Resampler(rate, ASR_RATE).push(pcm))
                session.finish()
                results = [heard async for heard in session.results()]
        except ProviderError as error:
            yield CheckStep("hear", False, error.message, error.advice)
            return
        yield CheckStep("hear", True, f'"{results[-1].text}"; it {NOTE}')

    async def aclose(self) -> None:
        self._free.clear()


async def _on_thread(work: Callable[..., T], *given: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads, work, *given)


class _Decoder:
    """PocketSphinx, told to listen for the phrases of a language (empty: of all). To be called on a thread."""

    def __init__(self, language: str) -> None:
        # Narrower beams lose Chinese.
        self._sphinx = pocketsphinx.Decoder(
            samprate=ASR_RATE, loglevel="FATAL", lm=None, beam=1e-60, wbeam=1e-50, pbeam=1e-60
        )
        self._heard = bytearray()
        self._noise = np.random.default_rng(1)
        if language != "en":
            for word, ways in phrases.pronunciations().items():
                for number, sounds in enumerate(ways, 1):
                    self._sphinx.add_word(word if number == 1 else f"{word}({number})", sounds, False)
        self._sphinx.add_jsgf_string("salon", phrases.grammar(language))
        self._sphinx.activate_search("salon")

    def start(self) -> None:
        self._heard.clear()
        self._sphinx.start_utt()

    def decode(self, pcm: bytes) -> str:
        """What was said so far."""
        breathed = self._breathed(pcm)
        self._heard += breathed
        self._sphinx.process_raw(breathed, False, False)
        return self._said()

    def end(self) -> str:
        """What was said. The whole is heard once more, 30 ms of work for each second: knowing it to the end, the decoder levels
        voice and microphone out, which it cannot do as well while they come."""
        self._sphinx.end_utt()
        whole = bytes(self._heard + self._breathed(bytes(SILENCE * BYTES_PER_MS)))
        self._sphinx.start_utt()
        self._sphinx.process_raw(whole, False, True)
        self._sphinx.end_utt()
        return self._said()

    def _said(self) -> str:
        best = self._sphinx.hyp()
        return str(best.hypstr) if best else ""

    def _breathed(self, pcm: bytes) -> bytes:
        """With a little noise, of which a room is never without: digital silence has no spectrum, and upsets all that follows
        it."""
        samples = np.frombuffer(pcm[: len(pcm) // SAMPLE * SAMPLE], dtype="<i2")
        noisy = samples + self._noise.normal(0, NOISE, samples.size)
        return np.clip(noisy, -32768, 32767).astype("<i2").tobytes()
