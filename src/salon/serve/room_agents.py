"""``POST /v1/rooms/{room}/agents``: let an agent take part in a room."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from salon.serve.gate import Gate, require_admin
from salon.serve.replies import json_response, read_json
from salon.session.room_agents import RoomAgents


class Invitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body. ``agent`` is the name of one that is configured."""

    agent: Annotated[str, Meta(min_length=1)]


def routes(gate: Gate, agents: RoomAgents) -> list[BaseRoute]:
    """An administrator's key is wanted. 200 with ``{"room", "agent"}``; 404 ``agent_not_found``, 400
    ``invalid_channel``."""

    async def invite(request: Request) -> Response:
        require_admin(gate.admit(request.scope, "admin"))
        asked = await read_json(request, Invitation)
        room = request.path_params["room"]
        await agents.invite(room, asked.agent)
        return json_response({"room": room, "agent": asked.agent}, headers={"cache-control": "no-store"})

    return [Route("/v1/rooms/{room}/agents", invite, methods=["POST"])]
