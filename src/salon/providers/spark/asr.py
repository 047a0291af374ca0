"""iFlytek's recognisers: IAT v2 and the Spark model's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from salon.base.errors import TimedOut
from salon.base.speech import AsrOptions, AsrUsage, Final, Partial
from salon.ports.asr import AsrTraits
from salon.ports.llm import CheckStep
from salon.providers.alongside import alongside
from salon.providers.listening import BYTES_PER_MS, Listening, Microphone, joined
from salon.providers.sockets import Socket
from salon.providers.spark.connection import Settings
from salon.providers.spark.speech import Sockets, receive
from salon.providers.speech_check import hear
from salon.sound.pcm import level
from salon.wire.iflytek_speech import FIRST, HOUSE, LAST, NEXT, Heard, Transcript, iat, spark_iat

# "Send 1280 bytes every 40 ms." What has waited is sent faster, but not all at once.
PACKET = 40 * BYTES_PER_MS
CATCH_UP = 0.01
# "At most 60 s": an utterance that is longer goes on in the next connection, from 45 s on as soon as it is quiet for a moment,
# since a word that is cut in two is lost.
LONG, LONGEST = 45_000 * BYTES_PER_MS, 55_000 * BYTES_PER_MS
LONGEST_TIME = 55.0
# Quiet, compared with the loudest so far.
QUIET = 0.1
# "10200: no data for 10 s." Who says nothing for so many seconds is heard in the next connection.
PAUSE = 5.0
# Who is silent for so long has ended, says the service; Salon's own turn-taking says so long before. In ms.
SILENCE = 10_000

Encode = Callable[[int, int, bytes, AsrOptions], str]


@dataclass(frozen=True)
class Service:
    """One of the protocols. ``encode`` takes status, number from 1, audio and options."""

    name: str
    url: str
    path: str
    languages: tuple[str, ...]
    note: str
    encode: Callable[[Settings], Encode]
    decode: Callable[[str | bytes], Heard]
    detects: bool = True


def _iat(settings: Settings) -> Encode:
    def encode(status: int, seq: int, pcm: bytes, options: AsrOptions) -> str:
        language = "en_us" if options.language.lower().startswith("en") else "zh_cn"
        return iat.encode(status, pcm, app_id=settings.app_id, language=language, silence=SILENCE)

    return encode


def _spark_iat(language: str, accent: str = "mandarin") -> Callable[[Settings], Encode]:
    def bound(settings: Settings) -> Encode:
        def encode(status: int, seq: int, pcm: bytes, options: AsrOptions) -> str:
            return spark_iat.encode(
                status,
                seq,
                pcm,
                app_id=settings.app_id,
                language=language,
                accent=accent,
                silence=SILENCE,
                hints=options.hints,
            )

        return encode

    return bound


SERVICES = {
    service.name: service
    for service in (
        Service("spark-iat", spark_iat.URL, "/v1", ("zh", "en"), "大模型识别", _spark_iat("zh_cn"), spark_iat.decode),
        Service("iat", iat.URL, "/v2/iat", ("zh", "en"), "语音听写", _iat, iat.decode, detects=False),
        Service(
            "spark-iat-dialects",
            spark_iat.MANY_LANGUAGES_URL,
            "/v1",
            ("zh",),
            "方言识别",
            _spark_iat("zh_cn", "mulacc"),
            spark_iat.decode,
        ),
        Service(
            "spark-iat-multilingual",
            spark_iat.MANY_LANGUAGES_URL,
            "/v1",
            (),
            "多语种识别",
            _spark_iat("mul_cn"),
            spark_iat.decode,
        ),
    )
}


class SparkAsr:
    """A recogniser. ``url`` takes the place of the service's own host; ``final_timeout`` is seconds from its end."""

    def __init__(self, service: Service, settings: Settings, *, url: str = "", final_timeout: float = 10.0) -> None:
        self._service = service
        self._sockets = Sockets(settings)
        self._encode = service.encode(settings)
        self._url = url.rstrip("/") + service.path if url else service.url
        self._final_timeout = final_timeout

    @property
    def name(self) -> str:
        return f"{HOUSE}:{self._service.name}"

    @property
    def traits(self) -> AsrTraits:
        return AsrTraits(languages=self._service.languages, detects=self._service.detects, note=self._service.note)

    def session(self, options: AsrOptions = AsrOptions()) -> Listening:
        return Listening(lambda microphone: self._listen(microphone, options))

    async def _listen(self, microphone: Microphone, options: AsrOptions) -> Final:
        """One connection after the other, until the utterance is over: each takes less than a minute, and the service may end
        one by itself."""
        said = ""
        source = _Source(microphone)
        while await source.more():
            said = joined(said, await self._take(source, said, options))
        return Final(said, usage=AsrUsage(microphone.milliseconds), model=self.name)

    async def _take(self, source: _Source, before: str, options: AsrOptions) -> str:
        transcript = Transcript()
        async with self._sockets.connected(self._url) as socket, alongside(self._send(socket, source, options)):
            while True:
                heard = await receive(socket, self._service.decode)
                if heard.sentence is not None:
                    transcript.put(heard.sentence)
                    text = joined(before, transcript.text)
                    source.microphone.tell(Partial(text, len(text) - len(transcript.text) + transcript.stable))
                if heard.last:
                    return transcript.text

    async def _send(self, socket: Socket, source: _Source, options: AsrOptions) -> None:
        sent, seq = 0, 1
        loudest = 0.0
        until = asyncio.get_running_loop().time() + LONGEST_TIME
        while sent < LONGEST and (packet := await source.packet_until(until)):
            if not await socket.send(self._encode(FIRST if seq == 1 else NEXT, seq, packet, options)):
                return
            source.sent(packet)
            sent += len(packet)
            seq += 1
            loudness = level(packet)
            loudest = max(loudest, loudness)
            if len(packet) < PACKET or (sent >= LONG and loudness < QUIET * loudest):
                break
            if source.waits:
                await asyncio.sleep(CATCH_UP)
        if await socket.send(self._encode(LAST, seq, b"", options)):
            await asyncio.sleep(self._final_timeout)
            raise TimedOut(
                f"iFlytek did not say within {self._final_timeout:g} s what was said.", phase="final", house=HOUSE
            )

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        async for step in hear(self):
            yield step

    async def aclose(self) -> None:
        await self._sockets.aclose()


class _Source:
    """The audio of an utterance in packets; what was read and not yet sent is not lost with a connection."""

    def __init__(self, microphone: Microphone) -> None:
        self.microphone = microphone
        self._rest = bytearray()

    @property
    def waits(self) -> bool:
        """Whether a whole packet more is there already."""
        return len(self._rest) >= PACKET

    async def more(self) -> bool:
        """Wait for audio. False when the utterance is over."""
        return bool(await self.packet())

    async def packet(self) -> bytes:
        """The next packet, which stays until ``sent``; the last may be short. Empty when the utterance is over."""
        while len(self._rest) < PACKET and (pcm := await self.microphone.read()):
            self._rest += pcm
        return bytes(self._rest[:PACKET])

    async def packet_until(self, moment: float) -> bytes:
        """The same, but what there is, perhaps nothing, when no more comes for long or until that moment of the loop's clock."""
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(min(moment, now + PAUSE)):
                return await self.packet()
        except TimeoutError:
            return bytes(self._rest)

    def sent(self, packet: bytes) -> None:
        del self._rest[: len(packet)]
