"""Who must keep the contract of a recogniser, and how each is brought to do what a test needs.

A new implementation joins by one function here and one line in ``SUBJECTS``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from salon.base.speech import ASR_RATE
from salon.ports.asr import Asr
from salon.providers.fallback_asr import FallbackAsr
from salon.providers.offline import house as offline
from salon.providers.offline.espeak import speak
from salon.providers.openai import openai
from salon.providers.spark import house as spark
from salon.providers.volcengine import house as volcengine
from salon.sound.resample import Resampler
from tests.fakes.iflytek_server import FAULTS, KEYS, iflytek_server
from tests.fakes.openai_audio_server import ASR_FAULTS as audio_faults
from tests.fakes.openai_audio_server import KEY as audio_key
from tests.fakes.openai_audio_server import audio_server
from tests.fakes.uttered import uttered
from tests.fakes.volcengine_server import FAULTS as volcengine_faults
from tests.fakes.volcengine_server import volcengine_server


async def _at_once() -> None:
    return None


@dataclass
class Subject:
    """A recogniser under test.

    ``hasty`` is the same with little patience. ``utter`` makes the sound of a text. ``chinese`` and ``english`` are texts that
    it understands. ``stranger`` is the same with a wrong key, which has "secret" in it.
    ``faults`` are texts which the house answers badly, ``silent`` one that it never answers. ``live``: the house
    hears while somebody speaks. ``busy`` returns once it hears somebody, ``idle`` when it hears nobody any more.
    """

    asr: Asr
    hasty: Asr
    stranger: Asr | None = None
    utter: Callable[[str], bytes] = uttered
    chinese: str = "你好，今天天气怎么样？"
    english: str = "hello, what time is it"
    faults: tuple[str, ...] = ()
    silent: str = ""
    live: bool = True
    busy: Callable[[], Awaitable[object]] = field(default=_at_once)
    idle: Callable[[], Awaitable[object]] = field(default=_at_once)


def spoken(text: str) -> bytes:
    """By espeak-ng."""
    pcm, rate, _ = speak(text, "cmn" if text[0] > "\u3400" else "en-us", 1.0)
    return bytes(6400) + Resampler(rate, ASR_RATE).push(pcm) + bytes(6400)


@asynccontextmanager
async def pocketsphinx() -> AsyncIterator[Subject]:
    asr = offline.asr("", {})
    yield Subject(asr, asr, utter=spoken, chinese="现在几点", english="what time is it")
    await asr.aclose()


@asynccontextmanager
async def iflytek(model: str) -> AsyncIterator[Subject]:
    async with iflytek_server() as server:
        settings = {**KEYS, "speech_url": server.url}
        asr = spark.asr(model, settings)
        hasty = spark.asr(model, {**settings, "final_timeout": 0.2})
        stranger = spark.asr(model, {**settings, "api_secret": "wrong-secret"})
        yield Subject(asr, hasty, stranger, faults=FAULTS, silent="stall", busy=server.busy.wait, idle=server.idle.wait)
        await asr.aclose()


@asynccontextmanager
async def volcengine_sauc(packed: bool) -> AsyncIterator[Subject]:
    async with volcengine_server() as server:
        server.packed = packed
        asr = volcengine.asr("", server.settings)
        hasty = volcengine.asr("", {**server.settings, "final_timeout": 0.2})
        stranger = volcengine.asr("", {**server.settings, "api_key": "wrong-secret"})
        yield Subject(
            asr, hasty, stranger, faults=volcengine_faults, silent="stall", busy=server.busy.wait, idle=server.idle.wait
        )
        await asr.aclose()


@asynccontextmanager
async def transcriptions(streams: bool) -> AsyncIterator[Subject]:
    async with audio_server(streams=streams) as server:
        settings = {"api_key": audio_key, "base_url": server.url}
        asr, hasty = openai.asr("", settings), openai.asr("", {**settings, "final_timeout": 0.2})
        stranger = openai.asr("", {**settings, "api_key": "wrong-secret"})
        yield Subject(
            asr,
            hasty,
            stranger,
            faults=audio_faults,
            silent="stall",
            live=False,
            busy=server.busy.wait,
            idle=server.idle.wait,
        )
        await asr.aclose()
        await hasty.aclose()
        await stranger.aclose()


@asynccontextmanager
async def chain() -> AsyncIterator[Subject]:
    """One that cannot be reached, and one that hears."""
    async with iflytek_server() as server:
        gone = spark.asr("iat", {**KEYS, "speech_url": "ws://127.0.0.1:9", "connect_timeout": 5})
        asr = FallbackAsr([gone, spark.asr("spark-iat", {**KEYS, "speech_url": server.url})])
        yield Subject(asr, asr, faults=FAULTS, silent="stall", busy=server.busy.wait, idle=server.idle.wait)
        await asr.aclose()


Factory = Callable[[], AbstractAsyncContextManager[Subject]]

SUBJECTS: dict[str, Factory] = {
    "pocketsphinx": pocketsphinx,
    "iflytek iat": partial(iflytek, "iat"),
    "iflytek spark-iat": partial(iflytek, "spark-iat"),
    "volcengine": partial(volcengine_sauc, False),
    "volcengine, compressed": partial(volcengine_sauc, True),
    "openai": partial(transcriptions, True),
    "openai, whole": partial(transcriptions, False),
    "chain": chain,
}
FAKED = [name for name in SUBJECTS if name != "pocketsphinx"]
"""Those whose server is ours, and does what is said."""
