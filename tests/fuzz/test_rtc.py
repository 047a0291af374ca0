"""Whatever a network brings, the decoders of media answer with None or a list, never with an exception."""

from __future__ import annotations

import contextlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.base.errors import ClientError
from salon.rtc import rtcp, rtp, sdp, stun
from salon.rtc.sdp import fragment, negotiate

OFFERS = Path(__file__).parents[1] / "data" / "offers"

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


SDP_LINES = st.sampled_from(
    [line for path in sorted(OFFERS.glob("*.sdp")) for line in path.read_text().splitlines()] + ["", "m=", "a=", "x"]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(SDP_LINES | st.text(max_size=60), max_size=60), st.integers(0, 10_000), st.text(max_size=3))
def test_sdp(lines: list[str], at: int, inserted: str) -> None:
    text = "v=0\n" + "\n".join(lines)
    at %= len(text)
    with contextlib.suppress(ClientError):
        offer = sdp.parse(text[:at] + inserted + text[at:])
        for media in offer.media:
            negotiate.codecs(media, negotiate.VIDEO + negotiate.AUDIO)
    with contextlib.suppress(ClientError):
        fragment.parse(text)
