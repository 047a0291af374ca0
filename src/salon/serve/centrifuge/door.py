"""``WS /connection/websocket``: the rooms, for every client that speaks Centrifuge's protocol in JSON."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.routing import BaseRoute, WebSocketRoute
from starlette.types import Receive, Scope, Send

from salon.base.errors import Refused
from salon.serve.centrifuge.connection import DOOR, Connection, Parts
from salon.serve.gate import Hold, address_of
from salon.serve.replies import deny
from salon.transport.outbox import Outbox
from salon.transport.websocket import OWN_PINGS_EXTENSION, WebSocketLink
from salon.wire.centrifuge import codes

OUTBOX_MESSAGES, OUTBOX_BYTES = 4096, 8 * 1024 * 1024
"""What waits for one client at most; then it is closed with 3008, comes back, and recovers."""
SUBPROTOCOL_PROTOBUF: Final = "centrifuge-protobuf"
LEFT: Final = frozenset({1000, 1005})
"""Close codes by which a client says that it means it. A page that is closed or loaded anew says 1001, and may be back."""


class CentrifugeDoor:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[BaseRoute]:
        return [WebSocketRoute("/connection/websocket", _Socket(self))]

    async def socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One WebSocket, from its request to its end."""
        gate = self._parts.gate
        try:
            if SUBPROTOCOL_PROTOBUF in scope.get("subprotocols", ()):
                raise Refused("This door speaks JSON only.", status=400, code="invalid_value")
            hold = gate.hold(gate.stranger, address_of(scope), DOOR).__enter__()
        except Refused as refused:
            await deny(scope, receive, send, refused)
            return
        try:
            await receive()
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
            if (stop_pings := scope.get("extensions", {}).get(OWN_PINGS_EXTENSION)) is not None:
                stop_pings()
            await self._serve(scope, receive, send, hold)
        finally:
            hold.__exit__()

    async def _serve(self, scope: Scope, receive: Receive, send: Send, hold: Hold) -> None:
        outbox = Outbox(OUTBOX_MESSAGES, OUTBOX_BYTES, overflow=codes.SLOW)
        link = WebSocketLink(scope, receive, send, door=DOOR, observer=self._parts.observer, outbox=outbox)
        code = 1006
        async with asyncio.TaskGroup() as group:
            connection = Connection(self._parts, link, outbox, scope, hold, group)
            try:
                code = await link.run(connection.hear, pace=hold.message)
            finally:
                # Nobody waits for an answer any more; a publication that has begun is finished by the broker.
                connection.over()
                if connection.member is not None:
                    await connection.member.leave(keep=code not in LEFT)


class _Socket:
    """An ASGI application: what the routes need to hand on ``receive`` and ``send`` as the server gave them."""

    def __init__(self, door: CentrifugeDoor) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door.socket(scope, receive, send)
