"""What waits to be sent to one client: bounded, in order, never waited for by whoever speaks."""

from __future__ import annotations

import asyncio
from collections import deque

OVERFLOW_CODE = 1013
OVERFLOW_REASON = "reader too slow"


class Outbox:
    """A queue with one writer's end that never blocks and one reader's end that waits.

    At most ``max_messages`` messages and ``max_bytes`` bytes of UTF-8 wait in it. The message that does not fit closes it
    with ``overflow``, 1013 "Try Again Later" (IANA WebSocket close codes) unless the protocol has a code of its own, and
    everything waiting is dropped: an answer with a hole in it is worth less than a new connection.
    """

    __slots__ = (
        "_bytes",
        "_closing",
        "_empty",
        "_loop",
        "_max_bytes",
        "_max_messages",
        "_messages",
        "_overflow",
        "_room",
        "_waiter",
        "overflowed",
    )

    def __init__(
        self,
        max_messages: int = 4096,
        max_bytes: int = 4 * 1024 * 1024,
        overflow: tuple[int, str] = (OVERFLOW_CODE, OVERFLOW_REASON),
    ) -> None:
        self._overflow = overflow
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        # Made for the first message: most clients read fast enough never to have one wait.
        self._messages: deque[str] | None = None
        self._bytes = 0
        self._closing: tuple[int, str] | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._room: asyncio.Event | None = None
        self._empty: asyncio.Event | None = None
        self.overflowed = False

    def __len__(self) -> int:
        return len(self._messages) if self._messages is not None else 0

    @property
    def bytes(self) -> int:
        """UTF-8 bytes waiting."""
        return self._bytes

    @property
    def closing(self) -> tuple[int, str] | None:
        """Code and reason once closed. Messages that were put before still wait, unless it overflowed."""
        return self._closing

    @property
    def crowded(self) -> bool:
        """More than half full and still open."""
        half = 2 * len(self) > self._max_messages or 2 * self._bytes > self._max_bytes
        return half and self._closing is None

    async def drained(self) -> None:
        """Return when it is not crowded, or closed. For any number of waiters."""
        while self.crowded:
            if self._room is None:
                self._room = asyncio.Event()
            await self._room.wait()

    async def emptied(self) -> None:
        """Return when nothing waits, or it is closed. For any number of waiters."""
        while self._messages and self._closing is None:
            if self._empty is None:
                self._empty = asyncio.Event()
            await self._empty.wait()

    def put(self, text: str) -> bool:
        """Add a message. False, and nothing added, when it is closed or this message closes it."""
        if self._closing is not None:
            return False
        size = _size(text)
        if len(self) >= self._max_messages or self._bytes + size > self._max_bytes:
            self._messages = None
            self._bytes = 0
            self.overflowed = True
            self.close(*self._overflow)
            return False
        if self._messages is None:
            self._messages = deque()
        self._messages.append(text)
        self._bytes += size
        self._wake()
        return True

    def close(self, code: int, reason: str) -> None:
        """Take nothing more. What waits is still to be sent. Only the first call counts."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wake()
            self._make_room()
            self._say_empty()

    def take(self) -> str | None:
        """The next message, None if none waits."""
        if not self._messages:
            return None
        text = self._messages.popleft()
        self._bytes -= _size(text)
        if self._room is not None and not self.crowded:
            self._make_room()
        if self._empty is not None and not self._messages:
            self._say_empty()
        return text

    async def wait(self) -> None:
        """Return when there is something to take or it is closed. For one reader."""
        if self._messages or self._closing is not None:
            return
        if self._loop is None:
            # Asked once: it is a system call (it looks whether the process was forked).
            self._loop = asyncio.get_running_loop()
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _make_room(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None

    def _say_empty(self) -> None:
        if self._empty is not None:
            self._empty.set()
            self._empty = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _size(text: str) -> int:
    # isascii is a flag of the string, not a search: only text that needs it is encoded to be measured.
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
