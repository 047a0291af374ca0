"""What a connection to HTTP's port speaks, told by its first byte, so that ICE over TCP needs no port of its own.

::

    first byte   RFC 4571 puts a frame's length, two bytes, in front of it; none of ours is 2,048 bytes or longer: 0-7
                 anything else is for HTTP's parser: a method's letter, or what it answers with 400

The protocol that it belongs to takes the transport over: nothing stands between afterwards. Who connects and is silent, or never
finishes the head of a request, is let go: it costs an entry in one table, without a timer of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

# From the connection, or from the first byte of a request, to the end of that request's head.
HEAD_SECONDS: Final = 15.0
# Connections that owe one at one time; past that the oldest go first.
MAX_OWING: Final = 4_096
# Bytes of a head, as most servers have it. What one read brings on top (the body's begin) is not counted.
MAX_HEAD: Final = 64 * 1024
# The last first byte of a frame.
FRAMED: Final = 7

Take = Callable[[], asyncio.Protocol | None]
"""A protocol for a connection of frames, or None while nobody takes them."""


class Owing(Protocol):
    def let_go(self) -> None: ...


class Patience:
    """Connections that owe the head of a request, the one that has owed longest first."""

    def __init__(self, seconds: float = HEAD_SECONDS, limit: int = MAX_OWING) -> None:
        self._seconds = seconds
        self._limit = limit
        self._owing: dict[Owing, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._owing)

    def begin(self, connection: Owing) -> None:
        if len(self._owing) >= self._limit:
            self._drop(next(iter(self._owing)))
        loop = asyncio.get_running_loop()
        until = self._owing[connection] = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(until, self._look)

    def end(self, connection: Owing) -> None:
        self._owing.pop(connection, None)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for connection in tuple(self._owing):
            self._drop(connection)

    def _look(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._owing:
            connection, until = next(iter(self._owing.items()))
            if until > now:
                self._timer = loop.call_at(until, self._look)
                return
            self._drop(connection)

    def _drop(self, connection: Owing) -> None:
        del self._owing[connection]
        connection.let_go()


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's, with a bound on a request's head: its size, and how long it may take to come."""

    def __init__(self, patience: Patience, **settings: Any) -> None:
        super().__init__(**settings)
        self._patience = patience
        self._owes = True
        self._head = 0

    def data_received(self, data: bytes) -> None:
        if self._owes:
            if not self._head:
                self._patience.begin(self)
            elif self._head > MAX_HEAD:
                self._patience.end(self)
                self._refuse(431)
                return
            self._head += len(data)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._owes, self._head = False, 0
        self._patience.end(self)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._owes = True
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._patience.end(self)
        super().connection_lost(exc)

    def let_go(self) -> None:
        self._refuse(408)

    def _refuse(self, status: int) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # The answer to the request before is under way: another one cannot be put into it.
            self.transport.abort()
            return
        self.transport.write(STATUS_LINE[status] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()


class FirstByte(asyncio.Protocol):
    """One accepted connection, until its first byte. ``settings`` are those of uvicorn's protocol."""

    def __init__(self, patience: Patience, framed: Take, settings: dict[str, Any]) -> None:
        self._patience = patience
        self._framed = framed
        self._settings = settings
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's only in what they do.
        self._transport = cast(asyncio.Transport, transport)
        self._patience.begin(self)

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        self._patience.end(self)
        if transport is None or transport.is_closing():
            return
        chosen = self._framed() if data[0] <= FRAMED else None
        if chosen is None:
            chosen = HttpProtocol(self._patience, **self._settings)
        transport.set_protocol(chosen)
        chosen.connection_made(transport)
        if not transport.is_closing():
            chosen.data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._patience.end(self)

    def let_go(self) -> None:
        if self._transport is not None:
            self._transport.close()
