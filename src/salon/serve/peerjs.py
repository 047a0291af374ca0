"""The PeerJS door: two browsers find each other by id, with npm ``peerjs`` as it is.

``GET /peerjs/id`` gives a free id, ``WS /peerjs?key=peerjs&id=&token=`` holds one. What the client sets as ``path`` comes before:
``/`` and ``/peerjs`` both lead here. On an open server an id belongs to whoever comes first, by the token that its client
made; on others ``token`` is a grant, and the id is the grant's.

Who cannot come in now but may later (429, 503) is refused by HTTP: the client is then disconnected and can ``reconnect()``.
Who can never come in is told so with an ERROR, which ends the client.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from typing import NamedTuple

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Receive, Scope, Send

from salon.base.errors import ClientError, Refused
from salon.base.ids import NewId
from salon.base.rooms import Kick
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.room.signaling import Deliver, Expired, Full, Left, Opened, Output, Replaced, Signaling, Silent, Taken, Terms
from salon.serve.gate import Caller, Gate, address_of, draining
from salon.serve.limits import Bucket
from salon.serve.replies import deny, json_response
from salon.transport.outbox import Outbox
from salon.transport.websocket import WebSocketLink
from salon.wire import peerjs

DOOR = "peerjs"
KEY = "peerjs"
PREFIXES = ("/peerjs", "/peerjs/peerjs")
"""Where the client goes with ``path: "/"`` and with ``path: "/peerjs"``; it adds ``peerjs`` to either."""

NORMAL, GOING_AWAY, NO_CODE = 1000, 1001, 1005
VIOLATION, TOO_BIG, TRY_LATER = 1008, 1009, 1013
CAME_BACK = 4001
# ``peer.disconnect()`` "does not close any active connections" (the client's documentation).
QUIETLY = frozenset({NORMAL, NO_CODE})

MESSAGES_PER_SECOND, SECONDS_AT_ONCE = 50, 6
"""Of one id. Six who meet in a mesh say some 120 messages each in the first second."""
CHARGED_BYTES = 4096
"""A message counts once for each of these that it begins."""

OUTBOX_MESSAGES, OUTBOX_BYTES = 1024, 1024 * 1024
"""What waits for one client. Others fill half of it at most, which is as much as waits for one who is absent."""


class PeerJsDoor:
    """``discovery`` lets everybody list the ids that are here; on a server with keys, everybody with a credential. ``check_name``
    raises ``Refused`` for one who is to stay away."""

    def __init__(
        self,
        gate: Gate,
        clock: Clock,
        observer: Observer,
        new_id: NewId,
        *,
        discovery: bool = False,
        messages_per_second: int = MESSAGES_PER_SECOND,
        terms: Terms = Terms(),  # noqa: B008  (immutable)
        check_name: Callable[[str], None] = lambda name: None,
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._observer = observer
        self._new_id = new_id
        self._discovery = discovery
        self._messages_per_second = messages_per_second
        self._check_name = check_name
        self._signaling = Signaling(terms)
        self._lines: dict[int, _Line] = {}
        self._numbers = count(1)
        self._wake_at: int | None = None
        self._earlier = asyncio.Event()

    def routes(self) -> list[BaseRoute]:
        return [
            route
            for prefix in PREFIXES
            for route in (
                Route(f"{prefix}/id", self.id, methods=["GET"]),
                Route(f"{prefix}/peers", self.peers, methods=["GET"]),
                WebSocketRoute(prefix, _Socket(self)),
            )
        ]

    async def id(self, _: Request) -> Response:
        """An id that nobody has. It needs no credential: the client sends none, and an id alone opens nothing."""
        if self._gate.draining:
            raise draining()
        return PlainTextResponse(self._new_id("peer"), headers={"cache-control": "no-store"})

    async def peers(self, request: Request) -> Response:
        if not self._discovery:
            # PeerServer's answer; the client explains it to its developer.
            raise Refused("This server does not list peers.", status=401, code="insufficient_permissions")
        self._gate.admit(request.scope, DOOR)
        return json_response(self._signaling.peers, headers={"cache-control": "no-store"})

    def kick(self, kick: Kick) -> None:
        """End what this user or id has here."""
        if kick.room or kick.topic:
            return
        for line in [line for line in self._lines.values() if kick.target in ("", line.id, line.user)]:
            self._observer.refused(DOOR, "kicked")
            line.link.send(peerjs.error("You were removed."))
            line.link.close(VIOLATION, "kicked")
            self._do(self._signaling.leave(line.number, tell=True))

    async def run(self) -> None:
        """Wake the machine in time, until cancelled."""
        while True:
            self._wake_at = self._signaling.wake_at()
            self._earlier.clear()
            wait = None if self._wake_at is None else max(0, self._wake_at - self._clock.now()) / 1000
            try:
                async with asyncio.timeout(wait):
                    await self._earlier.wait()
            except TimeoutError:
                self._do(self._signaling.wake(self._clock.now()))

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One WebSocket, from its request to its end."""
        with ExitStack() as stack:
            try:
                asked = self._ask(scope, QueryParams(scope["query_string"]))
                hold = stack.enter_context(self._gate.hold(asked.caller, address_of(scope), DOOR))
            except Refused as refused:
                await deny(scope, receive, send, refused)
                return
            await receive()
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
            outbox = Outbox(OUTBOX_MESSAGES, OUTBOX_BYTES)
            link = WebSocketLink(scope, receive, send, door=DOOR, observer=self._observer, outbox=outbox)
            if asked.complaint:
                link.send(peerjs.error(asked.complaint))
                link.close(VIOLATION, "refused")
                await link.run(lambda text: None)
                return
            await self._hold_the_line(asked, link, hold.message)

    async def _hold_the_line(self, asked: _Asked, link: WebSocketLink, message: Callable[[], int]) -> None:
        number = next(self._numbers)
        line = self._lines[number] = _Line(number, asked.id, asked.user, link, self._messages_per_second)
        code = VIOLATION
        try:
            self._do(self._signaling.join(number, asked.id, asked.owner, self._clock.now()))
            code = await link.run(
                lambda text: self._hear(line, text),
                lambda data: self._break_off(line, ClientError("Messages are text."), VIOLATION),
                lambda: max(message(), line.charge(self._clock.now())),
            )
        finally:
            del self._lines[number]
            if code in QUIETLY or code == GOING_AWAY:
                # A page that goes away takes its connections with it.
                self._do(self._signaling.leave(number, tell=code == GOING_AWAY))
            else:
                self._do(self._signaling.lose(number, self._clock.now()))

    def _hear(self, line: _Line, text: str) -> None:
        self._signaling.hear(line.number, self._clock.now())
        line.size = size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        if size > peerjs.MAX_MESSAGE:
            big = ClientError(f"A message has at most {peerjs.MAX_MESSAGE} bytes.", code="invalid_value")
            self._break_off(line, big, TOO_BIG)
            return
        try:
            heard = peerjs.decode(text)
        except ClientError as error:
            if error.code == "invalid_event":
                self._break_off(line, error, VIOLATION)
            else:
                # As PeerServer does: a newer client may say more than this one knows, and an ERROR would end it.
                self._observer.client_error(DOOR, error.code)
            return
        if heard.type != peerjs.HEARTBEAT:
            self._pass_on(line, heard, size)

    def _pass_on(self, line: _Line, heard: peerjs.Heard, size: int) -> None:
        signaling, number = self._signaling, line.number
        if heard.type == peerjs.LEAVE and not heard.dst:
            self._do(signaling.leave(number, tell=True))
            line.link.close(NORMAL, "left")
        elif not peerjs.is_id(heard.dst):
            # Nobody can have this id, so that nobody is waited for.
            if heard.type == peerjs.OFFER:
                line.link.send(peerjs.expired(heard.dst, line.id))
        elif heard.type == peerjs.LEAVE:
            self._do(signaling.hang_up(number, heard.dst, peerjs.relayed(heard, line.id)))
        else:
            text, opens = peerjs.relayed(heard, line.id), heard.type == peerjs.OFFER
            self._do(signaling.say(number, heard.dst, text, size, self._clock.now(), opens=opens))

    def _break_off(self, line: _Line, error: ClientError, code: int) -> None:
        self._observer.client_error(DOOR, error.code)
        line.link.send(peerjs.error(error.message))
        line.link.close(code, error.code)

    def _do(self, outputs: list[Output]) -> None:
        for output in outputs:
            # A line that has just ended is told nothing more.
            line = self._lines.get(output.connection)
            if line is not None:
                self._tell(line, output)
        at = self._signaling.wake_at()
        if at is not None and (self._wake_at is None or at < self._wake_at):
            self._earlier.set()

    def _tell(self, line: _Line, output: Output) -> None:
        link = line.link
        match output:
            case Deliver(_, src, dst, text):
                # Others fill a client's outbox by half and no more: a flood never closes the one it is meant for.
                if link.crowded:
                    self._do(self._signaling.congested(src, dst, self._clock.now()))
                else:
                    link.send(text)
            case Expired(_, src, dst):
                link.send(peerjs.expired(dst, src))
            case Left(_, peer, partner):
                link.send(peerjs.left(peer, partner))
            case Opened():
                # PeerServer says it to new ids only; its client then never learns that it is back.
                link.send(peerjs.OPEN)
            case Replaced():
                link.close(CAME_BACK, "this id came back on another connection")
            case Silent():
                link.close(TRY_LATER, "no heartbeat")
            case Taken():
                self._observer.refused(DOOR, "id_taken")
                link.send(peerjs.ID_TAKEN)
                link.close(VIOLATION, "the id is taken")
            case Full():
                self._observer.refused(DOOR, "server_full")
                link.send(peerjs.error(peerjs.FULL))
                link.close(TRY_LATER, "too many peers")

    def _ask(self, scope: Scope, query: QueryParams) -> _Asked:
        """What a handshake asks for. Raises ``Refused`` for what may be different later."""
        id, token, key = (query.get(name, "") for name in ("id", "token", "key"))
        if not (id and token and key):
            return self._turn_away("missing_required_parameter", peerjs.NO_PARAMETERS)
        if key != KEY:
            return self._turn_away("invalid_value", peerjs.INVALID_KEY)
        if not peerjs.is_id(id):
            return self._turn_away(
                "invalid_value",
                f"Invalid id provided: letters and digits, with single -, _ or spaces between, at most {peerjs.MAX_ID}",
            )
        try:
            caller = self._gate.admit(scope, DOOR, credential=token)
        except Refused as refused:
            if refused.retryable or refused.status != 401:
                raise
            return self._complaint(f"{peerjs.INVALID_TOKEN}: {refused.message}")
        self._check_name(id)
        if caller.kind == "open":
            return _Asked(caller, id, _digest("token", token))
        if caller.claims is None:
            # It stands in a URL, where a key has no place.
            return self._turn_away(
                "insufficient_permissions", f"{peerjs.INVALID_TOKEN}: it has to be a signed token (salon token)."
            )
        bound = caller.claims.salon.peer or caller.claims.sub
        if id != bound:
            return self._turn_away("insufficient_permissions", f"{peerjs.INVALID_TOKEN}: it is for the id {bound!r}.")
        user = caller.claims.sub
        self._check_name(user)
        return _Asked(caller, id, _digest("user", caller.name), user)

    def _turn_away(self, code: str, words: str) -> _Asked:
        self._observer.refused(DOOR, code)
        return self._complaint(words)

    def _complaint(self, words: str) -> _Asked:
        return _Asked(self._gate.stranger, "", b"", complaint=words)


class _Asked(NamedTuple):
    """``owner`` is the same for all connections of one; ``user`` whose the token is; ``complaint`` why it is turned away, empty
    where it is not."""

    caller: Caller
    id: str
    owner: bytes
    user: str = ""
    complaint: str = ""


class _Line:
    """One client's connection while it holds, or tries to hold, an id."""

    __slots__ = ("_bucket", "id", "link", "number", "size", "user")

    def __init__(self, number: int, id: str, user: str, link: WebSocketLink, per_second: int) -> None:
        self.number = number
        self.id = id
        self.user = user
        self.link = link
        self.size = 0
        self._bucket = Bucket(per_second, per_second * SECONDS_AT_ONCE)

    def charge(self, now: int) -> int:
        """Count the message that came last. The milliseconds until the next one is read."""
        return max(self._bucket.charge(now) for _ in range(1 + self.size // CHARGED_BYTES))


class _Socket:
    """An ASGI application: what the routes need to hand on ``receive`` and ``send`` as the server gave them."""

    def __init__(self, door: PeerJsDoor) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door.socket(scope, receive, send)


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).digest()
