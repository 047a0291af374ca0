"""Answers that libwebrtc and aiortc take, and that say what was decided."""

from __future__ import annotations

from salon.rtc import sdp
from salon.rtc.ice import Credentials
from salon.rtc.sdp import write as writing
from salon.rtc.sdp.write import Section, Sent, Transport, write

TRANSPORT = Transport(
    credentials=Credentials("ours", "our-password-of-22-chars"),
    fingerprints=(sdp.Fingerprint("sha-256", ":".join(["AB"] * 32)),),
    candidates=(
        sdp.Candidate(host="192.0.2.1", port=8000),
        sdp.Candidate(host="2001:db8::1", port=8000),
        sdp.Candidate(host="192.0.2.1", port=8000, transport="tcp"),
    ),
)
OPUS = sdp.Codec(
    payload_type=111,
    name="opus",
    clock_rate=48000,
    channels=2,
    parameters={"minptime": "10"},
    feedback=("transport-cc",),
)
VIDEO = Section(
    mid="1",
    kind="video",
    protocol="UDP/TLS/RTP/SAVPF",
    formats=("96",),
    direction="recvonly",
    codecs=(sdp.Codec(payload_type=96, name="VP8", clock_rate=90000),),
    extensions={4: "urn:ietf:params:rtp-hdrext:sdes:mid"},
    rids=("h", "l"),
)


def test_what_is_written_is_read_again() -> None:
    audio = Section(
        mid="0",
        kind="audio",
        protocol="UDP/TLS/RTP/SAVPF",
        formats=("111", "0"),
        direction="sendonly",
        codecs=(OPUS,),
        sends=Sent(ssrc=5, rtx_ssrc=6, cname="salon", stream="s", track="t"),
    )
    data = Section(
        mid="2", kind="application", protocol="UDP/DTLS/SCTP", formats=("webrtc-datachannel",), sctp_port=5000
    )
    text = write(1, 2, TRANSPORT, [audio, VIDEO, data])
    answer = sdp.parse(text)
    assert answer.ice_lite
    assert answer.bundle == ("0", "1", "2")
    assert answer.media[0].codecs == (OPUS,)
    assert (answer.media[0].direction, answer.media[0].msid, answer.media[0].ssrcs) == ("sendonly", "s t", (5, 6))
    assert answer.media[0].groups == (("FID", (5, 6)),)
    assert answer.media[0].setup == "passive"
    assert (answer.media[2].sctp_port, answer.media[2].max_message_size) == (5000, 262_144)
    assert answer.transport.password == TRANSPORT.credentials.password
    assert "a=rid:h recv\r\na=rid:l recv\r\na=simulcast:recv h;l\r\n" in text
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")


def test_a_rejected_section_keeps_its_place_and_leaves_the_bundle() -> None:
    rejected = Section(mid="0", kind="audio", protocol="UDP/TLS/RTP/SAVPF", formats=("7",), rejected=True)
    answer = sdp.parse(write(1, 1, TRANSPORT, [rejected, VIDEO]))
    assert answer.media[0].rejected
    assert answer.bundle == ("1",)


def test_udp_comes_before_tcp_and_the_first_before_the_second() -> None:
    lines = writing.candidate_lines(TRANSPORT.candidates)
    priorities = [int(line.split()[3]) for line in lines[:-1]]
    assert priorities == sorted(priorities, reverse=True)
    assert lines[2].endswith("typ host tcptype passive")
    assert lines[-1] == "a=end-of-candidates"
