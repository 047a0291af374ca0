"""A client of the Centrifuge door that does exactly what a test says, and a door to talk to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from salon.app.build import new_id
from salon.app.clock import SystemClock
from salon.ports.observer import Observer
from salon.serve import http
from salon.serve.centrifuge.api import Api
from salon.serve.centrifuge.connection import Parts
from salon.serve.centrifuge.door import CentrifugeDoor
from salon.serve.centrifuge.stream import SseDoor
from salon.serve.gate import ApiKey, Gate
from salon.serve.limits import Limits
from salon.session.rooms import Rooms
from tests.fakes.rooms import open_rooms
from tests.fakes.serving import Serving, serving

SECRET = b"the secret of the tests, long enough"
KEY = "the-key-of-the-tests"


class Client:
    """Frames as lists of objects. Pings are answered where ``pong`` is true, and never shown."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pushes: list[Any] = []
        self.pong = True
        self._waiting: list[Any] = []
        self._id = 0

    async def send(self, *commands: Any) -> None:
        await self.socket.send("\n".join(json.dumps(command) for command in commands))

    async def next(self) -> Any:
        """The next reply or push."""
        while not self._waiting:
            async with asyncio.timeout(20):
                text = await self.socket.recv()
            for line in str(text).split("\n"):
                said = json.loads(line)
                if said == {}:
                    if self.pong:
                        await self.send({})
                else:
                    self._waiting.append(said)
        return self._waiting.pop(0)

    async def ask(self, **command: Any) -> Any:
        """Send a command and give the reply; what is pushed before it is kept in ``pushes``."""
        self._id += 1
        await self.send({"id": self._id, **command})
        while True:
            said = await self.next()
            if said.get("id") == self._id:
                return said
            self.pushes.append(said["push"])

    async def push(self) -> Any:
        """The next push."""
        if self.pushes:
            return self.pushes.pop(0)
        return (await self.next())["push"]

    async def connect(self, token: str = "", **data: Any) -> Any:
        return await self.ask(connect={"token": token, "data": data})

    async def closed(self) -> tuple[int | None, str | None]:
        async with asyncio.timeout(20):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason


class House:
    def __init__(self, server: Serving, rooms: Rooms, gate: Gate) -> None:
        self.server = server
        self.rooms = rooms
        self.gate = gate

    @asynccontextmanager
    async def client(self, **data: Any) -> AsyncIterator[Client]:
        """Connected, where ``user`` is given."""
        # One whose queue is full does not read the server's goodbye.
        async with connect(f"{self.server.ws}/connection/websocket", max_size=None, close_timeout=1) as socket:
            client = Client(socket)
            if data:
                assert "connect" in await client.connect(**data)
            yield client


@asynccontextmanager
async def open_house(
    *, keyed: bool = False, observer: Observer | None = None, limits: Limits | None = None, **more: Any
) -> AsyncIterator[House]:
    clock = SystemClock()
    observer = observer or Observer()
    gate = Gate(
        keys=[ApiKey("tests", KEY, admin=True)] if keyed else [],
        token_secrets=[SECRET] if keyed else [],
        limits=limits or Limits(),
        clock=clock,
        observer=observer,
    )
    async with open_rooms(clock=clock, **more) as rooms:  # type: ignore[arg-type]
        parts = Parts(rooms, gate, clock, observer, new_id, "0")
        routes = [*CentrifugeDoor(parts).routes(), *SseDoor(parts).routes(), *Api(parts).routes()]
        async with serving(http.app(routes, gate=gate)) as server:
            yield House(server, rooms, gate)
