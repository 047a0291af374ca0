"""RTP: packets, extensions, counters that wrap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.rtc import rtp

EXTENSIONS = [(1, b"\x01"), (3, b"abc"), (14, bytes(16))]


def test_what_is_built_is_read_again() -> None:
    data = rtp.build(
        payload_type=111,
        sequence=65535,
        timestamp=2**32 - 1,
        ssrc=7,
        payload=b"opus",
        marker=True,
        extensions=EXTENSIONS,
    )
    packet = rtp.parse(data)
    assert packet is not None
    assert (packet.payload_type, packet.sequence, packet.timestamp, packet.ssrc) == (111, 65535, 2**32 - 1, 7)
    assert packet.marker
    assert packet.extensions == dict(EXTENSIONS)
    assert data[packet.payload : packet.end] == b"opus"


def test_two_byte_extensions_csrcs_and_padding() -> None:
    header = rtp.HEADER.pack(0x80 | 0x20 | 0x10 | 2, 96, 1, 2, 3) + bytes(8)
    block = bytes((5, 0, 0, 0, 20, 4)) + b"wxyz" + bytes(2)
    data = header + b"\x10\x00\x00\x03" + block + b"payload" + b"\0\0\3"
    packet = rtp.parse(data)
    assert packet is not None
    assert packet.extensions == {5: b"", 20: b"wxyz"}
    assert data[packet.payload : packet.end] == b"payload"
    assert not packet.marker


def test_id_fifteen_ends_the_extensions() -> None:
    header = rtp.HEADER.pack(0x90, 96, 1, 2, 3)
    packet = rtp.parse(header + b"\xbe\xde\x00\x02" + b"\x10a" + b"\xf0b" + b"\x20c" + bytes(2))
    assert packet is not None and packet.extensions == {1: b"a"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(11),
        bytes(12),
        rtp.HEADER.pack(0x8F, 0, 0, 0, 0),
        rtp.HEADER.pack(0x90, 0, 0, 0, 0) + b"\xbe\xde",
        rtp.HEADER.pack(0x90, 0, 0, 0, 0) + b"\xbe\xde\xff\xff",
        rtp.HEADER.pack(0xA0, 0, 0, 0, 0) + b"x\x09",
        rtp.HEADER.pack(0xA0, 0, 0, 0, 0) + b"x\x00",
    ],
)
def test_what_is_not_rtp_is_none(data: bytes) -> None:
    assert rtp.parse(data) is None


def test_rtcp_is_told_apart() -> None:
    assert rtp.is_rtcp(b"\x80\xc8")
    assert not rtp.is_rtcp(b"\x80\x6f")
    assert not rtp.is_rtcp(b"\x80")


@given(st.lists(st.integers(-20_000, 20_000), max_size=50), st.sampled_from([16, 32]))
def test_counters_unwrap_to_what_they_were(steps: list[int], bits: int) -> None:
    unwrap = rtp.Unwrapper(bits)
    newest = value = 60_000
    assert unwrap(value % 2**bits) == 60_000 % 2**bits
    offset = 60_000 - 60_000 % 2**bits
    for step in steps:
        value = newest + step
        assert unwrap(value % 2**bits) + offset == value
        newest = max(newest, value)
