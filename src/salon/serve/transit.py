"""The transit door: carries bytes between two browsers that have no other way to each other.

``POST /v1/transit`` makes a pipe for whoever may come in here, ``WS /v1/transit`` is each of its two ends, in the transit relay
protocol of Magic Wormhole (``salon.wire.transit``). Nothing is stored and nothing looked at: one message of each end is under way
at a time, and the next is read when the other end has taken it. A client that stops reading thereby stops its partner, and
after ``STALL_SECONDS`` both are let go.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from itertools import count
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Message, Receive, Scope, Send

from salon.base.errors import Refused
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.room.transit import Ended, Joined, Output, Reason, Terms, Transit
from salon.serve.gate import Caller, Gate, address_of
from salon.serve.limits import network_of
from salon.serve.replies import deny, json_response, read_json
from salon.transport.websocket import ABORT_EXTENSION
from salon.wire import transit as wire

DOOR = "transit"
PATH = "/v1/transit"
HANDSHAKE_SECONDS = 10.0
STALL_SECONDS = 15.0
"""Shorter than the pings of the server: who waits for a slow partner reads no pongs meanwhile."""

NORMAL, GOING_AWAY, VIOLATION, TOO_BIG, TRY_LATER, REPLACED = 1000, 1001, 1008, 1009, 1013, 4001
CODES: dict[Reason, int] = {
    "unknown": VIOLATION,
    "nobody came": TRY_LATER,
    "left": GOING_AWAY,
    "replaced": REPLACED,
    "too much": TOO_BIG,
    "silent": TRY_LATER,
}


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/transit``. ``bytes`` is how many are to go through, as far as that is known."""

    bytes: Annotated[int, Meta(ge=0)] = 0


class TransitDoor:
    """``terms`` bound what all together and each one may have carried."""

    def __init__(
        self, gate: Gate, clock: Clock, observer: Observer, terms: Terms, stall: float = STALL_SECONDS
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._observer = observer
        self._terms = terms
        self._stall = stall
        self._transit = Transit(terms)
        self._lines: dict[int, _Line] = {}
        self._numbers = count(1)
        self._earlier = asyncio.Event()
        self.carried = 0
        """Bytes, in all."""

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self.mint, methods=["POST"]), WebSocketRoute(PATH, _Socket(self))]

    @property
    def pipes(self) -> int:
        """That join two clients now."""
        return self._transit.joined

    async def mint(self, request: Request) -> Response:
        """200 with ``{"token", "side", "other_side", "max_bytes", "expires_in"}``: a pipe for two, one for each side."""
        caller = self._gate.admit(request.scope, DOOR)
        if caller.kind == "secret":
            raise Refused("A client secret is for talking only.", status=403, code="insufficient_permissions")
        if not self._terms.max_pipes:
            raise Refused(
                "This server carries no files. Set max_pipes under [transit].", status=403, code="transit_disabled"
            )
        with self._gate.hold(caller, address_of(request.scope), DOOR):
            wanted = await read_json(request, Wanted)
        if wanted.bytes > self._terms.max_bytes:
            raise Refused(
                f"This server carries at most {self._terms.max_bytes} bytes at once.", status=413, code="body_too_large"
            )
        token = secrets.token_hex(wire.TOKEN_BYTES)
        side, other = (secrets.token_hex(wire.SIDE_BYTES) for _ in range(2))
        why = self._transit.mint(_owner(caller, request.scope), token, (side, other), self._clock.now())
        if why:
            self._observer.refused(DOOR, "rate_limit_exceeded" if why == "many" else "server_full")
        if why == "many":
            raise Refused(
                f"Only {self._terms.max_pipes_of_one} transfers at once go through this server for one client.",
                status=429,
                code="rate_limit_exceeded",
                retry_after=5,
            )
        if why:
            raise Refused(
                "No more transfers go through this server now.", status=503, code="server_full", retry_after=5
            )
        self._earlier.set()
        told = {
            "token": token,
            "side": side,
            "other_side": other,
            "max_bytes": self._terms.max_bytes,
            "expires_in": self._terms.wait_ms // 1000,
        }
        return json_response(told, headers={"cache-control": "no-store"})

    async def run(self) -> None:
        """Wake the machine in time, until cancelled."""
        while True:
            self._earlier.clear()
            at = self._transit.wake_at()
            wait = None if at is None else max(0, at - self._clock.now()) / 1000
            try:
                async with asyncio.timeout(wait):
                    await self._earlier.wait()
            except TimeoutError:
                self._do(self._transit.wake(self._clock.now()))

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One end, from its request to its end."""
        with ExitStack() as stack:
            try:
                # Whoever has no token knows none: guesses are counted like connections.
                hold = stack.enter_context(self._gate.hold(self._gate.stranger, address_of(scope), DOOR))
            except Refused as refused:
                await deny(scope, receive, send, refused)
                return
            await receive()
            asked = wire.SUBPROTOCOL if wire.SUBPROTOCOL in scope.get("subprotocols", ()) else None
            await send({"type": "websocket.accept", "subprotocol": asked, "headers": []})
            abort = (scope.get("extensions") or {}).get(ABORT_EXTENSION)
            await self._hold_the_line(_Line(next(self._numbers), send, abort), receive, hold.message)

    async def _hold_the_line(self, line: _Line, receive: Receive, message: Callable[[], int]) -> None:
        self._lines[line.number] = line
        self._observer.connected(DOOR)
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(line.keep(self._stall), name="transit keeper")
                reader = group.create_task(self._read(line, receive, message), name="transit reader")
                reader.add_done_callback(lambda _: keeper.cancel())
        finally:
            del self._lines[line.number]
            self._observer.disconnected(DOOR, line.code)
            self._do(self._transit.leave(line.number))

    async def _read(self, line: _Line, receive: Receive, message: Callable[[], int]) -> None:
        data: bytes | None = b""
        with suppress(TimeoutError):
            async with asyncio.timeout(HANDSHAKE_SECONDS):
                data = line.data(await receive())
        if data is None:
            return
        asked = wire.read_handshake(data)
        if asked is None:
            self._observer.client_error(DOOR, "invalid_event")
            line.end(VIOLATION, "bad handshake", wire.BAD_HANDSHAKE)
        else:
            self._do(self._transit.join(line.number, *asked, self._clock.now()))
        while (data := line.data(await receive())) is not None:
            if not line.ending and (wait := max(message(), await self._carry(line, data))):
                await asyncio.sleep(wait / 1000)

    async def _carry(self, line: _Line, data: bytes) -> int:
        """Hand on one message. The milliseconds until the next is read."""
        other = self._lines.get(self._transit.partner(line.number) or 0)
        if other is None:
            line.end(VIOLATION, "impatient", wire.IMPATIENT)
            return 0
        if len(data) > wire.MAX_MESSAGE:
            line.end(TOO_BIG, f"a message has at most {wire.MAX_MESSAGE} bytes")
            return 0
        wait = self._transit.carry(line.number, len(data), self._clock.now())
        if wait is None:
            self._let_go(line, "too much")
            return 0
        try:
            async with asyncio.timeout(self._stall):
                await other.ready.wait()
                await other.send({"type": "websocket.send", "bytes": data})
            self.carried += len(data)
        except TimeoutError:
            other.drop()
            self._let_go(line, "silent")
        except OSError:
            # It is gone; its own task tells the machine.
            pass
        return wait

    def _let_go(self, line: _Line, reason: Reason) -> None:
        self._do([*self._transit.leave(line.number, reason), Ended(line.number, reason)])

    def _do(self, outputs: Iterable[Output]) -> None:
        for output in outputs:
            line = self._lines.get(output.connection)
            if line is None:
                continue
            match output:
                case Joined():
                    line.join()
                case Ended(_, reason):
                    if reason == "unknown":
                        self._observer.refused(DOOR, "invalid_token")
                    line.end(CODES[reason], reason)
        self._earlier.set()


class _Line:
    """One end. Its keeper alone says what the relay itself has to say, so that nobody else waits for a slow one."""

    def __init__(self, number: int, send: Send, abort: Callable[[], None] | None) -> None:
        self.number = number
        self.send = send
        self.ready = asyncio.Event()
        self.code = 1006
        self.ending = False
        self._abort = abort
        self._joined = False
        self._closed = False
        self._news = asyncio.Event()
        self._last: tuple[int, str, bytes] = (NORMAL, "", b"")

    def join(self) -> None:
        self._joined = True
        self._news.set()

    def end(self, code: int, reason: str, words: bytes = b"") -> None:
        """Say ``words`` and close. What is said later is not heard."""
        if not self.ending:
            self.ending = True
            self.code = code
            self._last = (code, reason, words)
            self._news.set()

    def drop(self) -> None:
        """It does not read: a close would wait for it."""
        self.end(TRY_LATER, "reader too slow")
        self._closed = True
        if self._abort is not None:
            self._abort()

    def data(self, message: Message) -> bytes | None:
        """What it said; None at its end."""
        if message["type"] == "websocket.disconnect":
            if not self.ending:
                self.code = message.get("code", 1006)
            return None
        data = message.get("bytes")
        return data if data is not None else str(message.get("text", "")).encode("utf-8", "surrogatepass")

    async def keep(self, patience: float) -> None:
        with suppress(OSError):
            while not self._closed:
                await self._news.wait()
                self._news.clear()
                try:
                    async with asyncio.timeout(patience):
                        await self._speak()
                except TimeoutError:
                    self.drop()

    async def _speak(self) -> None:
        if self._joined and not self.ready.is_set():
            await self.send({"type": "websocket.send", "bytes": wire.OK})
            self.ready.set()
        if self.ending:
            code, reason, words = self._last
            if words:
                await self.send({"type": "websocket.send", "bytes": words})
            await self.send({"type": "websocket.close", "code": code, "reason": reason})
            self._closed = True


class _Socket:
    """An ASGI application: what the routes need to hand on ``receive`` and ``send`` as the server gave them."""

    def __init__(self, door: TransitDoor) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door.socket(scope, receive, send)


def _owner(caller: Caller, scope: Scope) -> str:
    """Whose budget it is. On an open server that is the address, that of this machine as well."""
    return f"{caller.kind} {caller.name}" if caller.kind != "open" else f"address {network_of(address_of(scope))}"
