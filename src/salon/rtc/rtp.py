"""RTP packets (RFC 3550) and their header extensions (RFC 8285).

The packet path reads a packet with ``parse`` once and works on offsets from then on; nothing is copied but what is sent.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

HEADER: Final = struct.Struct("!BBHII")
ONE_BYTE: Final = 0xBEDE  # RFC 8285 section 4.2
TWO_BYTE: Final = 0x1000  # section 4.3; the low four bits are the application's


class Packet(NamedTuple):
    """One packet and where its parts are. ``payload`` and ``end`` are offsets into ``data``: the padding is behind ``end``.

    ``extensions`` has the values by local id; empty for the many packets without.
    """

    data: bytes
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    extensions: dict[int, bytes]
    payload: int
    end: int


def is_rtcp(datagram: bytes) -> bool:
    """RFC 5761 section 4: packet types 192 to 223 are RTCP's."""
    return len(datagram) >= 2 and 192 <= datagram[1] <= 223


def parse(data: bytes) -> Packet | None:
    """A packet, or None for what is not RTP. Never raises."""
    if len(data) < 12:
        return None
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    if first >> 6 != 2:
        return None
    payload = 12 + 4 * (first & 15)
    extensions: dict[int, bytes] = _NONE
    if first & 0x10:
        if len(data) < payload + 4:
            return None
        profile, words = struct.unpack_from("!HH", data, payload)
        begin = payload + 4
        payload = begin + 4 * words
        if len(data) < payload:
            return None
        if profile == ONE_BYTE:
            extensions = _one_byte(data, begin, payload)
        elif profile & 0xFFF0 == TWO_BYTE:
            extensions = _two_byte(data, begin, payload)
    end = len(data)
    if first & 0x20 and end > payload:
        end -= data[-1]
        if data[-1] == 0 or end < payload:
            return None
    if end < payload:
        return None
    return Packet(data, second >= 128, second & 127, sequence, timestamp, ssrc, extensions, payload, end)


def build(
    *,
    payload_type: int,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    marker: bool = False,
    extensions: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    """A packet with one-byte extensions, whose values have 1 to 16 bytes and ids from 1 to 14."""
    block = extension_block(extensions)
    first = 0x90 if block else 0x80
    second = payload_type | (0x80 if marker else 0)
    return HEADER.pack(first, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + block + payload


def extension_block(extensions: Iterable[tuple[int, bytes]]) -> bytes:
    """The one-byte extensions with their header and padding, empty for none."""
    body = b"".join(bytes(((local_id << 4) | (len(value) - 1),)) + value for local_id, value in extensions)
    if not body:
        return b""
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", ONE_BYTE, len(body) // 4) + body


class Unwrapper:
    """Counters that wrap, made into ones that do not: the nearest continuation of what came before.

    ``bits`` is 16 for sequence numbers, 32 for timestamps.
    """

    __slots__ = ("_half", "_last", "_size")

    def __init__(self, bits: int) -> None:
        self._size = 1 << bits
        self._half = self._size >> 1
        self._last: int | None = None

    def __call__(self, value: int) -> int:
        if self._last is None:
            self._last = value
            return value
        delta = (value - self._last) % self._size
        if delta >= self._half:
            # Earlier than the newest: the newest stays the reference.
            return self._last + delta - self._size
        self._last += delta
        return self._last


_NONE: Final[dict[int, bytes]] = {}


def _one_byte(data: bytes, position: int, end: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while position < end:
        head = data[position]
        position += 1
        if head == 0:
            continue
        local_id, size = head >> 4, (head & 15) + 1
        # Section 4.2: "If the ID value 15 is used, … processing of the entire extension MUST terminate".
        if local_id == 15 or position + size > end:
            break
        found[local_id] = data[position : position + size]
        position += size
    return found


def _two_byte(data: bytes, position: int, end: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while position + 1 < end:
        local_id, size = data[position], data[position + 1]
        if local_id == 0:
            position += 1
            continue
        position += 2
        if position + size > end:
            break
        found[local_id] = data[position : position + size]
        position += size
    return found
