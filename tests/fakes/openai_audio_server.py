"""A server of OpenAI's audio endpoints, which hears and says what ``tests.fakes.uttered`` makes of text.

It misbehaves where the text is one of ``FAULTS``.
"""

from __future__ import annotations

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.fakes.uttered import understood, uttered

KEY = "sk-secret-key"
ASR_FAULTS = ("status 401", "status 429", "status 500", "status 400", "rubbish", "no text", "cut", "reset")
TTS_FAULTS = ("status 401", "status 429", "status 500", "status 400", "cut", "stereo")
STALL, SILENT = "stall", "stall before"


class AudioServer:
    """``streams``: it knows ``stream``. ``wav``: it speaks WAV whatever is asked for. ``asked`` has the fields of requests."""

    def __init__(self, *, streams: bool = True, wav: bool = False) -> None:
        self.streams = streams
        self.wav = wav
        self.url = ""
        self.asked: list[dict[str, Any]] = []
        self.busy = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self._open = 0

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        self._open += 1
        self.idle.clear()
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                self.idle.set()

    async def transcriptions(self, request: web.Request) -> web.StreamResponse:
        async with self._working():
            if request.headers.get("Authorization") != f"Bearer {KEY}":
                return _error(
                    401, f"Incorrect API key provided: {request.headers.get('Authorization')}", "invalid_api_key"
                )
            fields: dict[str, Any] = {}
            async for part in await request.multipart():
                fields[part.name or ""] = await part.read() if part.name == "file" else (await part.read()).decode()
            with wave.open(io.BytesIO(fields.pop("file"))) as file:
                assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
                pcm = file.readframes(file.getnframes())
            if len(pcm) < 3200:
                return _error(400, "Audio file is too short. Minimum audio length is 0.1 seconds.", "audio_too_short")
            text = understood(pcm)
            self.asked.append(fields)
            self.busy.set()
            if text in (STALL, SILENT):
                await asyncio.Event().wait()
            if text.startswith("status "):
                return _error(int(text.removeprefix("status ")), "refused")
            if text == "reset":
                assert request.transport is not None
                request.transport.abort()
            if not (self.streams and fields.get("stream") == "true"):
                return await self._whole(text)
            return await self._events(request, text)

    async def _whole(self, text: str) -> web.Response:
        if text == "rubbish":
            return web.Response(text="<html>")
        said: dict[str, Any] = {"usage": {"type": "tokens", "input_tokens": 9, "output_tokens": 3}}
        if text != "no text":
            said["text"] = text
        response = web.json_response(said)
        if text == "cut":
            response.text = response.text[:9] if response.text else ""
        return response

    async def _events(self, request: web.Request, text: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if text == "rubbish":
            await response.write(b"data: {rubbish\n\n")
            return response
        for place in range(0, len(text), 3):
            said = {"type": "transcript.text.delta", "delta": text[place : place + 3]}
            await response.write(f"data: {json.dumps(said)}\n\n".encode())
        if text not in ("cut", "no text"):
            usage = {"type": "tokens", "input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
            done = {"type": "transcript.text.done", "text": text, "usage": usage}
            await response.write(f"event: x\r\ndata: {json.dumps(done)}\r\n\r\n".encode())
        return response

    async def speech(self, request: web.Request) -> web.StreamResponse:
        async with self._working():
            if request.headers.get("Authorization") != f"Bearer {KEY}":
                return _error(
                    401, f"Incorrect API key provided: {request.headers.get('Authorization')}", "invalid_api_key"
                )
            asked = await request.json()
            self.asked.append(asked)
            assert asked["response_format"] == "pcm"
            text = asked["input"]
            if text.startswith("status "):
                return _error(int(text.removeprefix("status ")), "refused")
            if text == SILENT:
                self.busy.set()
                await asyncio.Event().wait()
            response = web.StreamResponse(headers={"Content-Type": "audio/pcm"})
            if text == "cut":
                response.content_length = 1_000_000
            await response.prepare(request)
            if text == "stereo" or self.wav:
                made = io.BytesIO()
                with wave.open(made, "wb") as file:
                    file.setnchannels(2 if text == "stereo" else 1)
                    file.setsampwidth(2)
                    file.setframerate(22_050)
                    file.writeframes(uttered(text, 22_050))
                data = made.getvalue()
            else:
                data = uttered(text, 24_000)
            for place in range(0, len(data), 333):  # pieces that end within a sample
                await response.write(data[place : place + 333])
            if text == STALL:
                self.busy.set()
                await asyncio.Event().wait()
            if text == "cut":
                assert request.transport is not None
                request.transport.close()
            return response


def _error(status: int, message: str, code: str | None = None) -> web.Response:
    return web.json_response({"error": {"message": message, "type": "error", "code": code}}, status=status)


@asynccontextmanager
async def audio_server(*, streams: bool = True, wav: bool = False) -> AsyncIterator[AudioServer]:
    made = AudioServer(streams=streams, wav=wav)
    app = web.Application(client_max_size=64 << 20)
    app.router.add_post("/v1/audio/transcriptions", made.transcriptions)
    app.router.add_post("/v1/audio/speech", made.speech)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield made
    finally:
        await runner.cleanup()
