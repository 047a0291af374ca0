"""The VP8 payload descriptor (RFC 7741 section 4.2): where a frame starts, and the counters that a layer switch would break."""

from __future__ import annotations

from salon.rtc.counters import Descriptor


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
