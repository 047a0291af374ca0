"""Whatever a network brings, the decoders of media answer with None or a list, never with an exception."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.rtc import rtcp, rtp, stun

JUNK = st.binary(max_size=400)
STUN_LIKE = st.builds(
    lambda kind, body: kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + body,
    st.integers(0, 0x3FFF),
    st.binary(max_size=200),
)
RTP_LIKE = st.builds(lambda first, rest: bytes((0x80 | first,)) + rest, st.integers(0, 63), st.binary(max_size=200))
RTCP_LIKE = st.builds(
    lambda form, kind, body: bytes((0x80 | form, kind)) + (len(body) // 4).to_bytes(2, "big") + body,
    st.integers(0, 63),
    st.integers(192, 223),
    st.binary(max_size=200),
)


@settings(max_examples=500, deadline=None)
@given(JUNK | STUN_LIKE)
def test_stun(data: bytes) -> None:
    message = stun.parse(data)
    if message is not None:
        message.is_signed_with("secret")
        assert isinstance(message.username, str)
        assert message.error_code >= 0
        stun.read_xor_address(message.attributes.get(stun.XOR_MAPPED_ADDRESS, b""), message.transaction_id)


@settings(max_examples=500, deadline=None)
@given(JUNK | RTP_LIKE)
def test_rtp(data: bytes) -> None:
    packet = rtp.parse(data)
    if packet is not None:
        assert 12 <= packet.payload <= packet.end <= len(data)


@settings(max_examples=500, deadline=None)
@given(JUNK | RTCP_LIKE | st.lists(RTCP_LIKE, max_size=5).map(b"".join))
def test_rtcp(data: bytes) -> None:
    assert len(rtcp.parse(data)) <= rtcp.MAX_PACKETS
