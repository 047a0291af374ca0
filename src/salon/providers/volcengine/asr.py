"""Volcengine's streaming recognition."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from salon.base.errors import ProviderError, TimedOut
from salon.base.speech import AsrOptions, AsrUsage, Final, Partial
from salon.ports.asr import AsrTraits
from salon.ports.llm import CheckStep
from salon.providers.alongside import alongside
from salon.providers.listening import BYTES_PER_MS, Listening, Microphone
from salon.providers.sockets import Socket
from salon.providers.speech_check import hear
from salon.providers.volcengine.connection import Access, Sockets, receive
from salon.wire.volcengine import HOUSE, asr
from salon.wire.volcengine.codes import SILENCE
from salon.wire.volcengine.frame import ANSWER

# "100 to 200 ms of audio in a packet, 200 ms best."
PACKET = 200 * BYTES_PER_MS
# "45000081: no packet came in time." Who says nothing for so many seconds is taken to be silent.
PAUSE = 3.0
RESOURCES = {"bigasr": "volc.bigasr.sauc.duration", "seedasr": "volc.seedasr.sauc.duration"}


class VolcengineAsr:
    """``final_timeout`` is seconds from the end of the utterance."""

    def __init__(self, model: str, access: Access, *, url: str = asr.URL, final_timeout: float = 10.0) -> None:
        self._model = model
        self._sockets = Sockets(access, RESOURCES.get(model, model))
        self._url = url
        self._final_timeout = final_timeout

    @property
    def name(self) -> str:
        return f"{HOUSE}:{self._model}"

    @property
    def traits(self) -> AsrTraits:
        return AsrTraits(languages=("zh", "en"), words=True, longest=3_600_000, note="豆包流式语音识别")

    def session(self, options: AsrOptions = AsrOptions()) -> Listening:
        return Listening(lambda microphone: self._listen(microphone, options))

    async def _listen(self, microphone: Microphone, options: AsrOptions) -> Final:
        first = await microphone.read()
        if not first:
            return Final("", usage=AsrUsage(0), model=self.name)
        try:
            async with (
                self._sockets.connected(self._url) as socket,
                alongside(self._send(socket, microphone, first, options)),
            ):
                while True:
                    frame = await receive(socket)
                    if frame.type != ANSWER:
                        continue
                    heard = asr.heard(frame)
                    if heard.last:
                        usage = AsrUsage(microphone.milliseconds)
                        return Final(heard.text, heard.words, usage=usage, model=self.name)
                    if heard.text:
                        microphone.tell(Partial(heard.text, heard.stable))
        except ProviderError as error:
            if error.vendor_code in SILENCE:
                return Final("", usage=AsrUsage(microphone.milliseconds), model=self.name)
            raise

    async def _send(self, socket: Socket, microphone: Microphone, first: bytes, options: AsrOptions) -> None:
        if not await socket.send(asr.request(hints=options.hints)):
            return
        sequence, rest = 2, bytearray(first)
        while True:
            while len(rest) >= PACKET:
                if not await socket.send(asr.audio(sequence, bytes(rest[:PACKET]))):
                    return
                del rest[:PACKET]
                sequence += 1
            try:
                async with asyncio.timeout(PAUSE):
                    pcm = await microphone.read()
            except TimeoutError:
                pcm = bytes(PACKET)
            if not pcm:
                break
            rest += pcm
        if await socket.send(asr.audio(sequence, bytes(rest), last=True)):
            await asyncio.sleep(self._final_timeout)
            message = f"Volcengine did not say within {self._final_timeout:g} s what was said."
            raise TimedOut(message, phase="final", house=HOUSE)

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        async for step in hear(self):
            yield step

    async def aclose(self) -> None:
        await self._sockets.aclose()
