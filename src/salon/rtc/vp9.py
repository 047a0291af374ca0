"""The VP9 payload descriptor (RFC 9628 section 4.2): where a frame starts, and the counters that a switch would break.

References to other pictures are differences (P_DIFF), which a shift of all picture ids leaves as they are; outside flexible mode
they are TL0PICIDX and the structure that the key picture carries.
"""

from __future__ import annotations

from salon.rtc.counters import Descriptor


def parse(payload: bytes | memoryview) -> Descriptor | None:
    """The descriptor, or None where the payload ends within it."""
    size = len(payload)
    if not size:
        return None
    first, position = payload[0], 1
    picture_at = picture_bits = picture = tl0_at = tl0 = 0
    if first & 0x80:  # I: picture id; its M bit says that it has 15 bits
        if size < 3:
            return None
        picture_at, picture_bits, picture = 1, 7, payload[1]
        position = 2
        if picture & 0x80:
            picture_bits, picture = 15, (picture & 0x7F) << 8 | payload[2]
            position = 3
    if first & 0x20:  # L: layer indices, and TL0PICIDX outside flexible mode
        position += 1
        if not first & 0x10:
            if position >= size:
                return None
            tl0_at, tl0 = position, payload[position]
            position += 1
    if first & 0x50 == 0x50:  # P and F: up to three references, each saying whether one follows
        for _ in range(3):
            if position >= size:
                return None
            position += 1
            if not payload[position - 1] & 1:
                break
    if first & 0x02:  # V: the scalability structure
        after = _behind_structure(payload, position)
        if after is None:
            return None
        position = after
    if position >= size:
        return None
    return Descriptor(position, bool(first & 0x08), picture_at, picture_bits, picture, tl0_at, tl0)


def is_key(payload: bytes | memoryview) -> bool:
    """The first packet of a key picture."""
    # B starts a frame, P says it is predicted from other pictures.
    if len(payload) < 2 or payload[0] & 0x48 != 0x08:
        return False
    if not payload[0] & 0x20:
        return True
    position = 1
    if payload[0] & 0x80:
        position += 2 if payload[1] & 0x80 else 1
    # A key picture starts at its lowest spatial layer.
    return position < len(payload) and not payload[position] >> 1 & 7


def _behind_structure(payload: bytes | memoryview, position: int) -> int | None:
    size = len(payload)
    if position >= size:
        return None
    head = payload[position]
    position += 1
    if head & 0x10:  # Y: a resolution for each spatial layer
        position += 4 * ((head >> 5) + 1)
    if head & 0x08:  # G: the pictures of a group
        if position >= size:
            return None
        pictures = payload[position]
        position += 1
        for _ in range(pictures):
            if position >= size:
                return None
            position += 1 + (payload[position] >> 2 & 3)
    return position
