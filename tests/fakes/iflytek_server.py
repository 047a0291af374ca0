"""A server that speaks iFlytek's speech protocols: IAT v2, the Spark model's recognition, TTS v2 and 超拟人.

It checks signatures and frames as the service does, hears and says what ``tests.fakes.uttered`` makes of text, and misbehaves
where the text is one of ``FAULTS``. It is itself proved by iFlytek's own SDKs: ``tests/conformance/iflytek_speech``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from salon.wire.spark_auth import ALLOWED_SKEW, WRONG_DATE, http_date, parse_http_date, signed_url
from tests.fakes.uttered import understood, uttered

KEYS = {"app_id": "testapp1", "api_key": "test-api-key", "api_secret": "test-api-secret"}
FAULTS = ("rubbish", "closed", "code 10313", "code 11201", "code 10110", "code 99999")
STALL = "stall"


class IflytekServer:
    """``url`` is its address. ``connections`` are those open now, ``seen`` all there were, by path. ``longest`` is how many
    bytes of audio a session takes; after ``eager`` characters, where it is not 0, the service takes the utterance for over. Who
    sends nothing for ``patience`` seconds is told 10200; who is not there (``pings``) is told nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.connections: set[ServerConnection] = set()
        self.seen: list[str] = []
        self.business: list[dict[str, Any]] = []
        self.longest = 60_000 * 32
        self.eager = 0
        self.patience = 10.0
        self.pings = False
        self.busy = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()

    async def handle(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        path = urlsplit(socket.request.path).path
        self.seen.append(path)
        self.connections.add(socket)
        self.idle.clear()
        try:
            with suppress(ConnectionClosed):
                await {
                    "/v2/iat": self.iat,
                    "/v1": self.spark_iat,
                    "/v2/tts": self.tts,
                    "/v1/private/mcd9m97e6": self.super_tts,
                }[path](socket)
        finally:
            self.connections.discard(socket)
            if not self.connections:
                self.idle.set()

    async def frames(self, socket: ServerConnection, fail: Any) -> AsyncIterator[str | bytes]:
        """What comes, until it stops coming."""
        while True:
            if self.pings:
                await (await socket.ping())
            try:
                async with asyncio.timeout(self.patience):
                    frame = await socket.recv()
            except TimeoutError:
                await fail(10200, "server read msg timeout")
                return
            yield frame

    async def iat(self, socket: ServerConnection) -> None:
        heard = _Hearing(self)

        async def say(result: dict[str, Any] | None, status: int) -> None:
            data = {"status": status, **({"result": result} if result else {})}
            await socket.send(json.dumps({"code": 0, "message": "success", "sid": "iat000704fa@dx16", "data": data}))

        async def fail(code: int, message: str) -> None:
            await socket.send(json.dumps({"code": code, "message": message, "sid": "iat000704fa@dx16"}))

        async for text in self.frames(socket, fail):
            frame = json.loads(text)
            data = frame["data"]
            if data["status"] == 0:
                if frame["common"]["app_id"] != KEYS["app_id"]:
                    await fail(10313, "invalid app_id")
                    return
                self.business.append(frame["business"])
                heard.corrects = frame["business"].get("dwa") == "wpgs"
            if await heard.listen(socket, base64.b64decode(data.get("audio", "")), data["status"], say, fail):
                return

    async def spark_iat(self, socket: ServerConnection) -> None:
        heard = _Hearing(self)
        header = {"code": 0, "message": "success", "sid": "ase000704fa@dx16"}

        async def say(result: dict[str, Any] | None, status: int) -> None:
            text = base64.b64encode(json.dumps(result or {}, ensure_ascii=False).encode()).decode()
            made = {"encoding": "utf8", "compress": "raw", "format": "json", "status": status, "seq": 1, "text": text}
            await socket.send(json.dumps({"header": {**header, "status": status}, "payload": {"result": made}}))

        async def fail(code: int, message: str) -> None:
            await socket.send(json.dumps({"header": {**header, "code": code, "message": message, "status": 2}}))

        async for text in self.frames(socket, fail):
            frame = json.loads(text)
            status = frame["header"]["status"]
            audio = frame["payload"]["audio"]
            if frame["header"]["app_id"] != KEYS["app_id"]:
                await fail(10313, "invalid app_id")
                return
            if status == 0:
                self.business.append(frame["parameter"]["iat"])
                heard.corrects = frame["parameter"]["iat"].get("dwa") == "wpgs"
                assert audio["sample_rate"] == 16000
            else:
                assert "parameter" not in frame
            assert audio["status"] == status
            if await heard.listen(socket, base64.b64decode(audio["audio"]), status, say, fail):
                return

    async def tts(self, socket: ServerConnection) -> None:
        frame = json.loads(await socket.recv())
        sid = "tts000704fa@dx16"

        async def fail(code: int, message: str) -> None:
            await socket.send(json.dumps({"code": code, "message": message, "sid": sid}))

        if frame["common"]["app_id"] != KEYS["app_id"]:
            await fail(10313, "invalid app_id")
            return
        text = base64.b64decode(frame["data"]["text"]).decode()
        self.business.append(frame["business"])
        assert frame["data"]["status"] == 2
        if not text or len(text.encode()) >= 8000:
            await fail(10109, "text length illegal")
            return
        if await self._fault(socket, text, fail):
            return
        said = 0
        for place, each in enumerate(text):
            said += len(each.encode())
            audio = base64.b64encode(uttered(each)).decode()
            status = 2 if place == len(text) - 1 and text != STALL else 1
            data = {"audio": audio, "ced": str(said), "status": status}
            await socket.send(json.dumps({"code": 0, "message": "success", "sid": sid, "data": data}))
        if text == STALL:
            self.busy.set()
            await socket.wait_closed()

    async def super_tts(self, socket: ServerConnection) -> None:
        header = {"code": 0, "message": "success", "sid": "ase000704fa@dx16"}

        async def fail(code: int, message: str) -> None:
            await socket.send(json.dumps({"header": {**header, "code": code, "message": message, "status": 2}}))

        async def say(pcm: bytes, seq: int, status: int, rate: int) -> None:
            audio = {"encoding": "raw", "sample_rate": rate, "channels": 1, "bit_depth": 16, "frame_size": 0}
            made = {**audio, "seq": seq, "status": status, "audio": base64.b64encode(pcm).decode()}
            await socket.send(json.dumps({"header": {**header, "status": status}, "payload": {"audio": made}}))

        rate, seq, whole = 24000, 0, ""
        async for received in self.frames(socket, fail):
            frame = json.loads(received)
            if frame["header"]["app_id"] != KEYS["app_id"]:
                await fail(10313, "invalid app_id")
                return
            if "parameter" in frame:
                self.business.append(frame["parameter"]["tts"])
                rate = frame["parameter"]["tts"]["audio"]["sample_rate"]
            status = frame["header"]["status"]
            assert frame["payload"]["text"]["status"] == status
            text = base64.b64decode(frame["payload"]["text"]["text"]).decode()
            whole += text
            if await self._fault(socket, text, fail):
                return
            for each in text:
                seq += 1
                await say(uttered(each, rate), seq, 0 if seq == 1 else 1, rate)
            if whole == STALL:
                self.busy.set()
                await socket.wait_closed()
                return
            if status == 2:
                await say(b"", seq + 1, 2, rate)
                return

    async def _fault(self, socket: ServerConnection, text: str, fail: Any) -> bool:
        """Do badly what the text asks for."""
        if text == "rubbish":
            await socket.send("{rubbish")
        elif text == "closed":
            await socket.close()
        elif text.startswith("code "):
            await fail(int(text.removeprefix("code ")), f"refused {KEYS['api_secret']}")
        elif text == "stall before":
            self.busy.set()
            await socket.wait_closed()
        else:
            return False
        return True


class _Hearing:
    """What one session has heard. Results are of three characters; with correction each is first guessed wrong."""

    def __init__(self, server: IflytekServer) -> None:
        self._server = server
        self._audio = bytearray()
        self._told = 0
        self._number = 0
        self.corrects = False

    async def listen(self, socket: ServerConnection, audio: bytes, status: int, say: Any, fail: Any) -> bool:
        """True where the session is over."""
        self._audio += audio
        self._server.busy.set()
        if len(self._audio) > self._server.longest:
            await fail(10114, "session timeout")
            return True
        text = understood(bytes(self._audio))
        over = status == 2 or bool(self._server.eager and len(text) > self._server.eager)
        if over and await self._server._fault(socket, text, fail):
            return True
        if over and text == STALL:
            await socket.wait_closed()
            return True
        whole = text if over else text[:-1]  # the last character may go on
        while len(whole) - self._told >= 3 or (over and self._told < len(whole)):
            part = whole[self._told : self._told + 3]
            self._told += len(part)
            if self.corrects:
                await say(self._result("?" + part[1:], "apd"), 1)
                await say(self._result(part, "rpl", [self._number, self._number]), 1)
            else:
                await say(self._result(part), 1)
        if over:
            await say({**self._result("", "apd" if self.corrects else None), "ls": True}, 2)
        return over

    def _result(self, text: str, pgs: str | None = None, rg: list[int] | None = None) -> dict[str, Any]:
        self._number += 1
        words = [{"bg": 0, "cw": [{"w": each, "sc": 0}, {"w": "其他", "sc": 0}]} for each in text]
        result: dict[str, Any] = {"sn": self._number, "ls": False, "bg": 0, "ed": 0, "ws": words}
        if pgs:
            result["pgs"] = pgs
        if rg:
            result["rg"] = rg
        return result


def _checked(socket: ServerConnection, request: Request) -> Response | None:
    """Kong's hmac-auth, with the messages of the real gateway."""
    given = dict(parse_qsl(urlsplit(request.path).query))
    path = urlsplit(request.path).path
    own = signed_url(
        f"ws://{given.get('host', '')}{path}",
        api_key=KEYS["api_key"],
        api_secret=KEYS["api_secret"],
        date=given.get("date", http_date(0)),
    )
    if given.get("authorization") is None:
        return _refused("Unauthorized")
    if dict(parse_qsl(urlsplit(own).query))["authorization"] != given["authorization"]:
        return _refused(f"HMAC signature does not match, {base64.b64decode(given['authorization']).decode()}")
    signed_at = parse_http_date(given["date"])
    if signed_at is None or abs(time.time() - signed_at) > ALLOWED_SKEW:
        return _refused(WRONG_DATE.message, WRONG_DATE.status)
    return None


def _refused(message: str, status: int = 401) -> Response:
    body = json.dumps({"message": message}).encode()
    headers = Headers({"Content-Length": str(len(body)), "Date": http_date(time.time())})
    return Response(status, "Unauthorized" if status == 401 else "Forbidden", headers, body)


@asynccontextmanager
async def iflytek_server() -> AsyncIterator[IflytekServer]:
    made = IflytekServer()
    async with serve(made.handle, "127.0.0.1", 0, process_request=_checked, compression=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        made.url = f"ws://127.0.0.1:{port}"
        yield made
