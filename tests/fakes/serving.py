"""Salon's own server around an ASGI application, on a free port of 127.0.0.1, for as long as ``async with`` lasts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from salon.app import listen
from salon.app.lifecycle import Server
from salon.ports.observer import Observer


class Serving:
    def __init__(self, host: str, port: int, server: Server) -> None:
        self.host = host
        self.port = port
        self.server = server

    @property
    def http(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://{self.host}:{self.port}"

    async def let_go(self, remaining: int = 0) -> None:
        """Return when the server holds no more than so many sockets. uvicorn tells nobody, so it is looked at."""
        while len(self.server.server_state.connections) > remaining:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    app: ASGIApp, *, user_timeout_ms: int = listen.USER_TIMEOUT_MS, **settings: Any
) -> AsyncIterator[Serving]:
    sockets = listen.bind("127.0.0.1", 0, user_timeout_ms=user_timeout_ms)
    server = Server(app, **{"stop_seconds": 1, **settings})
    listening = asyncio.Event()
    server.listening = listening.set
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.serve(sockets))
        await listening.wait()
        host, port = sockets[0].getsockname()
        try:
            yield Serving(host, port, server)
        finally:
            server.stop()
            await task


def lone_websocket(endpoint: Any) -> ASGIApp:
    """An application of one WebSocket endpoint ``(scope, receive, send)`` and an empty lifespan."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await endpoint(scope, receive, send)

    return app


class Noting(Observer):
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, ...]] = []
        self.depths: list[int] = []

    def connected(self, door: str) -> None:
        self.seen.append(("connected", door))

    def disconnected(self, door: str, code: int) -> None:
        self.seen.append(("disconnected", door, str(code)))

    def refused(self, door: str, code: str) -> None:
        self.seen.append(("refused", door, code))

    def queued(self, door: str, depth: int) -> None:
        self.depths.append(depth)
