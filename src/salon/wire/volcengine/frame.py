"""The binary frame. All numbers are big-endian.

::

    byte 0   version (1) and size of the header in words of 4 bytes
    byte 1   type of message, flags
    byte 2   serialisation, compression
    byte 3   0
    then     [code u32, in errors] [sequence i32] [event i32] [length u32 and id, with most events] length u32 and payload
"""

from __future__ import annotations

import gzip
import struct
import zlib

import msgspec

from salon.base.errors import BadAnswer
from salon.wire.volcengine.codes import HOUSE

# Types of message.
REQUEST, AUDIO, ANSWER, SOUND, ERROR = 0x1, 0x2, 0x9, 0xB, 0xF
# Flags: a sequence number above 0; the last without one; the last with a negative one; an event.
SEQUENCE, LAST, LAST_SEQUENCE, EVENT = 0x1, 0x2, 0x3, 0x4
RAW, JSON = 0x0, 0x1
PLAIN, GZIP = 0x0, 0x1
#: Bytes that a payload may unpack to.
MOST = 16 << 20

#: Events that carry no id, and those whose id is the connection's.
WITHOUT_ID = frozenset({1, 2})


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """``id`` is the session's, or the connection's in the events 50 to 52. ``payload`` is unpacked."""

    type: int
    flags: int = 0
    serialization: int = RAW
    compression: int = PLAIN
    code: int | None = None
    sequence: int | None = None
    event: int | None = None
    id: str = ""
    payload: bytes = b""

    @property
    def last(self) -> bool:
        return self.type != ERROR and bool(self.flags & LAST)


def encode(frame: Frame) -> bytes:
    kind = (frame.type << 4) | frame.flags
    parts = [bytes([0x11, kind, (frame.serialization << 4) | frame.compression, 0])]
    if frame.type == ERROR:
        parts.append(struct.pack(">I", frame.code or 0))
    elif frame.flags & SEQUENCE:
        parts.append(struct.pack(">i", frame.sequence or 0))
    if frame.type != ERROR and frame.flags & EVENT:
        event = frame.event or 0
        parts.append(struct.pack(">i", event))
        if event not in WITHOUT_ID:
            name = frame.id.encode()
            parts.append(struct.pack(">I", len(name)) + name)
    payload = gzip.compress(frame.payload, mtime=0) if frame.compression == GZIP else frame.payload
    parts.append(struct.pack(">I", len(payload)) + payload)
    return b"".join(parts)


def decode(data: bytes | str) -> Frame:
    """Raises ``BadAnswer`` for what is no frame."""
    if isinstance(data, str):
        raise _bad("it is text")
    reader = _Reader(data)
    first, kind, form, _ = reader.take(4)
    if first >> 4 != 1 or not first & 0xF:
        raise _bad(f"it begins with {first:#04x}")
    reader.take(4 * ((first & 0xF) - 1))
    type_, flags = kind >> 4, kind & 0xF
    serialization, compression = form >> 4, form & 0xF
    code = sequence = event = None
    name = ""
    if type_ == ERROR:
        code = reader.number(">I")
    else:
        if flags & SEQUENCE:
            sequence = reader.number(">i")
        if flags & EVENT:
            event = reader.number(">i")
            if event not in WITHOUT_ID:
                name = reader.counted().decode("utf-8", "replace")
    return Frame(
        type=type_,
        flags=flags,
        serialization=serialization,
        compression=compression,
        code=code,
        sequence=sequence,
        event=event,
        id=name,
        # "the last packet … payload may be empty": some leave the length out with it.
        payload=_unpacked(reader.counted() if reader.left else b"", compression),
    )


def _unpacked(payload: bytes, compression: int) -> bytes:
    if compression == PLAIN or not payload:
        return payload
    if compression != GZIP:
        raise _bad(f"its compression is {compression}")
    try:
        unpacker = zlib.decompressobj(wbits=31)
        unpacked = unpacker.decompress(payload, MOST)
    except zlib.error as error:
        raise _bad(f"it cannot be unpacked: {error}") from error
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise _bad("it does not unpack to a whole")
    return unpacked


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise _bad(f"it ends after {len(self._data)} bytes")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, form: str) -> int:
        value: int = struct.unpack(form, self.take(4))[0]
        return value

    def counted(self) -> bytes:
        return self.take(self.number(">I"))


def _bad(why: str) -> BadAnswer:
    return BadAnswer(
        f"Volcengine answered with something that is no frame of its protocol: {why}.",
        house=HOUSE,
        advice="See that the URL leads to Volcengine's service and that no proxy changes what it sends.",
    )
