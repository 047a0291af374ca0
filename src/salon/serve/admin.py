"""What an administrator's key may do over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from salon.base.errors import ClientError
from salon.ports.clock import Clock
from salon.serve.gate import Gate, require_admin
from salon.serve.replies import json_response, read_json
from salon.wire.token import Claims, SalonClaim

LONGEST_SECONDS = 366 * 24 * 3600


class GrantRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /v1/tokens``. The members are the claims of ``salon.wire.token.Claims``; ``ttl_seconds`` becomes
    ``exp``."""

    sub: str
    ttl_seconds: int = 3600
    salon: SalonClaim = SalonClaim(talk=True)
    channels: tuple[str, ...] = ()
    info: Any = None
    meta: Any = None
    aud: str | None = None


def routes(gate: Gate, clock: Clock) -> list[BaseRoute]:
    """``POST /v1/tokens``: mint a grant; 200 with ``{"token", "expires_at"}`` (seconds since 1970)."""

    async def mint(request: Request) -> Response:
        caller = gate.admit(request.scope, "admin")
        require_admin(caller)
        asked = await read_json(request, GrantRequest)
        if not 1 <= asked.ttl_seconds <= LONGEST_SECONDS:
            raise ClientError(
                f"ttl_seconds must be from 1 to {LONGEST_SECONDS}.", code="invalid_value", param="ttl_seconds"
            )
        now = clock.unix()
        claims = Claims(
            sub=asked.sub,
            iat=now,
            exp=now + asked.ttl_seconds,
            aud=asked.aud,
            channels=asked.channels,
            info=asked.info,
            meta=asked.meta,
            salon=asked.salon,
        )
        return json_response(
            {"token": gate.mint(caller, claims), "expires_at": claims.exp}, headers={"cache-control": "no-store"}
        )

    return [Route("/v1/tokens", mint, methods=["POST"])]
