"""espeak-ng as a synthesiser."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor

from salon.base.errors import ProviderError
from salon.base.speech import SAMPLE, Speech, Spoken, TtsOptions, TtsUsage, Word
from salon.ports.llm import CheckStep
from salon.ports.tts import TtsTraits
from salon.providers.offline import espeak
from salon.providers.speaking import Script, Speaking

NAME = "offline:espeak"
# Characters that are spoken at one go, and ms of audio that are handed over at a time.
MOST_AT_ONCE = 400
CHUNK = 400
# One for the process: the library can do one thing at a time.
_thread = ThreadPoolExecutor(1, "espeak")

_CJK = re.compile(r"[\u3001\u3002\u3400-\u9fff\uf900-\ufaff\uff01-\uff1f]")
# Languages of espeak-ng that read Chinese characters; every other one spells them out by their code.
_READ_HAN = frozenset(("cmn", "yue", "hak", "nan", "zh", "ja", "ko"))
_ENDS = re.compile(r".+?(?:[.!?;:。！？；：\n]+[”’\")）]*\s*|$)", re.DOTALL)


class EspeakTts:
    """A voice that everybody recognises as a machine's; Chinese, English and a hundred more languages."""

    @property
    def name(self) -> str:
        return NAME

    @property
    def traits(self) -> TtsTraits:
        return TtsTraits(voices=("en-us", "en", "cmn", "yue"), words=True, note="a robot's voice, made on this machine")

    def session(self, options: TtsOptions = TtsOptions()) -> Speaking:
        return Speaking(lambda script: _speak(script, options))

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        try:
            pcm, rate, words = await _spoken("Hello. 你好。", "cmn", 1.0)
        except ProviderError as error:
            yield CheckStep("speak", False, error.message, error.advice)
            return
        seconds = len(pcm) / SAMPLE / rate
        yield CheckStep("speak", True, f"{seconds:.1f} s of speech, {len(words)} words; {self.traits.note}")

    async def aclose(self) -> None:
        """There is nothing to give back."""


async def _speak(script: Script, options: TtsOptions) -> Spoken:
    at, start = 0, 0  # characters before this piece, samples before this piece
    voice = ""
    while piece := await script.read():
        for place, part in _parts(piece):
            voice = _voice(part, options, voice)
            pcm, rate, words = await _spoken(part, voice, options.speed)
            offset = start * 1000 // rate
            await _hand_over(
                script, pcm, rate, [_moved(word, offset, at + place) for word in words], offset, at + place
            )
            start += len(pcm) // SAMPLE
        at += len(piece)
    return Spoken(TtsUsage(script.characters, script.milliseconds), NAME)


async def _hand_over(script: Script, pcm: bytes, rate: int, words: list[Word], begins: int, at: int) -> None:
    """In chunks, each with the words that begin in it, and with how far the text is said."""
    size = rate * CHUNK // 1000 * SAMPLE
    left = list(words)
    for place in range(0, len(pcm), size):
        chunk = pcm[place : place + size]
        until = begins + (place + len(chunk)) // SAMPLE * 1000 // rate
        last = place + size >= len(pcm)
        count = len(left) if last else sum(word.start < until for word in left)
        now, left = tuple(left[:count]), left[count:]
        spoken = [word for word in words if word.end <= until]
        said = spoken[-1].at + len(spoken[-1].text) if spoken else at
        await script.say(Speech(chunk, rate, now, said))


async def _spoken(text: str, voice: str, speed: float) -> tuple[bytes, int, list[Word]]:
    return await asyncio.get_running_loop().run_in_executor(_thread, espeak.speak, text, voice, speed)


def _moved(word: Word, milliseconds: int, characters: int) -> Word:
    return Word(word.text, word.start + milliseconds, word.end + milliseconds, word.at + characters)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Sentences with their places; those without a letter or a digit are nothing to speak."""
    for found in _ENDS.finditer(text):
        sentence = found[0]
        for place in range(0, len(sentence), MOST_AT_ONCE):
            part = sentence[place : place + MOST_AT_ONCE]
            if any(each.isalnum() for each in part):
                yield found.start() + place, part


def _voice(text: str, options: TtsOptions, before: str) -> str:
    """The voice that was asked for, else the language's, else the one of the text's script: of numbers alone, the one ``before``.
    Mandarin also reads Latin words; a voice that cannot read Chinese gives way to it where there is some, and keeps its variant
    (``en+f3``, ``cmn+f3``)."""
    language = options.language.lower()
    spoken, plus, variant = options.voice.partition("+")
    if options.voice and spoken.partition("-")[0] in _READ_HAN:
        return options.voice
    if not options.voice and language and not language.startswith(("zh", "en")):
        return language.partition("-")[0]
    if before and not any(each.isalpha() for each in text):
        return before
    if _CJK.search(text):
        return ("yue" if language in ("zh-hk", "zh-yue") else "cmn") + plus + variant
    return options.voice or ("en" if language == "en-gb" else "en-us")
