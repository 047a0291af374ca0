"""Recognition and synthesis behind OpenAI's audio endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from salon.base.errors import AuthFailed, ProviderError, TimedOut
from salon.base.speech import (
    ASR_RATE,
    AsrOptions,
    AsrUsage,
    Final,
    Partial,
    Speech,
    Spoken,
    TtsOptions,
    TtsUsage,
)
from salon.ports.asr import AsrTraits
from salon.ports.llm import CheckStep
from salon.ports.tts import TtsTraits
from salon.providers.ahead import Take, speak_ahead
from salon.providers.listening import BYTES_PER_MS, Listening, Microphone
from salon.providers.openai.connection import Access, abort, broken, new_session, proxy_for, read_body
from salon.providers.openai.profiles import Profile
from salon.providers.speaking import Script, Speaking, Tail
from salon.providers.speech_check import hear, speak
from salon.wire.openai_audio import Samples, Transcript, speech, transcription, wav
from salon.wire.openai_chat import failure

MOST_READ = 16 * 1024
# Bytes of audio in one request: ten minutes, 19 of the 25 MB that OpenAI takes.
LONGEST = 600_000 * BYTES_PER_MS
# "The maximum length is 4096 characters."
MOST_TEXT = 4000
# "Audio file is too short. Minimum audio length is 0.1 seconds."
SHORTEST = 100 * BYTES_PER_MS


class Endpoint:
    """One address of a house, and its pool of connections."""

    def __init__(self, profile: Profile, access: Access, path: str) -> None:
        self.house = profile.name
        self._profile = profile
        self._access = access
        self._url = access.base_url + path
        self._proxy = proxy_for(self._url)
        self._session: aiohttp.ClientSession | None = None
        self._open: set[aiohttp.ClientResponse] = set()

    @asynccontextmanager
    async def post(self, data: Any, content_type: str | None = None) -> AsyncIterator[aiohttp.ClientResponse]:
        """A response of status 200. Leaving before it is whole closes its socket at once. Raises ``ProviderError``."""
        headers = {
            name: value for name, value in self._access.headers.items() if name not in ("Content-Type", "Accept")
        }
        if content_type:
            headers["Content-Type"] = content_type
        if self._session is None:
            self._session = new_session(self._access)
        try:
            response = await self._session.post(
                self._url, data=data, headers=headers, proxy=self._proxy, allow_redirects=False
            )
            self._open.add(response)
            try:
                if response.status != 200:
                    raise await self._failure(response)
                yield response
            finally:
                self._open.discard(response)
                if response.content.is_eof():
                    response.release()
                else:
                    abort(response)
        except (aiohttp.ClientError, OSError) as error:
            # A time-out of our own is no ``OSError`` that the network raised.
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
                raise
            raise broken(error, self._profile, self._access) from error

    async def _failure(self, response: aiohttp.ClientResponse) -> ProviderError:
        error = failure(
            response.status,
            await read_body(response, MOST_READ),
            house=self.house,
            retry_after=response.headers.get("Retry-After"),
            secrets=self._access.secrets,
        )
        if isinstance(error, AuthFailed):
            error.advice = f"Check {' or '.join(setting.env for setting in self._profile.keys)}."
        return error

    async def aclose(self) -> None:
        for response in self._open:
            abort(response)
        session, self._session = self._session, None
        if session is not None:
            await session.close()


class TranscriptionAsr:
    """Hears an utterance when it is over. ``stream``: the house tells the text in pieces. ``final_timeout`` is in seconds."""

    def __init__(self, profile: Profile, model: str, access: Access, *, stream: bool, final_timeout: float) -> None:
        self._model = model
        self._endpoint = Endpoint(profile, access, "/audio/transcriptions")
        self._stream = stream
        self._final_timeout = final_timeout

    @property
    def name(self) -> str:
        return f"{self._endpoint.house}:{self._model}"

    @property
    def traits(self) -> AsrTraits:
        return AsrTraits(partials=False, longest=3_600_000, note="hears an utterance when it is over")

    def session(self, options: AsrOptions = AsrOptions()) -> Listening:
        return Listening(lambda microphone: self._listen(microphone, options))

    async def _listen(self, microphone: Microphone, options: AsrOptions) -> Final:
        said, language, tokens = "", "", (0, 0)
        audio = bytearray()
        while True:
            pcm = await microphone.read()
            audio += pcm
            if audio and (not pcm or len(audio) >= LONGEST):
                transcript = await self._transcribe(microphone, bytes(audio[:LONGEST]), options, said)
                del audio[:LONGEST]
                said += transcript.text
                language = language or transcript.language
                tokens = (tokens[0] + transcript.tokens[0], tokens[1] + transcript.tokens[1])
            if not pcm and not audio:
                break
        return Final(said.strip(), language=language, usage=AsrUsage(microphone.milliseconds, *tokens), model=self.name)

    async def _transcribe(self, microphone: Microphone, pcm: bytes, options: AsrOptions, before: str) -> Transcript:
        form = aiohttp.FormData()
        for name, value in transcription(self._model, options, stream=self._stream):
            form.add_field(name, value)
        form.add_field(
            "file", wav(pcm.ljust(SHORTEST, b"\0"), ASR_RATE), filename="speech.wav", content_type="audio/wav"
        )
        try:
            async with asyncio.timeout(self._final_timeout) as patience, self._endpoint.post(form) as response:
                events = response.content_type == "text/event-stream"
                transcript = Transcript(self._endpoint.house, events=events)
                while data := await response.content.readany():
                    if transcript.feed(data):
                        patience.reschedule(asyncio.get_running_loop().time() + self._final_timeout)
                        microphone.tell(Partial(before + transcript.text, len(before)))
                transcript.finish()
                return transcript
        except TimeoutError:
            message = f"{self._endpoint.house} did not say within {self._final_timeout:g} s what was said."
            raise TimedOut(message, phase="final", house=self._endpoint.house) from None

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        async for step in hear(self):
            yield step

    async def aclose(self) -> None:
        await self._endpoint.aclose()


class SpeechTts:
    """Speaks each piece by itself as its audio comes, the next while this one does. ``rate`` is of raw PCM. Times are seconds."""

    def __init__(
        self,
        profile: Profile,
        model: str,
        access: Access,
        *,
        voices: tuple[str, ...],
        rate: int,
        first_audio: float,
    ) -> None:
        self._model = model
        self._endpoint = Endpoint(profile, access, "/audio/speech")
        self._voices = voices
        self._rate = rate
        self._first_audio = first_audio
        self._stall = access.stall

    @property
    def name(self) -> str:
        return f"{self._endpoint.house}:{self._model}"

    @property
    def traits(self) -> TtsTraits:
        return TtsTraits(voices=self._voices)

    def session(self, options: TtsOptions = TtsOptions()) -> Speaking:
        return Speaking(lambda script: self._speak(script, options))

    async def _speak(self, script: Script, options: TtsOptions) -> Spoken:
        await speak_ahead(script, _pieces(script), lambda take, text, at: self._say(take, text, at, options))
        return Spoken(TtsUsage(script.characters, script.milliseconds), self.name)

    async def _say(self, take: Take, text: str, at: int, options: TtsOptions) -> None:
        body = speech(self._model, text, options.voice or self._voices[0], options)
        samples = Samples(self._endpoint.house, self._rate)
        phase, limit = "first_audio", self._first_audio
        tail: Tail | None = None  # a WAV's header tells the rate
        try:
            async with asyncio.timeout(limit) as patience, self._endpoint.post(body, "application/json") as response:
                while data := await response.content.readany():
                    patience.reschedule(None)
                    if pcm := samples.feed(data):
                        tail = tail or Tail(samples.rate)
                        await take.say(Speech(tail.feed(pcm), samples.rate, said=at))
                    phase, limit = "stall", self._stall
                    patience.reschedule(asyncio.get_running_loop().time() + limit)
        except TimeoutError:
            said = "did not begin to speak" if phase == "first_audio" else "fell silent in the middle"
            message = f"{self._endpoint.house} {said} for more than {limit:g} s."
            raise TimedOut(message, phase=phase, house=self._endpoint.house) from None
        if tail is not None:
            await take.say(Speech(tail.rest(), samples.rate, said=at + len(text)))

    async def check(self) -> AsyncGenerator[CheckStep, None]:
        async for step in speak(self):
            yield step

    async def aclose(self) -> None:
        await self._endpoint.aclose()


async def _pieces(script: Script) -> AsyncGenerator[tuple[int, str], None]:
    """What there is to speak, in requests of a size that is taken."""
    at = 0
    while piece := await script.read():
        for place in range(0, len(piece), MOST_TEXT):
            part = piece[place : place + MOST_TEXT]
            if any(each.isalnum() for each in part):
                yield at + place, part
        at += len(piece)
