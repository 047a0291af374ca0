"""ASGI from one process of ours to another: here the connection to a client, there the application that answers it.

::

    client ── Tunnel.request, Tunnel.websocket ── Line ── Answering ── application
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from salon.transport.line import Line
from salon.wire.workers import Exchange, Message, Open, Over, Said, Taken

logger = logging.getLogger(__name__)

# What of a scope is plain data, and means the same elsewhere.
KEPT = ("type", "http_version", "method", "scheme", "path", "query_string", "root_path", "subprotocols")
DENIAL = "websocket.http.response"


class Lost(Exception):
    """The process at the other end is gone, or does not answer."""


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class _Talk:
    """One exchange, seen from either end."""

    def __init__(self, number: int, line: Line) -> None:
        self.number = number
        self.over = False
        self._line = line
        self._messages: deque[Message] = deque()
        self._changed = asyncio.Event()
        self._untaken = 0

    def take(self, frame: Said | Taken | Over | None) -> None:
        """None: there is nobody at the other end any more."""
        match frame:
            case Said(_, message):
                self._messages.append(message)
            case Taken():
                self._untaken -= 1
            case _:
                self.over = True
        self._changed.set()

    async def next(self) -> Message | None:
        """None when the other end is done."""
        while not self._messages:
            if self.over:
                return None
            await self._change()
        self._line.send(Taken(self.number))
        return self._messages.popleft()

    def say(self, message: Message) -> None:
        self._untaken += 1
        self._line.send(Said(self.number, message))

    async def taken(self) -> None:
        """All that was said has been taken, or never will be."""
        while self._untaken > 0 and not self.over:
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


class Tunnel:
    """The client's end."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._numbers = count(1)
        self._talks: dict[int, _Talk] = {}

    def take(self, frame: Exchange) -> None:
        """A frame that the line brought."""
        talk = self._talks.get(frame.id)
        if talk is not None and not isinstance(frame, Open):
            talk.take(frame)

    def lose(self) -> None:
        """Nothing more will come."""
        for talk in self._talks.values():
            talk.take(None)

    async def request(self, scope: Scope, body: bytes, within: float) -> Answer:
        """Ask, and wait for the whole answer, ``within`` seconds. Raises ``Lost``."""
        talk = self._open(scope)
        try:
            async with asyncio.timeout(within):
                talk.say({"type": "http.request", "body": body, "more_body": False})
                start, parts = None, []
                while (message := await talk.next()) is not None:
                    if message["type"] == "http.response.start":
                        start = message
                    else:
                        parts.append(message.get("body", b""))
        except TimeoutError:
            raise Lost from None
        finally:
            self._close(talk)
        if start is None or self._line.over.is_set():
            raise Lost
        return Answer(start["status"], [(name, value) for name, value in start["headers"]], b"".join(parts))

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Carry a WebSocket to its end. Raises ``Lost`` where it was not accepted before the other process was gone."""
        talk = self._open(scope)
        accepted = closed = False
        try:
            async with asyncio.TaskGroup() as group:
                up = group.create_task(_carry_up(talk, receive))
                while (message := await talk.next()) is not None:
                    accepted = accepted or message["type"] != "websocket.close"
                    closed = closed or message["type"] in ("websocket.close", f"{DENIAL}.body")
                    with suppress(OSError):  # the client is gone: the other end hears of it from ``up``
                        await send(message)
                up.cancel()
        finally:
            self._close(talk)
        if not self._line.over.is_set():
            return
        if not accepted:
            raise Lost
        if not closed:
            with suppress(OSError, RuntimeError):
                await send({"type": "websocket.close", "code": 1011, "reason": "the call's process ended"})

    def _open(self, scope: Scope) -> _Talk:
        if self._line.over.is_set():
            raise Lost
        talk = _Talk(next(self._numbers), self._line)
        self._talks[talk.number] = talk
        self._line.send(Open(talk.number, dict(scope)))
        return talk

    def _close(self, talk: _Talk) -> None:
        del self._talks[talk.number]
        if not talk.over:
            self._line.send(Over(talk.number))


class Answering:
    """The application's end. ``before`` is called before anything is said. Run ``group`` as long as the line lasts."""

    def __init__(self, line: Line, app: ASGIApp, group: asyncio.TaskGroup, before: Callable[[], None]) -> None:
        self._line = line
        self._app = app
        self._group = group
        self._before = before
        self._talks: dict[int, tuple[_Talk, asyncio.Task[None]]] = {}

    def take(self, frame: Exchange) -> None:
        if isinstance(frame, Open):
            talk = _Talk(frame.id, self._line)
            task = self._group.create_task(self._answer(talk, _scope(frame.scope)))
            self._talks[frame.id] = talk, task
            task.add_done_callback(lambda _: self._done(talk.number))
        elif (known := self._talks.get(frame.id)) is not None:
            talk, task = known
            if isinstance(frame, Over):
                # What it has begun is its own to end: as for a server whose client went away.
                task.cancel()
            talk.take(frame)

    def lose(self) -> None:
        """The client's end is gone."""
        for talk, task in self._talks.values():
            talk.take(None)
            task.cancel()

    async def _answer(self, talk: _Talk, scope: Scope) -> None:
        waits = scope["type"] == "websocket"

        async def receive() -> Message:
            gone = {"type": "websocket.disconnect", "code": 1006} if waits else {"type": "http.disconnect"}
            return await talk.next() or gone

        async def send(message: Any) -> None:
            if talk.over:
                raise OSError("nobody waits for this any more")
            self._before()
            talk.say(message)
            if waits:
                await talk.taken()

        try:
            await self._app(scope, receive, send)
        except Exception:
            logger.exception("A request failed")

    def _done(self, number: int) -> None:
        del self._talks[number]
        self._before()
        self._line.send(Over(number))


async def _carry_up(talk: _Talk, receive: Receive) -> None:
    while True:
        message = await receive()
        talk.say(dict(message))
        if message["type"] == "websocket.disconnect":
            return
        await talk.taken()


def reduced(scope: Scope, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """A scope as plain data, with these headers."""
    found = {name: scope[name] for name in KEPT if name in scope}
    client = scope.get("client")
    extensions: dict[str, Any] = {DENIAL: {}} if DENIAL in (scope.get("extensions") or {}) else {}
    return {**found, "headers": headers, "client": list(client) if client else None, "extensions": extensions}


def _scope(told: dict[str, Any]) -> Scope:
    headers = [(bytes(name), bytes(value)) for name, value in told["headers"]]
    return {**told, "asgi": {"version": "3.0"}, "headers": headers, "state": {}}
