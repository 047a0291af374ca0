"""Frames between two processes of ours, in order, over one stream socket.

Nothing waits for a slow reader: who leaves ``MAX_WAITING`` bytes unread is stuck, and its line is cut.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final, cast

from salon.wire import workers
from salon.wire.workers import Frame

MAX_WAITING: Final = 64 * 1024 * 1024

logger = logging.getLogger(__name__)


class Line(asyncio.Protocol):
    """``take`` is called with each frame, in order; it may not raise. ``over`` is set when nothing more comes."""

    def __init__(self, take: Callable[[Frame], None]) -> None:
        self.over = asyncio.Event()
        self._take = take
        self._reader = workers.Reader()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, end: socket.socket, take: Callable[[Frame], None]) -> Line:
        """Takes the socket over."""
        end.setblocking(False)
        loop = asyncio.get_running_loop()
        _, line = await loop.create_unix_connection(lambda: cls(take), sock=end)
        return line

    def send(self, frame: Frame) -> None:
        """Never blocks. A line that is over drops it."""
        transport = self._transport
        if transport is None or self.over.is_set():
            return
        transport.write(workers.encode(frame))
        if transport.get_write_buffer_size() > MAX_WAITING:
            logger.error("A process of ours does not read what it is told; its line is cut")
            self.cut()

    def close(self) -> None:
        """Say what is waiting, then nothing more."""
        if self._transport is not None:
            self._transport.close()

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                self._take(frame)
        except Exception:
            logger.exception("A process of ours said what cannot be understood; its line is cut")
            self.cut()

    def connection_lost(self, error: Exception | None) -> None:
        self.over.set()
