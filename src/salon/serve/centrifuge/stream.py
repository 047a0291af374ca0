"""``GET /connection/sse``: a one-way connection for ``EventSource``, ``curl -N`` and whatever reads lines.

``cf_connect`` is a connect request as JSON (URL-encoded), whose ``subs`` say where the reader stood; ``channel``, as often as
wanted, and ``token`` are the short form. Every push is one ``data:`` line: first ``connect``, then what happens, last
``disconnect``, whose ``reconnect`` says whether to come back; ``{}`` is a ping.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Final

from starlette.datastructures import QueryParams
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from salon.base.errors import ClientError, Refused
from salon.base.rooms import Position
from salon.room.machine import Welcome
from salon.serve.centrifuge.connection import DOOR, PING_SECONDS, Parts
from salon.serve.centrifuge.grants import Participant, participant
from salon.serve.centrifuge.telling import FAREWELLS, telling_of, welcomed
from salon.serve.credentials import address_of, credential_of
from salon.serve.replies import refusal
from salon.session.member import Farewell, Member, Told
from salon.transport.outbox import Outbox
from salon.wire.centrifuge import codes, commands, encode, topics
from salon.wire.centrifuge.encode import ConnectResult, SubscribeResult

OUTBOX_MESSAGES, OUTBOX_BYTES = 4096, 8 * 1024 * 1024
WRITE_SECONDS: Final = 20.0
MAX_CHANNELS: Final = 128


class SseDoor:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        return [Route("/connection/sse", self, methods=["GET"])]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with ExitStack() as stack:
            try:
                asked = _ask(QueryParams(scope["query_string"]))
                caller = self._parts.gate.admit(scope, DOOR, credential=asked.token or credential_of(scope))
                who = participant(caller, topics.read(bytes(asked.data), topics.ConnectData), self._parts.new_id)
                stack.enter_context(self._parts.gate.hold(caller, address_of(scope), DOOR))
                stream = _Stream(self._parts, send)
                member = self._enter(who, stream)
            except Refused as refused:
                await refusal(refused)(scope, receive, send)
                return
            self._parts.observer.connected(DOOR)
            try:
                subs = await _subscribe(member, who, asked)
                await stream.run(receive, self._connected(member, who, subs))
            finally:
                self._parts.observer.disconnected(DOOR, 1000)
                await member.leave(keep=False)

    def _enter(self, who: Participant, stream: _Stream) -> Member:
        rooms = self._parts.rooms
        rooms.rates.take(who.identity, "connect", self._parts.clock.now())
        return rooms.enter(
            who.identity,
            stream,
            grants=who.grants,
            kind="viewer",
            info=who.info,
            session=who.session,
            proof=who.proof,
        )

    def _connected(self, member: Member, who: Participant, subs: dict[str, SubscribeResult]) -> ConnectResult:
        now = self._parts.clock.unix()
        return ConnectResult(
            client=member.who.session,
            version=self._parts.version,
            data=encode.raw(encode.welcome_data(who.identity)),
            subs=subs,
            ping=PING_SECONDS,
            expires=bool(who.expires_at),
            ttl=max(1, who.expires_at - now) if who.expires_at else 0,
            time=now * 1000,
        )


class _Stream:
    """The ``Ear`` of a one-way connection."""

    def __init__(self, parts: Parts, send: Send) -> None:
        self._outbox = Outbox(OUTBOX_MESSAGES, OUTBOX_BYTES, overflow=codes.SLOW)
        self._clock = parts.clock
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._until = 0

    def tell(self, told: Told) -> None:
        for push in telling_of(told).pushes:
            self._outbox.put(push.stream)

    @property
    def crowded(self) -> bool:
        return len(self._outbox) > 64 or self._outbox.bytes > 128 * 1024

    async def drained(self) -> None:
        await self._outbox.emptied()

    def invite(self, channel: str) -> None:
        """One-way readers say on connecting what they want."""

    def renew(self, until: int) -> None:
        self._until = until

    def close(self, reason: Farewell) -> None:
        self._end(FAREWELLS[reason])

    def _end(self, ending: codes.Ending) -> None:
        self._outbox.close(ending.code, ending.reason)

    async def run(self, receive: Receive, connected: ConnectResult) -> None:
        """Until the reader goes, or is told to."""
        headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store")]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        self._until = self._clock.unix() + connected.ttl if connected.expires else 0
        await self._write(encode.connected(connected).stream)
        async with asyncio.TaskGroup() as group:
            pinging = group.create_task(self._ping())
            reading = group.create_task(self._gone(receive))
            writing = group.create_task(self._drain())
            reading.add_done_callback(lambda _: writing.cancel())
            await asyncio.wait((writing,))
            pinging.cancel()
            reading.cancel()

    async def _drain(self) -> None:
        try:
            while True:
                await self._outbox.wait()
                while (text := self._outbox.take()) is not None:
                    await self._write(text)
                if self._outbox.closing is not None:
                    code, reason = self._outbox.closing
                    await self._write(encode.disconnected(codes.Ending(code, reason)).stream, last=True)
                    return
        except (OSError, TimeoutError):
            return

    async def _write(self, text: str, last: bool = False) -> None:
        async with asyncio.timeout(WRITE_SECONDS):
            body = f"data: {text}\n\n".encode("utf-8", "replace")
            await self._send({"type": "http.response.body", "body": body, "more_body": not last})

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            if self._until and self._clock.unix() >= self._until:
                self._end(codes.CONNECTION_EXPIRED)
            self._outbox.put(encode.PING)

    async def _gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


def _ask(query: QueryParams) -> commands.Connect:
    """Raises ``ClientError``, which the frame answers with 400."""
    channels = query.getlist("channel")
    asked = commands.decode_connect(query["cf_connect"]) if "cf_connect" in query else commands.Connect()
    subs = {**{channel: commands.Resume() for channel in channels}, **asked.subs}
    if len(subs) > MAX_CHANNELS:
        raise ClientError(f"At most {MAX_CHANNELS} channels on one connection.", code="too_many_topics")
    return commands.Connect(asked.token or query.get("token", ""), asked.data, asked.name, asked.version, subs)


async def _subscribe(member: Member, who: Participant, asked: commands.Connect) -> dict[str, SubscribeResult]:
    """What it may not have is left out: the answer shows what it got."""
    subs: dict[str, SubscribeResult] = {}
    for channel in dict.fromkeys((*who.channels, *asked.subs)):
        resume = asked.subs.get(channel, commands.Resume())
        since = Position(resume.offset, resume.epoch) if resume.recover else None

        def keep(welcome: Welcome, channel: str = channel, since: Position | None = since) -> None:
            result = welcomed(welcome)
            subs[channel] = encode.without_recovery(result) if since is None else encode.recovering(result)

        try:
            await member.subscribe(channel, keep, since=since, allowed=channel in who.channels)
        except (ClientError, Refused):
            continue
    return subs
