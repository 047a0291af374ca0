"""iFlytek's synthesisers: TTS v2 and 超拟人."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from salon.base.errors import TimedOut
from salon.base.speech import Speech, Spoken, TtsOptions, TtsUsage
from salon.ports.llm import CheckStep
from salon.ports.tts import TtsTraits
from salon.providers.ahead import Take, speak_ahead
from salon.providers.alongside import alongside
from salon.providers.sockets import Socket
from salon.providers.spark.connection import Settings
from salon.providers.spark.speech import Sockets, receive
from salon.providers.speaking import Script, Speaking, Tail, keep_watch
from salon.providers.speech_check import speak
from salon.wire.iflytek_speech import FIRST, HOUSE, LAST, NEXT, super_tts, tts

ONLINE, SUPER = "tts", "super-tts"
VOICES = {
    ONLINE: ("xiaoyan", "aisjiuxu", "aisxping", "aisjinger", "aisbabyxu"),
    SUPER: (
        "x5_lingxiaoxuan_flow",
        "x5_lingfeiyi_flow",
        "x5_lingxiaoyue_flow",
        "x5_lingyuzhao_flow",
        "x5_lingyuyan_flow",
    ),
}
# "10200: no data for 10 s." What a model writes after a pause of so many seconds is spoken in the next connection.
PAUSE = 5.0
_PATHS = {ONLINE: "/v2/tts", SUPER: "/v1/private/mcd9m97e6"}
_URLS = {ONLINE: tts.URL, SUPER: super_tts.URL}
_NOTES = {ONLINE: "在线语音合成", SUPER: "超拟人语音合成"}


def speed_of(factor: float) -> int:
    """0 to 100, where 0 is half as fast, 50 the usual and 100 twice as fast."""
    percent = (factor - 0.5) * 100 if factor < 1 else 50 + (factor - 1) * 50
    return round(min(max(percent, 0), 100))


class _Spoken:
    """What both have in common: name, session, check."""

    def __init__(
        self,
        model: str,
        settings: Settings,
        *,
        url: str = "",
        voice: str = "",
        first_audio: float = 10.0,
    ) -> None:
        self._model = model
        self._settings = settings
        self._sockets = Sockets(settings)
        self._url = url.rstrip("/") + _PATHS[model] if url else _URLS[model]
        self._voice = voice or VOICES[model][0]
        self._first_audio = first_audio

    @property
    def name(self) -> str:
        return f"{HOUSE}:{self._model}"

    @property
    def traits(self) -> TtsTraits:
        return TtsTraits(
            languages=("zh", "en"), voices=VOICES[self._model], joins=self._model == SUPER, note=_NOTES[self._model]
        )

    def session(self, options: TtsOptions = TtsOptions()) -> Speaking:
        return Speaking(lambda script: self._speak(script, options))

    async def _speak(self, script: Script, options: TtsOptions) -> Spoken:
        raise AssertionError

    def _whole(self, script: Script) -> Spoken:
        return Spoken(TtsUsage(script.characters, script.milliseconds), self.name)

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        async for step in speak(self):
            yield step

    async def aclose(self) -> None:
        await self._sockets.aclose()


class OnlineTts(_Spoken):
    """One request and one connection for each piece, the next while this one comes."""

    async def _speak(self, script: Script, options: TtsOptions) -> Spoken:
        await speak_ahead(script, _requests(script), lambda take, text, at: self._say(take, text, at, options))
        return self._whole(script)

    async def _say(self, take: Take, text: str, at: int, options: TtsOptions) -> None:
        written = text.encode("utf-8", "replace")
        async with self._sockets.connected(self._url) as socket:
            await socket.send(
                tts.encode(
                    text,
                    app_id=self._settings.app_id,
                    voice=options.voice or self._voice,
                    speed=speed_of(options.speed),
                )
            )
            tail, said, phase, limit = Tail(tts.RATE), 0, "first_audio", self._first_audio
            while True:
                async with _within(limit, phase):
                    audio = await receive(socket, tts.decode)
                await take.say(Speech(tail.feed(audio.pcm), tts.RATE, said=at + said))
                if audio.last:
                    await take.say(Speech(tail.rest(), tts.RATE, said=at + len(text)))
                    return
                said = max(said, len(written[: audio.said or 0].decode("utf-8", "ignore")))
                phase, limit = "stall", self._settings.stall_timeout


class SuperTts(_Spoken):
    """The text goes in as it comes; a connection takes 64 KB of it."""

    async def _speak(self, script: Script, options: TtsOptions) -> Spoken:
        source = _Source(script)
        while await source.more():
            await self._take(script, source, options)
        return self._whole(script)

    async def _take(self, script: Script, source: _Source, options: TtsOptions) -> None:
        tail = Tail(super_tts.RATE)
        async with self._sockets.connected(self._url) as socket:
            heard = asyncio.Event()
            async with alongside(self._send(socket, source, options, heard)):
                while True:
                    audio = await receive(socket, super_tts.decode)
                    heard.set()
                    await script.say(Speech(tail.feed(audio.pcm), super_tts.RATE))
                    if audio.last:
                        await script.say(Speech(tail.rest(), super_tts.RATE, said=source.sent))
                        return

    async def _send(self, socket: Socket, source: _Source, options: TtsOptions, heard: asyncio.Event) -> None:
        """Send, and see that an answer comes: once the text is whole, within so and so many seconds again and again."""
        size, seq = 0, 0
        while size < super_tts.MOST and (text := await source.next_soon()):
            if not await self._put(socket, FIRST if seq == 0 else NEXT, seq, text, options):
                return
            size += len(text.encode("utf-8", "replace"))
            seq += 1
        if not await self._put(socket, LAST, seq, "", options):
            return
        await keep_watch(
            source.script, heard, first_audio=self._first_audio, stall=self._settings.stall_timeout, house=HOUSE
        )

    async def _put(self, socket: Socket, status: int, seq: int, text: str, options: TtsOptions) -> bool:
        return await socket.send(
            super_tts.encode(
                status,
                seq,
                text,
                app_id=self._settings.app_id,
                voice=options.voice or self._voice,
                speed=speed_of(options.speed),
            )
        )


class _Source:
    """The text in pieces of a size that a frame can have. ``sent`` counts the characters handed out."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._parts: list[str] = []
        self.sent = 0

    async def more(self) -> bool:
        """Wait for text that can be spoken. False when there is no more."""
        while not self._parts:
            piece = await self.script.read()
            if not piece:
                return False
            if not any(each.isalnum() for each in piece):
                self.sent += len(piece)
                continue
            self._parts = list(parts(piece, tts.MOST))
        return True

    async def next_soon(self) -> str:
        """The same as ``next``, but empty too when none comes for long."""
        try:
            async with asyncio.timeout(PAUSE):
                return await self.next()
        except TimeoutError:
            return ""

    async def next(self) -> str:
        if not self._parts and (piece := await self.script.read()):
            self._parts = list(parts(piece, tts.MOST))
        if not self._parts:
            return ""
        part = self._parts.pop(0)
        self.sent += len(part)
        return part


async def _requests(script: Script) -> AsyncGenerator[tuple[int, str], None]:
    """What there is to speak, in requests of a size that is taken."""
    at = 0
    while piece := await script.read():
        for part in parts(piece, tts.MOST):
            if any(each.isalnum() for each in part):
                yield at, part
            at += len(part)


@asynccontextmanager
async def _within(seconds: float, phase: str) -> AsyncGenerator[None, None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        said = "did not begin to speak" if phase == "first_audio" else "fell silent in the middle"
        raise TimedOut(f"iFlytek {said} for more than {seconds:g} s.", phase=phase, house=HOUSE) from None


def parts(text: str, most: int) -> list[str]:
    """Cut where a sentence ends, so that each part has at most ``most`` bytes in UTF-8; in the middle where none ends in time."""
    found: list[str] = []
    for sentence in re.findall(r".+?(?:[.!?;。！？；\n]+\s*|$)", text, re.DOTALL):
        for piece in _pieces(sentence, most // 4):
            if found and len((found[-1] + piece).encode("utf-8", "replace")) <= most:
                found[-1] += piece
            else:
                found.append(piece)
    return found


def _pieces(text: str, most: int) -> list[str]:
    return [text[place : place + most] for place in range(0, len(text), most)]
