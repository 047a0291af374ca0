"""Offers of many programs, and offers that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from salon.base.errors import ClientError
from salon.rtc import sdp

OFFERS = Path(__file__).parents[3] / "data" / "offers"


def read(name: str) -> sdp.Offer:
    return sdp.parse((OFFERS / f"{name}.sdp").read_text())


@pytest.mark.parametrize("path", sorted(OFFERS.glob("*.sdp")), ids=lambda path: path.stem)
def test_every_program_says_how_to_reach_it(path: Path) -> None:
    offer = sdp.parse(path.read_text())
    transport = offer.transport
    assert len(transport.ufrag) >= 4
    assert len(transport.password) >= 22
    assert transport.fingerprints[0].algorithm == "sha-256"
    assert transport.setup == "actpass"
    assert set(offer.bundle) == {media.mid for media in offer.media}


def test_audio_video_and_data() -> None:
    audio, video, data = read("libwebrtc").media
    assert (audio.kind, video.kind, data.kind) == ("audio", "video", "application")
    opus = audio.codec(111)
    assert opus is not None
    assert (opus.key, opus.clock_rate, opus.channels) == ("opus", 48000, 2)
    assert opus.parameters == {"minptime": "10", "useinbandfec": "1"}
    assert "transport-cc" in opus.feedback
    rtx = video.codec(97)
    assert rtx is not None and rtx.associated == 96
    assert (data.sctp_port, data.max_message_size) == (5000, 262_144)


def test_simulcast_layers_keep_their_order() -> None:
    video = read("chromium-simulcast").media[1]
    assert video.rids == ("h", "m", "l")
    assert video.simulcast == sdp.Simulcast(("h", "m", "l"))
    assert video.direction == "sendonly"


def test_attributes_of_the_session_hold_for_its_sections() -> None:
    offer = read("obs-shape")
    assert {media.ufrag for media in offer.media} == {"jl8n"}
    assert offer.media[1].fingerprints == offer.media[0].fingerprints
    assert offer.media[1].ssrcs == (1184138164,)
    assert offer.media[1].msid == "6bGaZUrPmR 6bGaZUrPmR-video"


def test_a_section_that_is_only_bundled_is_not_rejected() -> None:
    video = read("firefox-shape").media[1]
    assert not video.rejected
    assert video.direction == "recvonly"
    assert [codec.name for codec in video.codecs][:2] == ["VP8", "rtx"]


def test_gstreamer_names_streams_by_ssrc_and_opus_in_capitals() -> None:
    video, audio = read("gstreamer-shape").media
    assert (video.mid, video.ssrcs) == ("video0", (2311848501, 716402387))
    assert video.msid == "user2170958421@host-5c1e7a90 webrtctransceiver0"
    assert not audio.rejected
    assert [(codec.key, codec.clock_rate) for codec in audio.codecs] == [("opus", 48_000)]


def test_firefox_names_repeats_and_publishes() -> None:
    audio, video = read("firefox").media
    assert (audio.direction, video.direction) == ("sendonly", "sendonly")
    assert video.ssrcs == (27563520, 238516518)
    assert video.msid == "{623ce1a8-08a4-4b06-bacf-745fc4d68400} {6e1bceb5-2480-49f5-96fb-c50bdf1fa98e}"
    assert [(codec.key, codec.associated) for codec in video.codecs][:4] == [
        ("vp8", None),
        ("rtx", 120),
        ("vp9", None),
        ("rtx", 121),
    ]


def test_paused_layers_and_alternatives() -> None:
    text = "v=0\nm=video 9 UDP/TLS/RTP/SAVPF 96\na=rtpmap:96 VP8/90000\na=simulcast:recv x send 1,4;~2;3\n"
    assert sdp.parse(text).media[0].simulcast == sdp.Simulcast(("1", "2", "3"), frozenset({"2"}))


def test_static_payload_types_need_no_map() -> None:
    (audio,) = sdp.parse("v=0\nm=audio 9 RTP/AVP 0 8 96\n").media
    assert [(codec.name, codec.clock_rate) for codec in audio.codecs] == [("PCMU", 8000), ("PCMA", 8000)]
    assert audio.mid == "0"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "v=0"),
        ("hello", "v=0"),
        ("v=0\n", "no media section"),
        ("v=0\nm=audio\n", "too few words"),
        ("v=0\nm=audio x UDP/TLS/RTP/SAVPF 0\n", "no port"),
        ("v=0\nm=audio 9 UDP/TLS/RTP/SAVPF abc\n", "payload type"),
        ("v=0\nm=audio 9 UDP/TLS/RTP/SAVPF 200\n", "payload type"),
        ("v=0\nm=audio 9 X 0\na=mid:a\nm=audio 9 X 0\na=mid:a\n", "same mid"),
        ("v=0\nm=audio 9 X 0\na=mid:a b\n", "mid"),
        ("v=0\nm=audio 9 X 0\na=ice-ufrag:ä\n", "ICE credential"),
        ("v=0\nm=application 9 X webrtc-datachannel\n", "sctp-port"),
        ("v=0\n" + "m=audio 9 X 0\n" * 65, "64 media sections"),
        ("v=0\n" + "a=x\n" * 9000, "lines"),
        ("v=0" + " " * 300_000, "characters"),
    ],
)
def test_what_cannot_be_answered_is_said_so(text: str, why: str) -> None:
    with pytest.raises(ClientError, match=why) as caught:
        sdp.parse(text)
    assert caught.value.code == "invalid_sdp"


def test_a_data_section_that_has_ended_needs_no_port_of_sctp() -> None:
    (data,) = sdp.parse("v=0\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\na=mid:0\n").media
    assert data.rejected
    assert data.sctp_port is None
