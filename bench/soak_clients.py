"""Those who talk in ``bench.soak``: a call by libwebrtc, and a WebSocket that resumes its session. Both speak recordings."""

from __future__ import annotations

import asyncio
import base64
import json
import random
import wave
from collections import Counter, deque
from pathlib import Path
from typing import Any, Protocol

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from salon.sound.resample import Resampler
from tests.fakes.caller import DATA, PATIENCE, Caller

SESSION = {
    "type": "realtime",
    "tools": [{"type": "function", "name": "search", "parameters": {"type": "object", "properties": {}}}],
    "audio": {"input": {"transcription": {"model": "whisper-1"}}},
}
KEPT = 400


class Events:
    """What came, with a number for each. ``since`` finds the first of a kind after a number."""

    def __init__(self) -> None:
        self.number = 0
        self.codes: Counter[str] = Counter()
        """Of the errors that came."""
        self._kept: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT)
        self._changed = asyncio.Event()

    def add(self, event: dict[str, Any]) -> None:
        self.number += 1
        self._kept.append((self.number, event))
        if event["type"] == "error":
            self.codes[event["error"]["code"]] += 1
        self._changed.set()

    def since(self, number: int, *kinds: str) -> tuple[int, dict[str, Any]] | None:
        return next((each for each in self._kept if each[0] > number and each[1]["type"] in kinds), None)

    async def wait(self, number: int, *kinds: str, seconds: float) -> tuple[int, dict[str, Any]] | None:
        """The first of a kind after that number; None where it does not come in time."""
        try:
            async with asyncio.timeout(seconds):
                while (found := self.since(number, *kinds)) is None:
                    self._changed.clear()
                    await self._changed.wait()
                return found
        except TimeoutError:
            return None

    def last(self) -> str:
        return " ".join(event["type"] for _, event in list(self._kept)[-25:])


class Talker(Protocol):
    events: Events

    @property
    def alive(self) -> bool:
        """Whether the connection stands, as far as can be known here."""
        ...

    async def come(self) -> None: ...

    async def say(self, name: str) -> None:
        """Speak a recording to its end."""
        ...

    async def send(self, **event: Any) -> None: ...

    async def vanish(self) -> None:
        """Go without a word, and come back."""
        ...

    async def leave(self) -> None: ...


class ByCall:
    """``vanish`` closes the peer connection or has the call hung up by HTTP, and calls again: a call cannot be resumed."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self._url = url
        self._chance = chance
        self.events = Events()
        self.refused = 0
        self._caller: Caller
        self._running: asyncio.Task[None]
        self._group: asyncio.TaskGroup

    async def come(self) -> None:
        while not await self._call():
            # The engine takes nobody more than this machine can serve, and says so; or connecting took too long here.
            self.refused += 1
            await asyncio.sleep(1 + self._chance.random())

    async def _call(self) -> bool:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        caller = self._caller = Caller(on_event=self._heard)
        self._running = self._group.create_task(caller.microphone.run())
        before = self.events.number
        try:
            async with asyncio.timeout(PATIENCE):
                await caller.call(f"{self._url}/v1/realtime/calls?salon=1", "")
        except AssertionError as error:
            if "over_capacity" not in str(error):
                raise
            await self.leave()
            return False
        except TimeoutError:
            print(
                f"a call did not come about: {caller.pc.signaling_state} {caller.pc.ice_connection_state}", flush=True
            )
            await self.leave()
            return False
        if await self.events.wait(before, "session.created", seconds=30) is None:
            await self.leave()
            return False
        await self.send(type="session.update", session=SESSION)
        return True

    @property
    def alive(self) -> bool:
        return str(self._caller.pc.connection_state) == "connected"

    async def say(self, name: str) -> None:
        self._caller.microphone.say(name)
        while self._caller.microphone.talking:  # noqa: ASYNC110 the microphone is a clock
            await asyncio.sleep(0.05)

    async def send(self, **event: Any) -> None:
        self._caller.send(event)

    async def vanish(self) -> None:
        await self.leave()
        await asyncio.sleep(self._chance.random() * 3)
        await self.come()

    async def leave(self) -> None:
        self._running.cancel()
        self._caller.pc.close()
        await self._group.__aexit__(None, None, None)

    def _heard(self, event: dict[str, Any]) -> None:
        self.events.add(event)


class BySocket:
    """``vanish`` breaks the connection and comes back to the session, with the sound that it would have sent meanwhile lost."""

    def __init__(self, url: str, chance: random.Random) -> None:
        self._url = url.replace("http", "ws", 1)
        self._chance = chance
        self.events = Events()
        self._connection: ClientConnection
        self._group: asyncio.TaskGroup
        self._tasks: list[asyncio.Task[None]] = []
        self._token = ""
        self._seen = ""
        self._speech: deque[bytes] = deque()

    async def come(self) -> None:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        before = self.events.number
        query = f"resume={self._token}&last_event_id={self._seen}" if self._token else "resume=new"
        self._connection = await connect(
            f"{self._url}/v1/realtime?model=host&{query}", proxy=None, compression=None, max_size=None
        )
        self._tasks = [self._group.create_task(self._read()), self._group.create_task(self._talk())]
        found = await self.events.wait(before, "session.created", "salon.session.resumed", seconds=30)
        assert found is not None, "a socket without a session"
        if found[1]["type"] == "session.created":
            self._token = found[1]["session"]["salon"]["resume_token"]
            await self.send(type="session.update", session=SESSION)

    @property
    def alive(self) -> bool:
        return self._connection.state.name == "OPEN"

    async def say(self, name: str) -> None:
        with wave.open(str(DATA / name)) as file:
            pcm = Resampler(16_000, 24_000).push(file.readframes(file.getnframes()))
        self._speech.extend(pcm[at : at + 4800] for at in range(0, len(pcm), 4800))
        while self._speech:  # noqa: ASYNC110 as above
            await asyncio.sleep(0.05)

    async def send(self, **event: Any) -> None:
        try:
            await self._connection.send(json.dumps(event))
        except ConnectionClosed:
            return

    async def vanish(self) -> None:
        await self._drop()
        await asyncio.sleep(self._chance.random() * 3)
        await self.come()

    async def leave(self) -> None:
        await self._connection.close()
        await self._drop()

    async def _drop(self) -> None:
        self._connection.transport.abort()
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)

    async def _read(self) -> None:
        try:
            async for text in self._connection:
                event = json.loads(text)
                if event["type"] == "response.output_audio.delta":
                    event["delta"] = ""
                self._seen = event["event_id"]
                self.events.add(event)
        except ConnectionClosed:
            return

    async def _talk(self) -> None:
        """The microphone: 100 ms every 100 ms."""
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while True:
            pcm = self._speech.popleft() if self._speech else bytes(4800)
            await self.send(type="input_audio_buffer.append", audio=base64.b64encode(pcm.ljust(4800, b"\0")).decode())
            number += 1
            await asyncio.sleep(max(0, start + number / 10 - loop.time()))


RECORDINGS = ("what-can-you-do.wav", "ni-neng-zuo-shenme.wav")
NOD = "mhm.wav"
for _name in (*RECORDINGS, NOD):
    assert (Path(DATA) / _name).exists(), _name
