"""A client's way out by the data channel of a call."""

from __future__ import annotations

import msgspec

from salon.base.errors import ClientError
from salon.ports.media import DataChannel

# Of the 4 MiB that a channel takes: who can wait does so above this.
CROWDED = 1024 * 1024


class ChannelLink:
    """A ``salon.ports.link.Link``. What the peer cannot take, since it is larger than its data channels' messages may be, is
    replaced by an ``error`` event that says so."""

    def __init__(self, channel: DataChannel) -> None:
        self._channel = channel
        self._open = True

    def send(self, text: str) -> None:
        if not self._open:
            return
        try:
            taken = self._channel.send(text)
        except ClientError as error:
            problem = {"type": "server_error", "code": error.code, "message": error.message, "param": None}
            wire = {"type": "error", "event_id": "event_too_large", "error": {**problem, "event_id": None}}
            taken = self._channel.send(msgspec.json.encode(wire).decode())
        if not taken:
            self.close(1013, "too slow")

    @property
    def crowded(self) -> bool:
        return self._open and self._channel.buffered > CROWDED

    async def drained(self) -> None:
        await self._channel.drained()

    def close(self, code: int, reason: str) -> None:
        if self._open:
            self._open = False
            self._channel.close()
