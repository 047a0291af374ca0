"""The way to iFlytek's speech services: one signed WebSocket for each utterance and each text."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

from salon.providers import sockets
from salon.providers.sockets import Socket
from salon.providers.spark.connection import Settings, open_connection
from salon.wire.iflytek_speech import HOUSE, Audio, Heard, error_for

T = TypeVar("T", Heard, Audio)


class Sockets(sockets.Sockets):
    """``now`` gives seconds since 1970."""

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        super().__init__("iFlytek", HOUSE, settings.stall_timeout, settings.secrets)
        self.settings = settings
        self._now = now

    def connected(self, url: str) -> AbstractAsyncContextManager[Socket]:
        return self.held(open_connection(url, self.settings, now=self._now))


async def receive(socket: Socket, decode: Callable[[str | bytes], T]) -> T:
    """The next frame. Raises what an error frame stands for."""
    frame = decode(await socket.receive())
    if frame.code:
        raise error_for(frame.code, socket.shown(frame.message), frame.sid)
    return frame
