"""The layout of what goes out, and that it can be written to again."""

from __future__ import annotations

import pytest

from salon.rtc import rtp
from salon.rtc.outgoing import Writer
from salon.rtc.probe import SendLog


def written(writer: Writer, payload: bytes = b"payload", tail: int = 0, now: int = 0) -> tuple[rtp.Packet, bytearray]:
    data = writer.write(0x80 | 111, 65_535, 2**32 - 1, 7, payload, now)
    packet = rtp.parse(bytes(data[: len(data) - tail]))
    assert packet is not None
    assert packet.data[packet.payload : packet.end] == payload
    assert packet.payload == writer.head
    assert (packet.marker, packet.payload_type, packet.sequence, packet.timestamp) == (True, 111, 65_535, 2**32 - 1)
    return packet, data


def test_without_extensions() -> None:
    packet, data = written(Writer())
    assert packet.extensions == {} and len(data) == 12 + 7


@pytest.mark.parametrize("mid", [b"0", b"ab", b"abc", b"abcd", b"0123456789abcdef"])
def test_mid_and_transport_number(mid: bytes) -> None:
    log = SendLog()
    log.next = 0x1_02FF
    writer = Writer(mid_id=14, mid=mid, transport_sequence=3, abs_send_time=5, allocate=log.sent, tail=16)
    packet, data = written(writer, tail=16)
    assert packet.extensions == {14: mid, 3: b"\x02\xff"}
    assert data[-16:] == bytes(16)
    assert log.sizes[0x2FF] == len(data), "the size is that on the wire"
    data[writer.stamp_at + 2 : writer.stamp_at + 4] = b"\xab\xcd"
    again = rtp.parse(bytes(data))
    assert again is not None and again.extensions[3] == b"\xab\xcd"


def test_the_send_time_serves_those_without_numbers() -> None:
    writer = Writer(mid_id=1, mid=b"0", transport_sequence=3, abs_send_time=5)
    packet, _ = written(writer, now=64_500)
    # 6.18 fixed point of a second, modulo 64 s.
    assert packet.extensions == {1: b"0", 5: (1 << 17).to_bytes(3, "big")}


def test_a_mid_too_long_is_left_out() -> None:
    packet, _ = written(Writer(mid_id=1, mid=b"x" * 17))
    assert packet.extensions == {}
