"""Who must keep the contract of a synthesiser, and how each is brought to do what a test needs.

A new implementation joins by one function here and one line in ``SUBJECTS``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from salon.ports.tts import Tts
from salon.providers.fallback_tts import FallbackTts
from salon.providers.offline import house as offline
from salon.providers.openai import openai
from salon.providers.spark import house as spark
from salon.providers.volcengine import house as volcengine
from tests.fakes.iflytek_server import FAULTS, KEYS, iflytek_server
from tests.fakes.openai_audio_server import KEY as audio_key
from tests.fakes.openai_audio_server import TTS_FAULTS as audio_faults
from tests.fakes.openai_audio_server import audio_server
from tests.fakes.volcengine_server import FAULTS as volcengine_faults
from tests.fakes.volcengine_server import volcengine_server


async def _at_once() -> None:
    return None


@dataclass
class Subject:
    """A synthesiser under test.

    ``hasty`` is the same with little patience.
    ``stranger`` has a wrong key, with "secret" in it.
    ``faults`` are texts which the house answers badly, ``silent`` one to which it says nothing, ``stalls`` one in which it stops.
    ``busy`` returns once the house speaks, ``idle`` when it does not any more.
    """

    tts: Tts
    hasty: Tts
    stranger: Tts | None = None
    faults: tuple[str, ...] = ()
    silent: str = "stall before"
    stalls: str = "stall"
    busy: Callable[[], Awaitable[object]] = field(default=_at_once)
    idle: Callable[[], Awaitable[object]] = field(default=_at_once)


PATIENCE = {"first_audio_timeout": 0.3, "stall_timeout": 0.3, "connect_timeout": 5}


@asynccontextmanager
async def espeak() -> AsyncIterator[Subject]:
    yield Subject(offline.tts("", {}), offline.tts("", {}))


@asynccontextmanager
async def iflytek(model: str) -> AsyncIterator[Subject]:
    async with iflytek_server() as server:
        settings = {**KEYS, "speech_url": server.url}
        tts = spark.tts(model, settings)
        yield Subject(
            tts,
            spark.tts(model, {**settings, **PATIENCE}),
            spark.tts(model, {**settings, "api_secret": "wrong-secret"}),
            FAULTS,
            busy=server.busy.wait,
            idle=server.idle.wait,
        )
        await tts.aclose()


@asynccontextmanager
async def volcengine_bidirectional() -> AsyncIterator[Subject]:
    async with volcengine_server() as server:
        tts = volcengine.tts("", server.settings)
        hasty = volcengine.tts("", {**server.settings, **PATIENCE})
        stranger = volcengine.tts("", {**server.settings, "api_key": "wrong-secret"})
        yield Subject(tts, hasty, stranger, volcengine_faults, busy=server.busy.wait, idle=server.idle.wait)
        await tts.aclose()


@asynccontextmanager
async def audio_speech(wav: bool) -> AsyncIterator[Subject]:
    async with audio_server(wav=wav) as server:
        settings = {"api_key": audio_key, "base_url": server.url}
        tts, hasty = openai.tts("", settings), openai.tts("", {**settings, **PATIENCE})
        stranger = openai.tts("", {**settings, "api_key": "wrong-secret"})
        yield Subject(tts, hasty, stranger, audio_faults, busy=server.busy.wait, idle=server.idle.wait)
        await tts.aclose()
        await hasty.aclose()
        await stranger.aclose()


@asynccontextmanager
async def chain() -> AsyncIterator[Subject]:
    """One that cannot be reached, and one that speaks."""
    async with iflytek_server() as server:
        gone = spark.tts("tts", {**KEYS, "speech_url": "ws://127.0.0.1:9", "connect_timeout": 5})
        tts = FallbackTts([gone, spark.tts("super-tts", {**KEYS, "speech_url": server.url})])
        yield Subject(tts, tts, faults=FAULTS, busy=server.busy.wait, idle=server.idle.wait)
        await tts.aclose()


Factory = Callable[[], AbstractAsyncContextManager[Subject]]

SUBJECTS: dict[str, Factory] = {
    "espeak": espeak,
    "iflytek tts": partial(iflytek, "tts"),
    "iflytek super-tts": partial(iflytek, "super-tts"),
    "volcengine": volcengine_bidirectional,
    "openai": partial(audio_speech, False),
    "openai, WAV": partial(audio_speech, True),
    "chain": chain,
}
FAKED = [name for name in SUBJECTS if name != "espeak"]
"""Those whose server is ours: what they say can be read."""
