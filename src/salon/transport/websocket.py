"""One client on a WebSocket, over plain ASGI messages.

A link has one task that reads and one that writes. The reader reads always, so that a client who goes is noticed at once,
even in the middle of an answer. The writer sends what waits in the outbox; whoever speaks never waits for it.

A client that stops reading is bounded three times: by the outbox (1013), by the longest time one message may take to
leave, and, under Salon's own server, by the kernel (``salon.app.listen``). Its connection is then aborted, not closed: a
close would wait for the client to read what is before it.

Under Salon's own server a message goes straight to the kernel where nothing waits before it; the outbox and the writer are
for clients that fall behind, and for other servers.

Hot path, budget 10 us a message including the system call: no task, future or timer is made per message.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import TimerHandle
from collections.abc import Callable, Iterable

from starlette.types import Receive, Scope, Send

from salon.ports.observer import Observer
from salon.transport.frames import Shared, text_frame
from salon.transport.outbox import Outbox

ABORT_EXTENSION = "salon.abort"
"""A server that can drop a connection at once puts a callable of no arguments under this name in ``scope["extensions"]``."""

WRITE_EXTENSION = "salon.write"
"""A server that can write a frame as it is puts a callable under this name: it takes the bytes and returns True, or returns
False where it cannot now, because the connection's buffer is full or its end has begun."""

OWN_PINGS_EXTENSION = "salon.own_pings"
"""A server that sends WebSocket pings puts a callable of no arguments under this name, which ends them: for doors whose protocol
has pings of its own."""

HEARD_EXTENSION = "salon.heard"
"""A server puts a callable of no arguments under this name, which says whether bytes came since it was called last."""

MOST_AT_ONCE = 64
"""Messages that pass the outbox by in one turn of the loop."""

OnText = Callable[[str], Iterable[None] | None]

ABNORMAL = 1006  # RFC 6455 section 7.4.1: "the connection was closed abnormally"

logger = logging.getLogger(__name__)


class WebSocketLink:
    """A ``salon.ports.link.Link`` over an accepted WebSocket.

    ``receive`` and ``send`` are those of the ASGI call; pass them as the server gave them, every wrapper costs on every
    message. ``write_seconds`` is how long one message may take to leave; ``close_seconds`` how long the rest may take once
    the link is closing.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        door: str,
        observer: Observer,
        outbox: Outbox | None = None,
        write_seconds: float = 20.0,
        close_seconds: float = 10.0,
    ) -> None:
        self._receive = receive
        self._send = send
        self._door = door
        self._observer = observer
        self._outbox = outbox if outbox is not None else Outbox()
        self._write_seconds = write_seconds
        self._close_seconds = close_seconds
        extensions = scope.get("extensions") or {}
        self._abort_transport: Callable[[], None] | None = extensions.get(ABORT_EXTENSION)
        self._write_frame: Callable[[bytes], bool] | None = extensions.get(WRITE_EXTENSION)
        self._heard: Callable[[], bool] | None = extensions.get(HEARD_EXTENSION)
        # Whether the writer waits with nothing before it: then a message may go past it.
        self._idle = False
        self._turn = 0.0
        self._said = 0
        self._loop = asyncio.get_running_loop()
        self._tasks: tuple[asyncio.Task[None], ...] = ()
        self._code = ABNORMAL
        self._gone = False
        # When the message now on its way was handed over, in the loop's seconds; 0 when none is.
        self._handed_over = 0.0
        self._taken: asyncio.Event | None = None
        self._write_watch: TimerHandle | None = None
        self._close_watch: TimerHandle | None = None

    @property
    def closing(self) -> bool:
        """Nothing more will be sent."""
        return self._gone or self._outbox.closing is not None

    def send(self, text: str) -> None:
        """Say one message; never blocks. A closed link drops it.

        Where nothing waits before it, it goes to the socket's buffer at once. The order stays: what is in the outbox, or on
        its way out of it, goes first. So do the bounds: a buffer that is full takes no frame.
        """
        if self._idle and self._write_frame is not None and self._in_turn() and self._write_frame(text_frame(text)):
            return
        self._idle = False
        if self._outbox.put(text):
            self._observer.queued(self._door, len(self._outbox))
        elif self._outbox.overflowed:
            self._limit_closing()

    def share(self, message: Shared) -> None:
        """``send`` for what many get: its frame is made once."""
        if not (self._idle and self._write_frame is not None and self._write_frame(message.frame)):
            self.send(message.text)

    def _in_turn(self) -> bool:
        """Whether this link has had less than its share of the loop's turn: a model that says everything at once would
        otherwise not let anybody else have one. uvloop's clock stands still during a turn."""
        now = self._loop.time()
        if now != self._turn:
            self._turn = now
            self._said = 0
        self._said += 1
        return self._said <= MOST_AT_ONCE

    def heard(self) -> bool:
        """Whether bytes came since this was asked last: of a message that takes its time over a slow uplink, too, behind which
        the answer to a ping has to wait."""
        return self._heard is not None and self._heard()

    @property
    def crowded(self) -> bool:
        """The outbox is more than half full: who can wait should, in ``drained``."""
        return not self._idle and self._outbox.crowded

    async def drained(self) -> None:
        """Return when the link is not crowded any more, or closed."""
        await self._outbox.drained()

    @property
    def stuck(self) -> bool:
        """A message waits for the client to read what was sent before it: whatever is said now would be old when it is read."""
        return self._handed_over > 0 and not self._gone

    async def unstuck(self) -> None:
        while self.stuck:
            if self._taken is None:
                self._taken = asyncio.Event()
            await self._taken.wait()

    def _say_taken(self) -> None:
        if self._taken is not None:
            self._taken.set()
            self._taken = None

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued has been sent. Calling it again does nothing."""
        self._idle = False
        # RFC 6455 section 5.5: "All control frames MUST have a payload length of 125 bytes or less"; two hold the code.
        self._outbox.close(code, reason.encode()[:123].decode(errors="ignore"))
        self._limit_closing()

    async def run(
        self,
        on_text: OnText,
        on_binary: Callable[[bytes], None] | None = None,
        pace: Callable[[], int] | None = None,
    ) -> int:
        """Read and write until the connection is over; the close code, 1006 when it broke off.

        ``on_text`` and ``on_binary`` are called with each message and must not block: what takes longer ``on_text`` gives back
        as steps, one of which is taken in each turn of the loop, and the next message is read behind the last. Binary messages
        are refused with 1003 where there is no ``on_binary``. ``pace`` is asked after each message how many milliseconds to
        wait before the next one is read (``Hold.message`` of the gate). An exception out of a callback is logged and closes
        with 1011.
        """
        self._observer.connected(self._door)
        try:
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(self._write(), name=f"{self._door} writer")
                reader = group.create_task(self._read(on_text, on_binary, pace), name=f"{self._door} reader")
                self._tasks = (writer, reader)
                if self.closing:
                    self._limit_closing()
                # Whoever ends first knows that the connection is over.
                reader.add_done_callback(lambda _: writer.cancel())
        finally:
            self._gone = True
            self._idle = False
            self._say_taken()
            self._outbox.close(self._code, "")
            for watch in (self._write_watch, self._close_watch):
                if watch is not None:
                    watch.cancel()
            self._observer.disconnected(self._door, self._code)
        return self._code

    async def _read(
        self,
        on_text: OnText,
        on_binary: Callable[[bytes], None] | None,
        pace: Callable[[], int] | None,
    ) -> None:
        receive = self._receive
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                # uvicorn reports a connection that broke off as 1005 and gives a reason with every real close.
                code = message.get("code", ABNORMAL)
                self._code = ABNORMAL if code == 1005 and "reason" not in message else code
                return
            if self._outbox.closing is not None:
                # RFC 6455 section 5.5.1 lets the peer finish what it was sending; nobody listens any more.
                continue
            text = message.get("text")
            try:
                if text is not None:
                    for _ in on_text(text) or ():
                        await asyncio.sleep(0)
                elif on_binary is not None:
                    on_binary(message["bytes"])
                else:
                    self.close(1003, "this protocol has no binary messages")
            except Exception:
                logger.exception("A message of a client broke its %s connection", self._door)
                self.close(1011, "internal error")
            if pace is not None and (wait := pace()):
                await asyncio.sleep(wait / 1000)

    async def _write(self) -> None:
        outbox, send, now = self._outbox, self._send, self._loop.time
        try:
            while True:
                self._idle = not outbox and outbox.closing is None
                await outbox.wait()
                self._idle = False
                if self._write_watch is None:
                    self._write_watch = self._loop.call_later(self._write_seconds, self._watch_write)
                while (text := outbox.take()) is not None:
                    self._handed_over = now()
                    await send({"type": "websocket.send", "text": text})
                self._handed_over = 0.0
                self._say_taken()
                if outbox.closing is not None:
                    code, reason = outbox.closing
                    await send({"type": "websocket.close", "code": code, "reason": reason})
                    # A server confirms with a disconnect message, at once or when the client has answered.
                    self._code = code
                    return
        except OSError:
            # ASGI's word for a client that is gone (specification of the WebSocket send event). The reader sees it too.
            return

    def _watch_write(self) -> None:
        """Runs once in ``write_seconds`` while there is traffic, rather than once a message."""
        self._write_watch = None
        if not self._handed_over:
            return
        left = self._handed_over + self._write_seconds - self._loop.time()
        if left <= 0:
            self._outbox.close(1013, "reader too slow")
            self._abort()
        else:
            self._write_watch = self._loop.call_later(left, self._watch_write)

    def _limit_closing(self) -> None:
        if self._close_watch is None and not self._gone and self._tasks:
            self._close_watch = self._loop.call_later(self._close_seconds, self._abort)

    def _abort(self) -> None:
        """Let go of a connection that does not end by itself."""
        closing = self._outbox.closing
        self._code = closing[0] if closing is not None else ABNORMAL
        if self._abort_transport is not None:
            self._abort_transport()
        for task in self._tasks:
            task.cancel()
