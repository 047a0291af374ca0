"""``/v1/rooms``: what an administrator sees and does with rooms. Rooms need not be made to be used; one that is made is listed
though nobody is in it."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from salon.base.errors import ClientError, Refused
from salon.base.rooms import RoomRecord, Seat, channel_of
from salon.serve.gate import Gate, require_admin
from salon.serve.replies import json_response, read_json
from salon.session.rooms import Rooms

MOST: Final = 1000
MAX_ABOUT: Final = 4096
FRESH: Final = {"cache-control": "no-store"}


class Making(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/rooms``. ``about`` is any JSON for whoever lists rooms."""

    name: Annotated[str, Meta(min_length=1)]
    about: Any = None


def routes(gate: Gate, rooms: Rooms) -> list[BaseRoute]:
    def admit(request: Request) -> None:
        require_admin(gate.admit(request.scope, "admin"))

    async def list_rooms(request: Request) -> Response:
        admit(request)
        after = request.query_params.get("after", "")
        limit = _limit(request.query_params.get("limit", "100"))
        kept = {record.name: record for record in await rooms.broker.rooms(after=after, limit=limit)}
        names = sorted({*kept, *(name for name in rooms.opened if name > after)})[:limit]
        listed = [await _summary(rooms, kept.get(name) or RoomRecord(name=name)) for name in names]
        return json_response({"rooms": listed, "next": names[-1] if len(names) == limit else None}, headers=FRESH)

    async def make_room(request: Request) -> Response:
        admit(request)
        asked = await read_json(request, Making)
        channel_of(asked.name, "chat")
        about = b"" if asked.about is None else msgspec.json.encode(asked.about)
        if len(about) > MAX_ABOUT:
            raise ClientError(f"about has at most {MAX_ABOUT} bytes.", code="data_too_large", param="about")
        await rooms.broker.keep(RoomRecord(name=asked.name, about=about))
        return json_response(await _summary(rooms, await _record(rooms, asked.name)), 201, FRESH)

    async def show_room(request: Request) -> Response:
        admit(request)
        name = request.path_params["room"]
        record = await _record(rooms, name)
        seats = await rooms.broker.presence(name)
        if not record.created_at and not seats and name not in rooms.opened:
            raise _unknown()
        topics = rooms.opened[name].topics() if name in rooms.opened else {}
        return json_response(
            {**await _summary(rooms, record), "topics": topics, "seats": [_seat(seat) for seat in seats]}, headers=FRESH
        )

    async def remove_room(request: Request) -> Response:
        admit(request)
        await rooms.remove(request.path_params["room"])
        return Response(status_code=204)

    return [
        Route("/v1/rooms", list_rooms, methods=["GET"]),
        Route("/v1/rooms", make_room, methods=["POST"]),
        Route("/v1/rooms/{room}", show_room, methods=["GET"]),
        Route("/v1/rooms/{room}", remove_room, methods=["DELETE"]),
    ]


async def _record(rooms: Rooms, name: str) -> RoomRecord:
    found = await rooms.broker.room(name)
    return found if found is not None else RoomRecord(name=name)


async def _summary(rooms: Rooms, record: RoomRecord) -> dict[str, Any]:
    seats = await rooms.broker.presence(record.name)
    return {
        "name": record.name,
        "about": msgspec.Raw(record.about or b"null"),
        "created_at": record.created_at or None,
        "participants": len({seat.identity for seat in seats}),
        "connections": len(seats),
    }


def _seat(seat: Seat) -> dict[str, Any]:
    return {
        "client": seat.session,
        "user": seat.identity,
        "kind": seat.kind,
        "topics": sorted(seat.topics),
        "joined_at": seat.joined_at,
        "seen_at": seat.seen_at,
        "away": seat.away,
        "info": msgspec.Raw(seat.info or b"null"),
        "attributes": msgspec.Raw(seat.attributes or b"null"),
    }


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ClientError(f"limit is from 1 to {MOST}.", code="invalid_value", param="limit")
    return int(text)


def _unknown() -> Refused:
    return Refused("There is no such room.", status=404, code="room_not_found")
