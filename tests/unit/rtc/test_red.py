from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from salon.rtc import red


def test_a_packet_carries_those_before_it() -> None:
    payload = red.build(111, b"newest", [(1920, b"oldest"), (960, b"older")])
    # RFC 2198 section 3: F, block PT, timestamp offset, block length; the last header is F = 0 and the PT alone.
    assert payload[:4] == (0x80000000 | 111 << 24 | 1920 << 10 | 6).to_bytes(4, "big")
    assert payload[8] == 111
    assert red.split(payload) == [(1920, b"oldest"), (960, b"older"), (0, b"newest")]


def test_what_does_not_fit_is_left_out() -> None:
    far, large = (red.MAX_OFFSET + 1, b"x"), (960, bytes(red.MAX_BLOCK + 1))
    assert red.split(red.build(111, b"new", [far, large, (0, b"y"), (960, b"")])) == [(0, b"new")]
    assert len(red.build(111, bytes(1_000), [(960, bytes(900))])) == 1_001


@given(st.binary(max_size=64))
def test_anything_is_split_or_refused(payload: bytes) -> None:
    blocks = red.split(payload)
    assert blocks is None or sum(len(block) for _, block in blocks) <= len(payload)
