"""The VP8 payload descriptor (RFC 7741 section 4.2): where a frame starts, and the counters that a layer switch would break."""

from __future__ import annotations

from typing import NamedTuple


class Descriptor(NamedTuple):
    """``size`` is the descriptor's, in bytes. ``picture_at`` is the offset of the picture id of ``picture_bits`` (7 or 15) bits,
    ``tl0_at`` that of TL0PICIDX; 0 where there is none."""

    size: int
    starts_frame: bool
    picture_at: int
    picture_bits: int
    picture: int
    tl0_at: int
    tl0: int


class Shift(NamedTuple):
    """What is added to the counters of one source so that they continue those of the source before it."""

    picture: int
    tl0: int


def parse(payload: bytes | memoryview) -> Descriptor | None:
    """The descriptor, or None where the payload ends within it."""
    size = len(payload)
    if not size:
        return None
    first = payload[0]
    position = 1
    picture_at = picture_bits = picture = tl0_at = tl0 = 0
    if first & 0x80:
        if size < 2:
            return None
        extended = payload[1]
        position = 2
        if extended & 0x80:
            picture_at = position
            if position >= size:
                return None
            picture = payload[position]
            if picture & 0x80:
                if position + 1 >= size:
                    return None
                picture, picture_bits = (picture & 0x7F) << 8 | payload[position + 1], 15
                position += 2
            else:
                picture_bits = 7
                position += 1
        if extended & 0x40:
            if position >= size:
                return None
            tl0_at, tl0 = position, payload[position]
            position += 1
        if extended & 0x30:
            position += 1
    if position > size:
        return None
    # Section 4.2: "S: Start of VP8 partition", "PID: Partition index"; a frame starts where partition 0 does.
    return Descriptor(position, first & 0x17 == 0x10, picture_at, picture_bits, picture, tl0_at, tl0)


def is_key(payload: bytes | memoryview) -> bool:
    """The first packet of a key frame."""
    found = parse(payload)
    # Section 4.3: P is 0 in the first byte of a key frame's header.
    return found is not None and found.starts_frame and len(payload) > found.size and not payload[found.size] & 1


def resolution(payload: bytes | memoryview) -> tuple[int, int] | None:
    """Width and height that the first packet of a key frame carries (RFC 6386 section 9.1)."""
    found = parse(payload)
    if found is None or not found.starts_frame:
        return None
    header = bytes(payload[found.size : found.size + 10])
    if len(header) < 10 or header[0] & 1 or header[3:6] != b"\x9d\x01\x2a":
        return None
    return int.from_bytes(header[6:8], "little") & 0x3FFF, int.from_bytes(header[8:10], "little") & 0x3FFF


def continue_counters(last: bytes | memoryview, before: Shift, first: bytes | memoryview) -> Shift:
    """The shift under which ``first``, of a new source, counts on from ``last``, which was sent with ``before``."""
    old, new = parse(last), parse(first)
    if old is None or new is None:
        return Shift(0, 0)
    return Shift(
        (old.picture + before.picture + 1 - new.picture) & 0x7FFF if old.picture_bits and new.picture_bits else 0,
        (old.tl0 + before.tl0 + 1 - new.tl0) & 0xFF if old.tl0_at and new.tl0_at else 0,
    )


def apply(packet: bytearray, offset: int, shift: Shift) -> None:
    """Shift the counters of the payload that starts at ``offset``, in place."""
    found = parse(memoryview(packet)[offset:])
    if found is None:
        return
    if found.picture_bits == 15:
        picture = (found.picture + shift.picture) & 0x7FFF
        packet[offset + found.picture_at] = 0x80 | picture >> 8
        packet[offset + found.picture_at + 1] = picture & 0xFF
    elif found.picture_bits:
        packet[offset + found.picture_at] = (found.picture + shift.picture) & 0x7F
    if found.tl0_at:
        packet[offset + found.tl0_at] = (found.tl0 + shift.tl0) & 0xFF
