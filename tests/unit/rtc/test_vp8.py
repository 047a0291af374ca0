"""The VP8 payload descriptor."""

from __future__ import annotations

import pytest

from salon.rtc import vp8
from salon.rtc.counters import Descriptor


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x10\x00", Descriptor(1, True, 0, 0, 0, 0, 0)),
        (b"\x00\x00", Descriptor(1, False, 0, 0, 0, 0, 0)),
        (b"\x17\x00", Descriptor(1, False, 0, 0, 0, 0, 0)),
        (b"\x90\x80\x55\x00", Descriptor(3, True, 2, 7, 0x55, 0, 0)),
        (b"\x90\xf0\x81\x02\x33\x44\x00", Descriptor(6, True, 2, 15, 0x102, 4, 0x33)),
        (b"\x90\x40\x09\x00", Descriptor(3, True, 0, 0, 0, 2, 9)),
        (b"\x90\x20\x09\x00", Descriptor(3, True, 0, 0, 0, 0, 0)),
    ],
)
def test_descriptors(payload: bytes, expected: Descriptor) -> None:
    assert vp8.parse(payload) == expected


@pytest.mark.parametrize("payload", [b"", b"\x90", b"\x90\x80", b"\x90\x80\x81", b"\x90\x40", b"\x90\x20"])
def test_what_ends_too_soon_is_none(payload: bytes) -> None:
    assert vp8.parse(payload) is None
    assert not vp8.is_key(payload)
