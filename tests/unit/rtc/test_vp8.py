"""The VP8 payload descriptor."""

from __future__ import annotations

import pytest

from salon.rtc import vp8


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"\x10\x00", vp8.Descriptor(1, True, 0, 0, 0, 0, 0)),
        (b"\x00\x00", vp8.Descriptor(1, False, 0, 0, 0, 0, 0)),
        (b"\x17\x00", vp8.Descriptor(1, False, 0, 0, 0, 0, 0)),
        (b"\x90\x80\x55\x00", vp8.Descriptor(3, True, 2, 7, 0x55, 0, 0)),
        (b"\x90\xf0\x81\x02\x33\x44\x00", vp8.Descriptor(6, True, 2, 15, 0x102, 4, 0x33)),
        (b"\x90\x40\x09\x00", vp8.Descriptor(3, True, 0, 0, 0, 2, 9)),
        (b"\x90\x20\x09\x00", vp8.Descriptor(3, True, 0, 0, 0, 0, 0)),
    ],
)
def test_descriptors(payload: bytes, expected: vp8.Descriptor) -> None:
    assert vp8.parse(payload) == expected


@pytest.mark.parametrize("payload", [b"", b"\x90", b"\x90\x80", b"\x90\x80\x81", b"\x90\x40", b"\x90\x20"])
def test_what_ends_too_soon_is_none(payload: bytes) -> None:
    assert vp8.parse(payload) is None
    assert not vp8.is_key(payload)
    data = bytearray(payload)
    vp8.apply(data, 0, vp8.Shift(1, 1))
    assert data == payload


def test_counters_continue_and_wrap() -> None:
    last = b"\x90\xe0\xff\xff\xff\x20\x01"
    first = b"\x90\xe0\x80\x05\x07\x20\x00"
    shift = vp8.continue_counters(last, vp8.Shift(0, 0), first)
    data = bytearray(b"head" + first)
    vp8.apply(data, 4, shift)
    assert data == b"head\x90\xe0\x80\x00\x00\x20\x00"
    after = vp8.continue_counters(first, shift, b"\x90\xe0\x81\x00\x09\x20\x00")
    data = bytearray(b"\x90\xe0\x81\x00\x09\x20\x00")
    vp8.apply(data, 0, after)
    assert data == b"\x90\xe0\x80\x01\x01\x20\x00"


def test_short_picture_ids_stay_short() -> None:
    data = bytearray(b"\x90\x80\x7f\x00")
    vp8.apply(data, 0, vp8.Shift(2, 0))
    assert data == b"\x90\x80\x01\x00"


def test_sources_without_counters_are_left_alone() -> None:
    assert vp8.continue_counters(b"\x10\x00", vp8.Shift(3, 3), b"\x90\xe0\x80\x05\x07\x20\x00") == (0, 0)
    assert vp8.continue_counters(b"", vp8.Shift(3, 3), b"\x10\x00") == (0, 0)
