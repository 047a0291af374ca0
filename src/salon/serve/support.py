"""``POST /v1/support/visits``: a visitor of a page gets a room of its own, and a token for it alone."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from salon.base.errors import Refused
from salon.base.ids import NewId
from salon.ports.clock import Clock
from salon.room import desk
from salon.serve.gate import Caller, Gate, address_of
from salon.serve.replies import json_response, read_json
from salon.wire import token
from salon.wire.token import Claims, SalonClaim

DOOR = "support"


class Visit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body. ``token`` is that of an earlier visit: the visitor comes back into the same room. ``name`` is what it is called."""

    name: Annotated[str, Meta(max_length=60)] = ""
    token: Annotated[str, Meta(max_length=token.MAX_TOKEN)] = ""


class SupportDoor:
    """``visitors`` says whether strangers may come in where keys are asked for; ``seconds`` how long their tokens hold."""

    def __init__(self, gate: Gate, clock: Clock, new_id: NewId, *, visitors: bool, seconds: int) -> None:
        self._gate = gate
        self._clock = clock
        self._new_id = new_id
        self._visitors = visitors
        self._seconds = seconds

    def routes(self) -> list[BaseRoute]:
        return [Route("/v1/support/visits", self.visit, methods=["POST"])]

    async def visit(self, request: Request) -> Response:
        """200 with ``{"room", "user", "token", "expires_at"}``; the token is empty on a server without keys."""
        gate = self._gate
        gate.check_page(request.scope)
        with gate.hold(gate.stranger, address_of(request.scope), DOOR):
            asked = await read_json(request, Visit)
            if not gate.open and not self._visitors:
                raise Refused(
                    "Visitors may not come in without a key here. Set visitors under [support].",
                    status=403,
                    code="insufficient_permissions",
                )
            new = self._new_id("visitor"), desk.HELP + self._new_id("").removeprefix("_")
            user, room = self._known(request.scope, asked.token) or new
            answer: dict[str, object] = {"room": room, "user": user, "token": "", "expires_at": 0}
            if not gate.open:
                answer |= self._grant(user, room, asked.name)
            return json_response(answer, headers={"cache-control": "no-store"})

    def _grant(self, user: str, room: str, name: str) -> dict[str, object]:
        now = self._clock.unix()
        claims = Claims(
            sub=user,
            iat=now,
            exp=now + self._seconds,
            info={"name": name} if name else None,
            salon=SalonClaim(rooms=(room,)),
        )
        minter = Caller(DOOR, "key", self._gate.limits, admin=True)
        return {"token": self._gate.mint(minter, claims), "expires_at": now + self._seconds}

    def _known(self, scope: Scope, shown: str) -> tuple[str, str] | None:
        """Who came with this token before; None where it is not one of ours, or is over."""
        if not shown or self._gate.open:
            return None
        try:
            claims = self._gate.admit(scope, DOOR, credential=shown).claims
        except Refused:
            return None
        if claims is None:
            return None
        rooms = claims.salon.rooms
        if len(rooms) != 1 or not rooms[0].startswith(desk.HELP) or "*" in rooms[0]:
            return None
        return claims.sub, rooms[0]
