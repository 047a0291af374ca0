"""From the first socket to the last goodbye.

::

    bind ──> serve ──(SIGTERM, SIGINT)──> drain ──> stop ──> exit 0
                                            │ second signal: end at once
    drain: nobody new comes in (503, Retry-After), idle sessions close with 1012, running answers finish, then 1012
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import Any, Literal, Protocol, cast

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from salon.app import listen
from salon.app.first_bytes import FirstByte, Patience, Take
from salon.app.mailbox import Mailbox, Open
from salon.base.errors import ConfigError
from salon.media.memory import settle
from salon.serve.gate import Gate
from salon.transport.websocket import ABORT_EXTENSION, HEARD_EXTENSION, OWN_PINGS_EXTENSION, WRITE_EXTENSION

logger = logging.getLogger(__name__)

MAX_MESSAGE = 22 * 1024 * 1024
"""Bytes of one WebSocket message of any door; a longer one closes with 1009. Doors have smaller limits of their own; Realtime's
clients may send 15 MiB of audio as Base64 in one."""


LOOP: Literal["uvloop", "asyncio"] = "uvloop" if sys.platform != "win32" else "asyncio"

DRAIN_GRACE = 5.0
"""Seconds that a hub may overrun its drain before it is given up."""


class Hub(Protocol):
    """All conversations of this process."""

    async def __aenter__(self) -> object: ...

    async def __aexit__(self, *exc_info: Any) -> object: ...

    async def drain(self, seconds: float) -> None:
        """Close idle sessions with 1012 at once, busy ones when their answer is done, all within ``seconds``."""
        ...


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """uvicorn's, with a way for the application to drop a connection without waiting for the peer to read, with bounds
    on what control frames and empty fragments can make it hold, and lighter while it is idle."""

    _pong = b""
    _heard = False

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.queue = Mailbox()  # type: ignore[assignment]  # has what uvicorn uses of a queue, and of an event
        self._open = Open()
        self.writable = self._open  # type: ignore[assignment]

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        # Refused handshakes have no scope. The application's task has been made but has not run yet.
        if hasattr(self, "scope"):
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[ABORT_EXTENSION] = self.transport.abort
            extensions[WRITE_EXTENSION] = self.write_frame
            extensions[OWN_PINGS_EXTENSION] = self.stop_keepalive
            extensions[HEARD_EXTENSION] = self.heard

    def write_frame(self, frame: bytes) -> bool:
        """Write a whole frame, behind all that was written before; False where ``send`` would have to wait or would fail."""
        transport = self.transport
        if not self._open.is_open or self.close_sent or transport.is_closing() or not self.handshake_complete:
            return False
        transport.write(frame)
        return True

    def start_keepalive(self) -> None:
        # The handshake is over, and its headers are in the scope; the parser keeps the request itself.
        self.request.headers.clear()
        del self.request, self.response
        super().start_keepalive()

    def data_received(self, data: bytes) -> None:
        self._heard = True
        super().data_received(data)

    def heard(self) -> bool:
        heard, self._heard = self._heard, False
        return heard

    def send_keepalive_ping(self) -> None:
        self._heard = False
        super().send_keepalive_ping()

    def keepalive_timeout(self) -> None:
        # A pong waits behind the message that its client is sending, however slow its uplink is.
        if self.heard() and self.ping_timeout is not None:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
        else:
            super().keepalive_timeout()

    def handle_ping(self) -> None:
        # RFC 6455 section 5.5.3: a peer "MAY elect to send a Pong frame for only the most recently processed Ping frame."
        # Who pings and does not read would otherwise fill the memory with pongs.
        self._pong = b"".join(self.conn.data_to_send())
        if self.writable.is_set():
            self._send_pong()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._send_pong()

    def handle_cont(self, event: Frame) -> None:
        # Each fragment is kept until the message is whole, the empty ones of an endless message too.
        if event.data or event.fin:
            super().handle_cont(event)

    def shutdown(self) -> None:
        # A client that said goodbye and then did not read: there is nothing more to say to it, and uvicorn would fail to.
        if self.transport.is_closing():
            self.stop_keepalive()
            self.transport.abort()
        else:
            super().shutdown()

    def _send_pong(self) -> None:
        if self._pong and not self.transport.is_closing():
            self.transport.write(self._pong)
        self._pong = b""


class Server(uvicorn.Server):
    """uvicorn's with Salon's settings, telling when it listens, and leaving signals to whoever runs it."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_message_bytes: int = MAX_MESSAGE,
        forwarded_allow_ips: str | None = None,
        ping_seconds: float = 20.0,
        stop_seconds: int = 5,
        framed: Take = lambda: None,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                in_a_sentence(app),
                loop=LOOP,
                http=self._accepted,  # type: ignore[arg-type]  # anything that makes a protocol
                ws=WebSocketProtocol,
                ws_ping_interval=ping_seconds,
                ws_ping_timeout=ping_seconds,
                ws_max_size=max_message_bytes,
                # Compression keeps a window for each client and gains little on messages of a hundred bytes.
                ws_per_message_deflate=False,
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                forwarded_allow_ips=forwarded_allow_ips or os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1,::1"),
                timeout_graceful_shutdown=stop_seconds,
            )
        )
        self.listening: Callable[[], None] = lambda: None
        self.servers = []
        self._stopped = asyncio.Event()
        self._framed = framed
        self._patience = Patience()

    def _accepted(self, **settings: Any) -> asyncio.Protocol:
        return FirstByte(self._patience, self._framed, settings)

    async def main_loop(self) -> None:
        # uvicorn's wakes ten times a second, to look whether it should stop and to write the date that answers carry. Who
        # stops this one says so.
        while not self.should_exit:
            await self.on_tick(0)
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await self._stopped.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.listening()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._patience.stop()
        await super().shutdown(sockets)

    def stop(self, at_once: bool = False) -> None:
        self.should_exit = True
        self.force_exit = at_once
        self._stopped.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def in_a_sentence(app: ASGIApp) -> ASGIApp:
    """``app``, whose start tells a mistake of the settings without a traceback, and whose end at once tells nothing."""

    async def lives(scope: Scope, receive: Receive, send: Send) -> None:
        async def say(message: Message) -> None:
            if message["type"] in {"lifespan.startup.failed", "lifespan.shutdown.failed"}:
                match sys.exception():
                    case ConfigError() as error:
                        message["message"] = str(error)
                    case asyncio.CancelledError():
                        message["message"] = ""
            await send(message)

        await app(scope, receive, say if scope["type"] == "lifespan" else send)

    return lives


def lifespan(
    hub: Hub, *background: Callable[[], Coroutine[Any, Any, None]]
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """An ASGI lifespan for Starlette: ``hub`` is entered on start-up and left on shutdown; each of ``background`` runs in
    between (the event loop's watch)."""

    @asynccontextmanager
    async def run_hub(_: Any) -> AsyncIterator[None]:
        async with hub, asyncio.TaskGroup() as group:
            tasks = [group.create_task(each()) for each in background]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()

    return run_hub


def run(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    hub: Hub,
    gate: Gate,
    drain_seconds: float = 30.0,
    ready: Callable[[list[str]], None] = lambda urls: None,
    max_message_bytes: int = MAX_MESSAGE,
    forwarded_allow_ips: str | None = None,
    framed: Take = lambda: None,
) -> int:
    """Serve ``app`` until a signal. The exit code: 0 after a drain, 1 when it could not start, 128 + n when the second
    signal n cut the drain short.

    ``ready`` is called with the addresses once connections are accepted. ``forwarded_allow_ips`` are the proxies whose
    ``X-Forwarded-For`` is believed: by default those in uvicorn's variable ``FORWARDED_ALLOW_IPS``, else those on this machine.
    ``framed`` makes the protocol of connections that bring frames of RFC 4571 instead of HTTP.
    The hub is started by the lifespan of ``app`` (``lifespan``), not here.
    """
    try:
        sockets = listen.bind(host, port)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    server = Server(app, max_message_bytes=max_message_bytes, forwarded_allow_ips=forwarded_allow_ips, framed=framed)
    try:
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            return runner.run(_serve_until_signal(server, sockets, hub, gate, drain_seconds, ready))
    except SystemExit as stopped:
        # uvicorn's way to say that the application did not start; its reason is in the log.
        return 1 if stopped.code else 0


async def _serve_until_signal(
    server: Server,
    sockets: list[socket.socket],
    hub: Hub,
    gate: Gate,
    drain_seconds: float,
    ready: Callable[[list[str]], None],
) -> int:
    def settled(urls: list[str]) -> None:
        settle()
        ready(urls)

    loop = asyncio.get_running_loop()
    signals: asyncio.Queue[int] = asyncio.Queue(maxsize=16)

    def note(number: int) -> None:
        if not signals.full():
            signals.put_nowait(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, note, number)
    return await serve(server, sockets, hub, gate, drain_seconds, settled, signals)


async def serve(
    server: Server,
    sockets: list[socket.socket],
    hub: Hub,
    gate: Gate,
    drain_seconds: float,
    ready: Callable[[list[str]], None],
    signals: asyncio.Queue[int],
) -> int:
    """``run`` inside a running loop. The first number out of ``signals`` starts the drain, the second ends it. ``sockets`` are
    closed in the end."""
    addresses = listen.urls(sockets)
    server.listening = lambda: ready(addresses)
    try:
        return await _serve_and_drain(server, sockets, hub, gate, drain_seconds, signals)
    finally:
        # uvicorn closes its listeners when it stops by itself, not when it is cancelled.
        for listener in server.servers:
            listener.close()
        for bound in sockets:
            bound.close()


async def _serve_and_drain(
    server: Server,
    sockets: list[socket.socket],
    hub: Hub,
    gate: Gate,
    drain_seconds: float,
    signals: asyncio.Queue[int],
) -> int:
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets))
        first = group.create_task(signals.get())
        await asyncio.wait((serving, first), return_when=asyncio.FIRST_COMPLETED)
        if not first.done():
            first.cancel()
            return 0
        logger.info("Signal %d: draining for up to %g s", first.result(), drain_seconds)
        gate.draining = True
        second = group.create_task(signals.get())
        draining = group.create_task(_drain(hub, drain_seconds))
        draining.add_done_callback(lambda _: server.stop())
        await asyncio.wait((serving, second), return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        if not second.done():
            second.cancel()
            return 0
        logger.warning("Signal %d: ending at once", second.result())
        server.stop(at_once=True)
        # From Python 3.12 on uvicorn would wait here for every connection to be closed by its client.
        serving.cancel()
        return 128 + second.result()


async def _drain(hub: Hub, seconds: float) -> None:
    try:
        # The hub keeps its own time; this is for one that does not.
        async with asyncio.timeout(seconds + DRAIN_GRACE):
            await hub.drain(seconds)
    except TimeoutError:
        logger.warning("The drain took longer than %g s and was given up", seconds + DRAIN_GRACE)
    except Exception:
        logger.exception("The drain failed")
