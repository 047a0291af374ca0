"""``POST /api/{method}``: what a back end tells the rooms, in Centrifugo's form.

An API key, as ``X-API-Key``, ``Authorization: apikey …`` or ``Bearer …``, or an administrator's token. Answers are 200 with
``{"result": …}`` or ``{"error": {"code", "message"}}``; only who may not come in gets another status.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from salon.base.errors import ClientError, Refused, SalonError
from salon.base.patterns import matches
from salon.base.rooms import Invite, Kick, Position, Renew, split_channel
from salon.ports.broker import Draft
from salon.serve.centrifuge.connection import DOOR, Parts
from salon.serve.credentials import credential_of
from salon.serve.replies import json_response
from salon.session.rooms import Rooms
from salon.wire.centrifuge import api, codes, encode
from salon.wire.centrifuge.commands import History, Presence, PresenceStats

MAX_BODY: Final = 4 * 1024 * 1024


class Api:
    def __init__(self, parts: Parts) -> None:
        self._rooms = parts.rooms
        self._gate = parts.gate
        self._observer = parts.observer
        self._clock = parts.clock
        self._version = parts.version
        self._node = parts.new_id("node")
        self._started = parts.clock.now()

    def routes(self) -> list[BaseRoute]:
        return [Route("/api/{method}", self.answer, methods=["POST"])]

    async def answer(self, request: Request) -> Response:
        self._admit(request)
        method = request.path_params["method"]
        return json_response(await self._reply(method, await _body(request)), headers={"cache-control": "no-store"})

    def _admit(self, request: Request) -> None:
        """Raises ``Refused``: 401, and 403 for participants' tokens."""
        shown = request.headers.get("x-api-key") or ""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if not shown:
            shown = rest.strip() if scheme.lower() == "apikey" else credential_of(request.scope)
        caller = self._gate.admit(request.scope, DOOR, credential=shown)
        if caller.kind not in ("open", "key") and not caller.admin:
            raise Refused("The server API needs an API key.", status=403, code="insufficient_permissions")

    async def _reply(self, method: str, body: bytes) -> dict[str, Any]:
        try:
            return {"result": await self._do(api.decode(method, body))}
        except (ClientError, Refused) as error:
            return {"error": self._error(error)}

    def _error(self, error: SalonError) -> dict[str, Any]:
        self._observer.client_error(DOOR, error.code)
        return {"code": codes.number_of(error), "message": str(error)}

    async def _do(self, asked: api.Request) -> Any:
        rooms = self._rooms
        match asked:
            case api.Publish():
                return _place(await rooms.publish(asked.channel, _draft(asked)))
            case api.Broadcast():
                return {"responses": [await self._publish_one(channel, asked) for channel in asked.channels]}
            case api.Unsubscribe():
                room, topic = split_channel(asked.channel)
                await rooms.control(Kick(_target(asked), room, topic, reason="unsubscribed"))
            case api.Subscribe():
                split_channel(asked.channel)
                await rooms.control(Invite(_target(asked), asked.channel))
            case api.Disconnect(seconds=seconds):
                await rooms.control(Kick(_target(asked), until=self._clock.unix() + seconds if seconds else 0))
            case api.Refresh(expired=expired, expire_at=expire_at):
                await rooms.control(Renew(_target(asked), self._clock.unix() if expired else expire_at))
            case Presence(channel=channel):
                return encode.presence(await rooms.presence(channel))
            case PresenceStats(channel=channel):
                return encode.presence_stats(await rooms.presence(channel))
            case History(since=since):
                place = Position(since.offset, since.epoch) if since is not None else None
                page = await rooms.history(asked.channel, since=place, limit=asked.limit, reverse=asked.reverse)
                return encode.history(page)
            case api.HistoryRemove(channel=channel):
                await rooms.erase(channel)
            case api.Info():
                return {"nodes": [self._info(rooms)]}
            case api.Channels(pattern=pattern):
                found = {channel: {"num_clients": count} for channel, count in rooms.channels().items()}
                return {"channels": {channel: each for channel, each in found.items() if matches((pattern,), channel)}}
            case api.Batch(commands=commands):
                return {"replies": [await self._one_of_many(command) for command in commands]}
        return {}

    async def _publish_one(self, channel: str, asked: api.Broadcast) -> dict[str, Any]:
        try:
            return {"result": _place(await self._rooms.publish(channel, _draft(asked)))}
        except (ClientError, Refused) as error:
            return {"error": self._error(error)}

    async def _one_of_many(self, command: dict[str, msgspec.Raw]) -> dict[str, Any]:
        try:
            if len(command) != 1 or "batch" in command:
                raise ClientError("A command of a batch is one method and its body.", code="invalid_value")
            [(method, body)] = command.items()
            return {method: await self._do(api.decode(method, bytes(body)))}
        except (ClientError, Refused) as error:
            return {"error": self._error(error)}

    def _info(self, rooms: Rooms) -> dict[str, Any]:
        members = rooms.members.values()
        return {
            "uid": self._node,
            "name": "salon",
            "version": self._version,
            "num_clients": len(members),
            "num_users": len({member.who.identity for member in members}),
            "num_channels": len(rooms.channels()),
            "uptime": (self._clock.now() - self._started) // 1000,
        }


def _draft(asked: api.Publish | api.Broadcast) -> Draft:
    return Draft(data=bytes(asked.data), tags=asked.tags, idempotency_key=asked.idempotency_key, key=asked.key)


def _place(position: Position) -> dict[str, Any]:
    return {"offset": position.offset, "epoch": position.epoch}


def _target(asked: api.Subscribe | api.Unsubscribe | api.Disconnect | api.Refresh) -> str:
    target = asked.client or asked.user
    if not target:
        raise ClientError("Say whom: user or client.", code="invalid_value")
    return target


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refused(f"The body is larger than {MAX_BODY} bytes.", status=413, code="body_too_large")
    return bytes(body)
