"""What Salon's own processes say to each other where there are several: frames over one private stream socket, in order.

The parent, which has the HTTP port, passes requests on as ASGI (https://asgi.readthedocs.io) has them: ``Open`` with the
scope, then ``Said`` both ways, then ``Over``. The rest is what one process has to know of another. Both ends are the same
version: nothing here is negotiated, and nobody else is ever at an end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

MAX_FRAME = 64 * 1024 * 1024
"""Bytes. A list of all broadcasts is the longest there is."""

Message = dict[str, Any]
"""A message of ASGI: plain data."""


class Open(msgspec.Struct, frozen=True, tag=1, array_like=True):
    """To a worker: a request, or a WebSocket."""

    id: int
    scope: dict[str, Any]


class Said(msgspec.Struct, frozen=True, tag=2, array_like=True):
    """Either way: one message of that exchange."""

    id: int
    message: Message


class Taken(msgspec.Struct, frozen=True, tag=3, array_like=True):
    """Either way: a message was taken. On a WebSocket nobody says the next one before."""

    id: int


class Over(msgspec.Struct, frozen=True, tag=4, array_like=True):
    """From a worker: its application is done. To a worker: nobody waits for it any more."""

    id: int


class Ready(msgspec.Struct, frozen=True, tag=5, array_like=True):
    """From a worker: its engine runs, on that UDP port."""

    pid: int
    port: int
    records: bool


class Failed(msgspec.Struct, frozen=True, tag=6, array_like=True):
    """From a worker: it cannot start, and why, for the operator."""

    message: str


class Entered(msgspec.Struct, frozen=True, tag=7, array_like=True):
    """From a worker: the request that came with this hold has begun something that lasts."""

    hold: int


class Left(msgspec.Struct, frozen=True, tag=8, array_like=True):
    """From a worker: what that hold was for is over."""

    hold: int


class Owes(msgspec.Struct, frozen=True, tag=9, array_like=True):
    """To a worker: who has that hold is so many milliseconds ahead of its message rate, all its connections together."""

    hold: int
    milliseconds: int


class Began(msgspec.Struct, frozen=True, tag=10, array_like=True):
    """From a worker: a broadcast of that name lives there from now on."""

    room: str


class Ended(msgspec.Struct, frozen=True, tag=11, array_like=True):
    room: str


class Bills(msgspec.Struct, frozen=True, tag=12, array_like=True):
    """From a worker: broadcasts as they are now, those that changed (``salon.session.bill``)."""

    bills: tuple[dict[str, Any], ...]


class Report(msgspec.Struct, frozen=True, tag=13, array_like=True):
    """From a worker, every half second. ``load`` is the engine's, 1 where it refuses newcomers; ``cpu`` the share of a core
    that it used; ``messages`` how many came in by each hold since the last one."""

    load: float
    cpu: float
    sessions: int
    messages: dict[int, int]


class Drain(msgspec.Struct, frozen=True, tag=14, array_like=True):
    """To a worker: end what can end, and let answers finish for so many seconds."""

    seconds: float


class Drained(msgspec.Struct, frozen=True, tag=15, array_like=True):
    """From a worker."""


class Run(msgspec.Struct, frozen=True, tag=16, array_like=True):
    """From a worker: call that tool, which lives in the parent."""

    id: int
    agent: str
    tool: str
    arguments: str
    within: float


class Ran(msgspec.Struct, frozen=True, tag=17, array_like=True):
    """To a worker: the tool's output."""

    id: int
    output: str


class GiveUp(msgspec.Struct, frozen=True, tag=18, array_like=True):
    """From a worker: nobody waits for that tool any more."""

    id: int


Exchange = Open | Said | Taken | Over
Frame = (
    Exchange
    | Ready
    | Failed
    | Entered
    | Left
    | Owes
    | Began
    | Ended
    | Bills
    | Report
    | Drain
    | Drained
    | Run
    | Ran
    | GiveUp
)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    """Four bytes of length, then MessagePack."""
    body = _encoder.encode(frame)
    return len(body).to_bytes(4, "big") + body


class Reader:
    """Bytes in, frames out. Raises ``ValueError`` for what no Salon has said."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while len(buffer) - start >= 4:
                size = int.from_bytes(buffer[start : start + 4], "big")
                if size > MAX_FRAME:
                    raise ValueError("a frame between processes is too long")
                if len(buffer) - start - 4 < size:
                    break
                body = bytes(buffer[start + 4 : start + 4 + size])
                start += 4 + size
                yield _decoder.decode(body)
        finally:
            del buffer[:start]
