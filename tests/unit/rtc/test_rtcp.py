"""RTCP: every packet there and back, and compound packets with holes in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.rtc import rtcp

BLOCK = rtcp.ReportBlock(ssrc=1, fraction=25, lost=-3, highest=70_000, jitter=12, last_sr=0x12345678, delay=65536)

PACKETS: list[rtcp.Rtcp] = [
    rtcp.SenderReport(7, 2**63 + 5, 2**32 - 1, 100, 20_000, (BLOCK,)),
    rtcp.ReceiverReport(7, (BLOCK, BLOCK._replace(lost=0x7FFFFF))),
    rtcp.ReceiverReport(7),
    rtcp.Bye((1, 2)),
    rtcp.Nack(1, 2, (65535, 0, 1, 15, 16, 100)),
    rtcp.Pli(1, 2),
    rtcp.Fir(1, ((2, 255), (3, 0))),
    rtcp.Remb(1, 0x3FFFF << 5, (2, 3)),
    rtcp.TransportFeedback(1, 2, 65530, 255, (640_000, None, 640_250, 704_000, 703_000, *[None] * 20, 710_000)),
]


@pytest.mark.parametrize("packet", PACKETS, ids=lambda packet: type(packet).__name__)
def test_what_is_built_is_read_again(packet: rtcp.Rtcp) -> None:
    data = rtcp.build(packet)
    assert len(data) % 4 == 0
    assert rtcp.parse(data) == [packet]


def test_a_compound_packet_is_read_to_its_end() -> None:
    data = rtcp.build(PACKETS[0]) + rtcp.sdes(7, "salon") + rtcp.build(PACKETS[5])
    assert rtcp.parse(data) == [PACKETS[0], PACKETS[5]]


def test_what_is_broken_ends_it_and_what_is_unknown_is_passed_over() -> None:
    unknown = b"\x80\xcc\x00\x01abcd"
    assert rtcp.parse(unknown + rtcp.build(PACKETS[5])) == [PACKETS[5]]
    assert rtcp.parse(rtcp.build(PACKETS[5]) + b"\x80\xc8\x00\xff") == [PACKETS[5]]
    assert rtcp.parse(rtcp.build(PACKETS[5])[:-1]) == []


def test_feedback_that_says_too_little_is_passed_over() -> None:
    whole = rtcp.build(PACKETS[-1])
    head = bytearray(whole)
    head[12 + 2 : 12 + 4] = b"\xff\xff"  # far more statuses than there are chunks
    assert rtcp.parse(bytes(head)) == []


def test_a_chunk_of_single_bits_is_read() -> None:
    fci = bytes.fromhex("0001 0003 000002 00".replace(" ", "")) + b"\xa8\x00" + b"\x04\x08" + bytes(0)
    body = bytes(8) + fci
    data = b"\x8f\xcd" + (len(body) // 4).to_bytes(2, "big") + body
    assert rtcp.parse(data) == [rtcp.TransportFeedback(0, 0, 1, 0, (129_000, None, 131_000))]


@given(st.lists(st.integers(0, 65535), unique=True, max_size=60))
def test_no_lost_packet_is_forgotten(lost: list[int]) -> None:
    (packet,) = rtcp.parse(rtcp.build(rtcp.Nack(1, 2, tuple(lost))))
    assert isinstance(packet, rtcp.Nack)
    assert set(packet.lost) == set(lost)


@given(st.lists(st.none() | st.integers(-2_000, 60_000), max_size=80), st.integers(0, 65535))
def test_arrivals_survive_within_one_tick(deltas: list[int | None], base: int) -> None:
    at, received = 5_000_000, []
    for delta in deltas:
        at += delta or 0
        received.append(None if delta is None else at)
    (packet,) = rtcp.parse(rtcp.build(rtcp.TransportFeedback(1, 2, base, 3, tuple(received))))
    assert isinstance(packet, rtcp.TransportFeedback)
    for sent, read in zip(received, packet.received, strict=True):
        assert (sent is None) == (read is None)
        assert sent is None or read is None or abs(sent - read) <= rtcp.TICK_US
