"""What every packet to one peer has in front: the RTP header with that peer's extensions.

The layout of a packet, fixed for the life of a writer::

    0        12          16                          stamp_at          head
    RTP head | 0xBEDE, n | mid, zero bytes to align | 4-byte stamp     | payload | ``tail`` free bytes

The stamp is either the transport-wide sequence number, in the last two bytes, or the absolute send time, in the last three;
in front of it is the extension's own id byte. It can be written again in place, before protection, where the true time of
sending is known later.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

# A transport-wide sequence number for a packet of so many bytes, at this millisecond; who gives it keeps both.
Allocate = Callable[[int, int], int]

_JOIN = bytearray().join


class Writer:
    """``transport_sequence`` and ``abs_send_time`` are the peer's ids of the extensions, 1 to 14, or 0 where it wants none.

    A peer that takes transport-wide numbers gets no send time as well: it would not look at it. ``mid`` of more than 16 bytes
    does not fit a one-byte extension and is left out: the SSRC in the answer binds the stream to its section too (RFC 9143
    section 9.2). ``tail`` is how many bytes the packet is longer than what is in it, for SRTP's tag when it is protected
    in place: 16 for AEAD, 10 for HMAC-SHA1-80.
    """

    __slots__ = ("_allocate", "_begin", "_block", "_first", "_overhead", "_pack", "_tail", "head", "stamp_at")

    def __init__(
        self,
        *,
        mid_id: int = 0,
        mid: bytes = b"",
        transport_sequence: int = 0,
        abs_send_time: int = 0,
        allocate: Allocate | None = None,
        tail: int = 0,
    ) -> None:
        self._allocate = allocate if transport_sequence else None
        body = bytes((mid_id << 4 | len(mid) - 1,)) + mid if mid_id and 1 <= len(mid) <= 16 else b""
        body += bytes(-len(body) % 4)
        # A zero byte in front of the shorter extension is padding (RFC 8285 section 4.2) and keeps the stamp at 4 bytes.
        if self._allocate is not None:
            self._begin = (transport_sequence << 4 | 1) << 16
        else:
            self._begin = (abs_send_time << 4 | 2) << 24 if abs_send_time else 0
        words = len(body) // 4 + (1 if self._begin else 0)
        self._block = struct.pack("!HH", 0xBEDE, words) + body if words else b""
        self._first = 0x90 if words else 0x80
        form = struct.Struct(f"!BBHII{len(self._block)}s" + ("I" if self._begin else ""))
        self._pack: Callable[..., bytes] = form.pack
        self.head = form.size
        self.stamp_at = form.size - 4 if self._begin else 0
        self._tail = bytes(tail)
        self._overhead = form.size + tail

    def write(self, second: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, now: int) -> bytearray:
        """A packet. ``second`` is the marker and payload type, ``sequence`` and ``timestamp`` are already in range."""
        begin = self._begin
        if self._allocate is not None:
            stamp = begin | self._allocate(self._overhead + len(payload), now)
            head = self._pack(self._first, second, sequence, timestamp, ssrc, self._block, stamp)
        elif begin:
            # Seconds as 6.18 fixed point.
            stamp = begin | (now << 18) // 1000 & 0xFFFFFF
            head = self._pack(self._first, second, sequence, timestamp, ssrc, self._block, stamp)
        else:
            head = self._pack(self._first, second, sequence, timestamp, ssrc, self._block)
        return _JOIN((head, payload, self._tail))
