"""Counters in payload descriptors (VP8, VP9) that a decoder expects to go on: they are continued when the packets begin to come
from another layer or publisher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple


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


Parse = Callable[[bytes | memoryview], Descriptor | None]


class Shift(NamedTuple):
    """What is added to the counters of one source so that they continue those of the source before it."""

    picture: int
    tl0: int


NONE: Final = Shift(0, 0)


def continued(parse: Parse, last: bytes | memoryview, before: Shift, first: bytes | memoryview) -> Shift:
    """The shift under which ``first``, of a new source, counts on from ``last``, which was sent with ``before``."""
    old, new = parse(last), parse(first)
    if old is None or new is None:
        return NONE
    picture = 0
    if old.picture_bits and new.picture_bits:
        # What the viewer got wraps where its own form does.
        sent = (old.picture + before.picture) & (1 << old.picture_bits) - 1
        picture = (sent + 1 - new.picture) & 0x7FFF
    return Shift(picture, (old.tl0 + before.tl0 + 1 - new.tl0) & 0xFF if old.tl0_at and new.tl0_at else 0)


def apply(parse: Parse, packet: bytearray, offset: int, shift: Shift) -> None:
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
