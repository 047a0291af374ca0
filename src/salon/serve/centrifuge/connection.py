"""One client over a WebSocket: its commands, one after the other, and what the rooms tell it.

::

    (nothing) ──connect──> connected ──subscribe, publish, …──> … ──close──> over
        └── 15 s without it: 3502

Commands are answered in their order, except publishing: publications begin in their order and are answered when they are kept,
so that a client's hundred messages do not wait for a hundred disks.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from starlette.types import Scope

from salon.base.errors import ClientError, Refused, SalonError
from salon.base.ids import NewId
from salon.base.rooms import Position
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.room.machine import Welcome
from salon.serve.centrifuge import calls
from salon.serve.centrifuge.grants import Participant, participant
from salon.serve.centrifuge.telling import FAREWELLS, Telling, telling_of, welcomed
from salon.serve.gate import Caller, Gate, Hold, credential_of
from salon.session.member import Farewell, Member, Told
from salon.session.rooms import Rooms
from salon.transport.outbox import Outbox
from salon.transport.websocket import WebSocketLink
from salon.wire.centrifuge import codes, commands, encode, topics
from salon.wire.centrifuge.encode import ConnectResult, Nothing, SubscribeResult

logger = logging.getLogger(__name__)

DOOR: Final = "centrifuge"
PING_SECONDS: Final = 25
PONG_SECONDS: Final = 10
CONNECT_SECONDS: Final = 15
EXPIRY_GRACE_SECONDS: Final = 25
"""Between the end of a token and that of its connection: a client asks for a new one when the old has ended."""
MAX_PENDING: Final = 8192
MAX_PUBLISHING: Final = 64
CROWDED_MESSAGES, CROWDED_BYTES = 64, 128 * 1024
"""From here on what can wait is not sent: a reader of ``latest`` or of a state is then given the newest only."""


class Parts(NamedTuple):
    """What connections are made of: the door's own."""

    rooms: Rooms
    gate: Gate
    clock: Clock
    observer: Observer
    new_id: NewId
    version: str


class Connection:
    """The ``Ear`` of a WebSocket. ``group`` is where its work runs."""

    def __init__(
        self, parts: Parts, link: WebSocketLink, outbox: Outbox, scope: Scope, hold: Hold, group: asyncio.TaskGroup
    ) -> None:
        self._rooms, self._gate, self._clock, self._observer, self._new_id, self._version = parts
        self._link = link
        self._share = link.share
        self._outbox = outbox
        self._scope = scope
        self._hold = hold
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._member: Member | None = None
        self._caller: Caller | None = None
        self._participant: Participant | None = None
        # Commands that wait, while there are any: an idle connection holds no queue.
        self._pending: deque[commands.Heard | commands.Unreadable] | None = None
        self._publishing: set[asyncio.Task[None]] | None = None
        # What is told while the answer to connect is not there yet.
        self._held: list[Telling] | None = None
        self._alive = False
        self._timer = self._loop.call_later(CONNECT_SECONDS, self.end, codes.STALE)
        self._expiry: asyncio.TimerHandle | None = None

    @property
    def member(self) -> Member | None:
        return self._member

    def over(self) -> None:
        self._timer.cancel()
        if self._expiry is not None:
            self._expiry.cancel()
        self._pending = None

    def end(self, ending: codes.Ending) -> None:
        self._link.close(ending.code, ending.reason)

    # --- as the rooms see it

    def tell(self, told: Told) -> None:
        # Hot: once for each subscriber of each message; what it is told has been made for the first of them.
        made = told.made
        telling = made if type(made) is Telling else telling_of(told)
        if self._held is None:
            self._share(telling)
        else:
            self._held.append(telling)

    @property
    def crowded(self) -> bool:
        return self._link.stuck or len(self._outbox) > CROWDED_MESSAGES or self._outbox.bytes > CROWDED_BYTES

    async def drained(self) -> None:
        await self._outbox.emptied()
        await self._link.unstuck()

    def invite(self, channel: str) -> None:
        self._group.create_task(self._invited(channel))

    def renew(self, until: int) -> None:
        self._expire_at(until)
        if until:
            self._link.send(encode.refreshed(max(0, until - self._clock.unix())).socket)

    def close(self, reason: Farewell) -> None:
        self.end(FAREWELLS[reason])

    # --- as its client sees it

    def hear(self, text: str) -> None:
        self._alive = True
        if text == encode.PING:  # its pong
            return
        pending = self._pending if self._pending is not None else deque()
        try:
            for heard in commands.decode(text):
                if isinstance(heard, commands.Heard) and heard.request is None and not heard.id:
                    continue  # a pong
                pending.append(heard)
        except ClientError as error:
            self._observer.client_error(DOOR, error.code)
            self.end(codes.TOO_BIG if error.code == "data_too_large" else codes.BAD_FRAME)
            return
        if len(pending) > MAX_PENDING:
            self._observer.client_error(DOOR, "rate_limit_exceeded")
            self.end(codes.TOO_MANY)
        elif pending and self._pending is None:
            self._pending = pending
            self._group.create_task(self._work(pending))

    async def _work(self, pending: deque[commands.Heard | commands.Unreadable]) -> None:
        try:
            while pending and not self._link.closing:
                heard = pending.popleft()
                await self._obey(heard)
                if _publishes(heard) and not (pending and _publishes(pending[0])):
                    # They have begun, and so has their place among the others, before the next command is looked at.
                    await asyncio.sleep(0)
        finally:
            self._pending = None

    async def _obey(self, heard: commands.Heard | commands.Unreadable) -> None:
        if isinstance(heard, commands.Unreadable):
            self._observer.client_error(DOOR, "invalid_value")
            self._link.send(encode.error(heard.id, codes.BAD_REQUEST, f"This command cannot be read: {heard.why}."))
            return
        if not heard.id and not isinstance(heard.request, commands.Send):
            # Every command but send is answered, and this one gives nothing to answer to.
            self.end(codes.BAD_FRAME)
            return
        if isinstance(heard.request, commands.Connect):
            await self._guard(heard.id, lambda: self._connect(heard.id, heard.request))
        elif self._member is None:
            self.end(codes.BAD_FRAME)
        elif _publishes(heard):
            await self._publish(heard)
        else:
            await self._guard(heard.id, lambda: self._dispatch(heard))

    async def _publish(self, heard: commands.Heard) -> None:
        """Begun in its place among the others, and answered when it is kept."""
        if self._publishing is None:
            self._publishing = set()
        while len(self._publishing) >= MAX_PUBLISHING:
            await asyncio.wait(self._publishing, return_when=asyncio.FIRST_COMPLETED)
        task = self._group.create_task(self._guard(heard.id, lambda: self._dispatch(heard)))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)

    async def _guard(self, id: int, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (ClientError, Refused) as error:
            self._complain(id, error)
        except Exception:
            logger.exception("A command of a client failed")
            self._link.send(encode.error(id, codes.INTERNAL, "Something went wrong in this server."))

    def _complain(self, id: int, error: SalonError) -> None:
        self._observer.client_error(DOOR, error.code)
        if id:
            self._link.send(encode.error(id, codes.number_of(error), str(error)))

    async def _dispatch(self, heard: commands.Heard) -> None:
        member, request = self._member, heard.request
        assert member is not None
        match request:
            case commands.Subscribe():
                await self._subscribe(member, heard.id, request)
            case commands.Refresh(token=token):
                self._refresh(heard.id, token)
            case commands.Connect():
                raise ClientError("This connection is connected already.", code="invalid_event")
            case commands.Ping():
                self._link.send(encode.reply(heard.id, "ping", Nothing()))
            case None:
                raise ClientError(f"There is no command {heard.method!r}.", code="method_not_found")
            case commands.Send():
                member.take("rpc")  # nothing here listens to messages without an answer
            case _:
                result = await calls.call(member, request)
                self._link.send(encode.reply(heard.id, heard.method, result))

    # --- connecting

    async def _connect(self, id: int, request: commands.Request | None) -> None:
        assert isinstance(request, commands.Connect)
        if self._member is not None:
            self.end(codes.BAD_FRAME)
            return
        try:
            caller = self._admit(request.token)
            self._hold.name(caller)
            who = participant(caller, topics.read(bytes(request.data), topics.ConnectData), self._new_id)
            self._rooms.rates.take(who.identity, "connect", self._clock.now())
            member = self._rooms.enter(
                who.identity,
                self,
                grants=who.grants,
                kind=who.kind,
                info=who.info,
                session=who.session,
                proof=who.proof,
            )
        except (ClientError, Refused) as error:
            self._turn_away(id, error)
            return
        self._caller, self._participant, self._member = caller, who, member
        self._held = []
        subs: dict[str, SubscribeResult] = {}
        for channel in who.channels:
            await self._bring(member, channel, request.subs.get(channel), subs)
        ttl = max(1, who.expires_at - self._clock.unix()) if who.expires_at else 0
        self._expire_at(who.expires_at)
        result = ConnectResult(
            client=member.who.session,
            version=self._version,
            expires=bool(ttl),
            ttl=ttl,
            data=encode.raw(encode.welcome_data(member.who.identity)),
            subs=subs,
            ping=PING_SECONDS,
            pong=True,
            time=self._clock.unix() * 1000,
        )
        self._link.send(encode.reply(id, "connect", result))
        held, self._held = self._held, None
        for telling in held:
            self._link.share(telling)
        self._timer.cancel()
        self._timer = self._loop.call_later(PING_SECONDS, self._ping)

    def _admit(self, token: str) -> Caller:
        return self._gate.admit(self._scope, DOOR, credential=token or credential_of(self._scope))

    def _turn_away(self, id: int, error: ClientError | Refused) -> None:
        """A verdict: whether the client is to come back, with another token, or not at all."""
        if error.code == "token_expired" or (isinstance(error, Refused) and error.status == 429):
            self._complain(id, error)
        elif isinstance(error, Refused) and error.status == 503:
            self.end(codes.SHUTDOWN)
        elif isinstance(error, Refused) and error.status == 401:
            self.end(codes.INVALID_TOKEN)
        elif isinstance(error, Refused):
            self.end(codes.Ending(codes.DENIED.code, error.code))
        else:
            self._observer.client_error(DOOR, error.code)
            self.end(codes.Ending(codes.BAD_FRAME.code, str(error)))

    async def _bring(
        self, member: Member, channel: str, resume: commands.Resume | None, subs: dict[str, SubscribeResult]
    ) -> None:
        """A subscription that the token asks for. One that cannot be is left out; the rest of the connection is good."""
        since = Position(resume.offset, resume.epoch) if resume is not None and resume.recover else None

        def keep(welcome: Welcome) -> None:
            subs[channel] = _recovering(welcomed(welcome), since)

        try:
            await member.subscribe(channel, keep, since=since, allowed=True)
        except (ClientError, Refused) as error:
            self._observer.client_error(DOOR, error.code)

    async def _invited(self, channel: str) -> None:
        def say(welcome: Welcome) -> None:
            self._link.send(encode.subscribed(channel, welcomed(welcome)).socket)

        if self._member is not None:
            try:
                await self._member.subscribe(channel, say, allowed=True)
            except (ClientError, Refused) as error:
                logger.warning("A subscription from the server failed: %s", error)

    def _refresh(self, id: int, token: str) -> None:
        member, before = self._member, self._participant
        assert member is not None and before is not None
        try:
            caller = self._admit(token)
        except Refused as refused:
            if refused.status != 401 or refused.code == "token_expired":
                raise
            self.end(codes.INVALID_TOKEN)
            return
        who = participant(caller, topics.ConnectData(user=before.identity), self._new_id)
        if who.identity != before.identity and caller.claims is not None:
            self.end(codes.INVALID_TOKEN)
            return
        member.grants = who.grants
        self._expire_at(who.expires_at)
        ttl = max(1, who.expires_at - self._clock.unix()) if who.expires_at else 0
        result = encode.RefreshResult(member.who.session, self._version, bool(ttl), ttl)
        self._link.send(encode.reply(id, "refresh", result))

    def _expire_at(self, at: int) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if at:
            wait = max(0, at - self._clock.unix()) + EXPIRY_GRACE_SECONDS
            # A timer longer than this would overflow; it looks again then.
            self._expiry = self._loop.call_later(min(wait, 86_400), self._expired, at)

    def _expired(self, at: int) -> None:
        if self._clock.unix() >= at:
            self.end(codes.CONNECTION_EXPIRED)
        else:
            self._expire_at(at)

    # --- subscribing

    async def _subscribe(self, member: Member, id: int, request: commands.Subscribe) -> None:
        channel = request.channel
        if request.type:
            raise ClientError("Only plain subscriptions are served here.", code="wrong_mode")
        allowed = bool(request.token) and self._token_allows(member, channel, request.token)
        asked = topics.read(bytes(request.data), topics.SubscribeData)
        since = Position(request.offset, request.epoch) if request.recover else None

        def answer(welcome: Welcome) -> None:
            result = _recovering(welcomed(welcome), since)
            self._link.send(encode.reply(id, "subscribe", result))

        await member.subscribe(channel, answer, since=since, rate=asked.rate, watch=request.join_leave, allowed=allowed)

    def _token_allows(self, member: Member, channel: str, token: str) -> bool:
        """A token for one channel, as Centrifugo has them: claim ``channel``, and the same ``sub``."""
        claims = self._admit(token).claims
        if claims is None or claims.channel != channel or claims.sub not in ("", member.who.identity):
            raise ClientError("This token is not for this subscription.", code="room_forbidden")
        return True

    # --- time

    def _ping(self) -> None:
        self._alive = False
        self._link.heard()
        self._link.send(encode.PING)
        self._timer = self._loop.call_later(PONG_SECONDS, self._pong)

    def _pong(self) -> None:
        if not self._alive and not self._link.heard():
            self.end(codes.NO_PONG)
        else:
            self._timer = self._loop.call_later(PING_SECONDS - PONG_SECONDS, self._ping)


def _publishes(heard: commands.Heard | commands.Unreadable) -> bool:
    return isinstance(heard, commands.Heard) and calls.publishes(heard.request)


def _recovering(result: SubscribeResult, since: Position | None) -> SubscribeResult:
    if since is None:
        return encode.without_recovery(result)
    return encode.recovering(result)
