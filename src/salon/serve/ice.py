"""The STUN and TURN servers that clients are told of, with credentials that are good for a while.

``GET /v1/ice-servers`` answers with what ``new RTCPeerConnection`` takes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from salon.base.errors import ConfigError
from salon.ports.clock import Clock
from salon.serve.gate import Gate, address_of
from salon.serve.replies import json_response
from salon.wire.whip import IceServer, turn_credentials

DOOR = "ice"

# What stands in a TURN server's log behind the time; a colon would end it.
_NOT_NAME = re.compile(r"[^A-Za-z0-9_.@-]")


class IceServers:
    """``servers`` as configured. TURN servers without a username of their own get credentials made with ``turn_secret``, for
    ``seconds``. Raises ``ConfigError`` where they would get none: browsers throw at a TURN server without credentials, and
    then have no STUN server either."""

    def __init__(
        self, servers: Sequence[IceServer], clock: Clock, *, turn_secret: bytes = b"", seconds: int = 600
    ) -> None:
        self.seconds = seconds
        self._servers = tuple(servers)
        self._clock = clock
        self._secret = turn_secret
        if not turn_secret and any(
            _is_turn(server) and not (server.username and server.credential) for server in servers
        ):
            raise ConfigError(
                "The TURN servers in [ice] need turn_secret, or turn_username and turn_credential: "
                "no browser takes one without credentials."
            )

    @property
    def configured(self) -> bool:
        """Whether there is any."""
        return bool(self._servers)

    def of(self, name: str) -> list[IceServer]:
        """For the caller of that name."""
        return [self._with_credentials(server, name) for server in self._servers]

    def _with_credentials(self, server: IceServer, name: str) -> IceServer:
        if not _is_turn(server) or server.username:
            return server
        identity = _NOT_NAME.sub("-", name)[:64] or "anonymous"
        username, credential = turn_credentials(self._secret, identity, self._clock.unix() + self.seconds)
        return msgspec.structs.replace(server, username=username, credential=credential)


def configured(
    clock: Clock, *, stun: Sequence[str], turn: Sequence[str], secret: str, username: str, credential: str, seconds: int
) -> IceServers:
    """From the settings: one server of all STUN addresses, one of all TURN addresses. Raises ``ConfigError``."""
    servers = []
    if stun:
        servers.append(IceServer(urls=tuple(stun)))
    if turn:
        own = {} if secret else {"username": username, "credential": credential}
        servers.append(IceServer(urls=tuple(turn), **own))
    return IceServers(servers, clock, turn_secret=secret.encode(), seconds=seconds)


def routes(gate: Gate, ice: IceServers) -> list[BaseRoute]:
    """``GET /v1/ice-servers``: ``{"iceServers": [{"urls", "username", "credential"}], "ttl_seconds"}``."""

    async def ice_servers(request: Request) -> Response:
        caller = gate.admit(request.scope, DOOR)
        # It costs what a connection costs: who asks too often is told to wait.
        with gate.hold(caller, address_of(request.scope), DOOR):
            told = [_member(server) for server in ice.of(caller.name)]
        return json_response({"iceServers": told, "ttl_seconds": ice.seconds}, headers={"cache-control": "no-store"})

    return [Route("/v1/ice-servers", ice_servers, methods=["GET"])]


def _is_turn(server: IceServer) -> bool:
    return any(url.startswith(("turn:", "turns:")) for url in server.urls)


def _member(server: IceServer) -> dict[str, Any]:
    """One ``RTCIceServer``. It has no empty members: browsers take an empty username for a wrong one."""
    told: dict[str, Any] = {"urls": server.urls}
    if server.username:
        told |= {"username": server.username, "credential": server.credential}
    return told
