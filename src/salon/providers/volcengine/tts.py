"""Volcengine's bidirectional synthesis: the text goes in as it comes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncGenerator

from salon.base.errors import ProviderError, TimedOut
from salon.base.speech import Speech, Spoken, TtsOptions, TtsUsage
from salon.ports.llm import CheckStep
from salon.ports.tts import TtsTraits
from salon.providers.alongside import alongside
from salon.providers.sockets import Socket
from salon.providers.speaking import Script, Speaking, Tail, keep_watch
from salon.providers.speech_check import speak
from salon.providers.volcengine.connection import Access, Sockets, receive
from salon.wire.volcengine import HOUSE, Frame, error_for, tts
from salon.wire.volcengine.frame import SOUND

RESOURCES = {"seed-tts-2.0": "seed-tts-2.0", "seed-tts-1.0": "volc.service_type.10029"}
VOICES = {
    "seed-tts-2.0": ("zh_female_vv_uranus_bigtts",),
    "seed-tts-1.0": ("zh_female_shuangkuaisisi_moon_bigtts",),
}


def speed_of(factor: float) -> int:
    """-50 to 100, where -50 is half as fast, 0 the usual and 100 twice as fast."""
    return round(min(max((factor - 1) * 100, -50), 100))


class VolcengineTts:
    """``first_audio`` is seconds from the whole text, or from the connection's beginning, to the first audio."""

    def __init__(
        self, model: str, access: Access, *, url: str = tts.URL, voice: str = "", first_audio: float = 10.0
    ) -> None:
        self._model = model
        self._access = access
        self._sockets = Sockets(access, RESOURCES.get(model, model))
        self._url = url
        self._voices = (voice,) if voice else VOICES.get(model, VOICES["seed-tts-2.0"])
        self._first_audio = first_audio

    @property
    def name(self) -> str:
        return f"{HOUSE}:{self._model}"

    @property
    def traits(self) -> TtsTraits:
        return TtsTraits(languages=("zh", "en"), voices=self._voices, joins=True, note="豆包双向流式语音合成")

    def session(self, options: TtsOptions = TtsOptions()) -> Speaking:
        return Speaking(lambda script: self._speak(script, options))

    async def _speak(self, script: Script, options: TtsOptions) -> Spoken:
        first = await _speakable(script)
        if first:
            async with self._sockets.connected(self._url) as socket:
                await self._talk(socket, script, first, options)
        return Spoken(TtsUsage(script.characters, script.milliseconds), self.name)

    async def _talk(self, socket: Socket, script: Script, first: str, options: TtsOptions) -> None:
        text, heard, ready = _Text(first), asyncio.Event(), asyncio.Event()
        tail = Tail(tts.RATE)
        async with alongside(self._send(socket, script, text, options, ready, heard)):
            while True:
                frame = await receive(socket)
                match frame.event:
                    case tts.CONNECTION_FAILED | tts.SESSION_FAILED | tts.SESSION_CANCELED:
                        raise error_for(None, frame.payload)
                    case tts.SESSION_STARTED:
                        ready.set()
                    case tts.SENTENCE_START:
                        text.begins(tts.sentence(frame))
                    case tts.SENTENCE_END:
                        text.ends()
                    case tts.RESPONSE if frame.type == SOUND:
                        heard.set()
                        await script.say(Speech(tail.feed(frame.payload), tts.RATE, said=text.said))
                    case tts.SESSION_FINISHED:
                        if (failed := _failed(frame)) is not None:
                            raise failed
                        await script.say(Speech(tail.rest(), tts.RATE, said=len(text.whole)))
                        return

    async def _send(
        self,
        socket: Socket,
        script: Script,
        text: _Text,
        options: TtsOptions,
        ready: asyncio.Event,
        heard: asyncio.Event,
    ) -> None:
        session, voice = str(uuid.uuid4()), options.voice or self._voices[0]
        begun = await socket.send(tts.plain(tts.START_CONNECTION)) and await socket.send(
            tts.start_session(session, voice=voice, speed=speed_of(options.speed))
        )
        try:
            async with asyncio.timeout(self._first_audio):
                await ready.wait()
        except TimeoutError:
            message = f"Volcengine did not begin a session within {self._first_audio:g} s."
            raise TimedOut(message, phase="first_audio", house=HOUSE) from None
        piece = text.whole
        while begun and piece:
            if not await socket.send(tts.task(session, piece, voice=voice)):
                return
            piece = await script.read()
            text.whole += piece
        if begun and await socket.send(tts.plain(tts.FINISH_SESSION, session)):
            await keep_watch(script, heard, first_audio=self._first_audio, stall=self._access.stall, house=HOUSE)

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        async for step in speak(self):
            yield step

    async def aclose(self) -> None:
        await self._sockets.aclose()


async def _speakable(script: Script) -> str:
    """The text up to where there is something to speak; empty where there never is."""
    text = ""
    while piece := await script.read():
        text += piece
        if any(each.isalnum() for each in piece):
            return text
    return ""


class _Text:
    """What was sent, and how far it is spoken: as far as the last sentence that has ended."""

    def __init__(self, whole: str) -> None:
        self.whole = whole
        self.said = 0
        self._end = 0

    def begins(self, sentence: str) -> None:
        at = self.whole.find(sentence, self._end) if sentence else -1
        if at >= 0:
            self._end = at + len(sentence)

    def ends(self) -> None:
        self.said = self._end


def _failed(frame: Frame) -> ProviderError | None:
    """A session may end with the code of an error. 20000000 is that of success."""
    error = error_for(None, frame.payload)
    return None if error.vendor_code in (0, 20000000) else error
