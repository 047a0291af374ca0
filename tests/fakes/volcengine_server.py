"""A server that speaks Volcengine's streaming recognition and bidirectional synthesis.

It checks keys and frames, hears and says what ``tests.fakes.uttered`` makes of text, and misbehaves where the text is one of
``FAULTS``.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from salon.wire.volcengine.frame import (
    ANSWER,
    AUDIO,
    ERROR,
    EVENT,
    GZIP,
    JSON,
    LAST_SEQUENCE,
    REQUEST,
    SEQUENCE,
    SOUND,
    Frame,
    decode,
    encode,
)
from tests.fakes.uttered import PAUSE, understood, uttered
from tests.fakes.uttered import SOUND as LENGTH

KEY = "volc-secret-key"
FAULTS = ("rubbish", "closed", "text", "code 45000001", "code 55000031", "code 45000030", "code 99")
STALL = "stall"
ASR, TTS = "/api/v3/sauc/bigmodel_async", "/api/v3/tts/bidirection"


class VolcengineServer:
    """``connections`` are those open now; ``asked`` the parameters of every request. ``packed``: answers are compressed.
    ``packets`` of audio came; ``heard`` is set with the next."""

    def __init__(self) -> None:
        self.url = ""
        self.connections: set[ServerConnection] = set()
        self.asked: list[dict[str, Any]] = []
        self.packed = False
        self.packets = 0
        self.heard = asyncio.Event()
        self.busy = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def settings(self) -> dict[str, Any]:
        return {"api_key": KEY, "asr_url": self.url + ASR, "tts_url": self.url + TTS}

    async def handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        path = urlsplit(socket.request.path).path
        self.connections.add(socket)
        self.idle.clear()
        try:
            with suppress(ConnectionClosed):
                await (self.asr if path == ASR else self.tts)(socket)
        finally:
            self.connections.discard(socket)
            if not self.connections:
                self.idle.set()

    async def asr(self, socket: ServerConnection) -> None:
        first = decode(await socket.recv())
        assert (first.type, first.flags, first.sequence) == (REQUEST, SEQUENCE, 1)
        asked = json.loads(first.payload)
        self.asked.append(asked)
        assert asked["audio"] == {"format": "pcm", "codec": "raw", "rate": 16000, "bits": 16, "channel": 1}
        audio, sequence = bytearray(), 1
        async for data in socket:
            frame = decode(data)
            sequence += 1
            assert frame.type == AUDIO
            last = frame.flags == LAST_SEQUENCE
            assert frame.sequence == (-sequence if last else sequence)
            assert last or frame.payload
            audio += frame.payload
            self.packets += 1
            self.heard.set()
            self.heard = asyncio.Event()
            self.busy.set()
            text = understood(bytes(audio))
            if last and text == STALL:
                await socket.wait_closed()
                return
            if last and await self._fault(socket, text):
                return
            await self._say(socket, text, -sequence if last else sequence, last)
            if last:
                return

    async def _say(self, socket: ServerConnection, text: str, sequence: int, last: bool) -> None:
        """The whole text; a sentence that has ended is definite, one under way is guessed wrong at its end."""
        step = LENGTH + PAUSE
        sentences = text.replace("，", "，\n").splitlines()
        utterances, at = [], 0
        for number, sentence in enumerate(sentences):
            definite = last or number < len(sentences) - 1
            said = sentence if definite else sentence[:-1] + "?"
            words = [
                {"text": each, "start_time": (at + place) * step, "end_time": (at + place) * step + LENGTH}
                for place, each in enumerate(said)
            ]
            at += len(sentence)
            utterances.append({"text": said, "definite": definite, "words": words})
        whole = "".join(each["text"] for each in utterances)
        result = {"audio_info": {"duration": at * step}, "result": {"text": whole, "utterances": utterances}}
        await socket.send(
            encode(
                Frame(
                    type=ANSWER,
                    flags=LAST_SEQUENCE if last else SEQUENCE,
                    serialization=JSON,
                    compression=GZIP if self.packed else 0,
                    sequence=sequence,
                    payload=json.dumps(result).encode(),
                )
            )
        )

    async def tts(self, socket: ServerConnection) -> None:
        session, whole = "", ""
        async for data in socket:
            frame = decode(data)
            assert (frame.type, frame.flags) == (REQUEST, EVENT)
            asked = json.loads(frame.payload)
            match frame.event:
                case 1:
                    await self._tell(socket, 50, "connection")
                case 100:
                    session = frame.id
                    self.asked.append(asked["req_params"])
                    await self._tell(socket, 150, session)
                case 200:
                    assert frame.id == session
                    text = asked["req_params"]["text"]
                    whole += text
                    if text == "stall before":
                        self.busy.set()
                        await socket.wait_closed()
                        return
                    if await self._fault(socket, text):
                        return
                    await self._tell(socket, 350, session, {"text": text})
                    for each in text:
                        payload = uttered(each, 24_000)
                        await socket.send(
                            encode(Frame(type=SOUND, flags=EVENT, event=352, id=session, payload=payload))
                        )
                    if text == STALL:
                        self.busy.set()
                        await socket.wait_closed()
                        return
                    await self._tell(socket, 351, session)
                case 102:
                    assert frame.id == session
                    await self._tell(socket, 152, session, {"status_code": 20000000, "message": "ok"})
                case _:
                    raise AssertionError(frame)

    async def _tell(self, socket: ServerConnection, event: int, name: str, said: object = None) -> None:
        payload = json.dumps({} if said is None else said).encode()
        await socket.send(
            encode(Frame(type=ANSWER, flags=EVENT, serialization=JSON, event=event, id=name, payload=payload))
        )

    async def _fault(self, socket: ServerConnection, text: str) -> bool:
        """Do badly what the text asks for."""
        if text == "rubbish":
            await socket.send(b"\x11\x91\x10")
        elif text == "text":
            await socket.send("hello")
        elif text == "closed":
            await socket.close()
        elif text.startswith("code "):
            payload = json.dumps({"error": f"refused {KEY}"}).encode()
            await socket.send(
                encode(
                    Frame(
                        type=ERROR, flags=0xF, serialization=JSON, code=int(text.removeprefix("code ")), payload=payload
                    )
                )
            )
        else:
            return False
        return True


def _checked(socket: ServerConnection, request: Request) -> Response | None:
    given = request.headers
    old = (given.get("X-Api-App-Key"), given.get("X-Api-Access-Key"))
    if not given.get("X-Api-Resource-Id") or (given.get("X-Api-Key") != KEY and old != ("app", KEY)):
        body = json.dumps({"error": f"invalid auth token {given.get('X-Api-Key')}"}).encode()
        return Response(401, "Unauthorized", Headers({"Content-Length": str(len(body))}), body)
    return None


@asynccontextmanager
async def volcengine_server() -> AsyncIterator[VolcengineServer]:
    made = VolcengineServer()
    async with serve(made.handle, "127.0.0.1", 0, process_request=_checked, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        made.url = f"ws://127.0.0.1:{port}"
        yield made
