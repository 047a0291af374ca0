"""What of an offer is taken."""

from __future__ import annotations

from pathlib import Path

from salon.rtc import sdp
from salon.rtc.sdp import negotiate

OFFERS = Path(__file__).parents[3] / "data" / "offers"


def media(name: str, index: int) -> sdp.Media:
    return sdp.parse((OFFERS / f"{name}.sdp").read_text()).media[index]


def test_the_first_codec_that_is_wanted_and_its_retransmission() -> None:
    chosen = negotiate.codecs(media("libwebrtc", 1), negotiate.VIDEO)
    assert [(codec.key, codec.payload_type) for codec in chosen] == [("vp8", 96), ("rtx", 97)]
    assert set(chosen[0].feedback) <= negotiate.FEEDBACK["video"]
    assert "nack pli" in chosen[0].feedback


def test_nothing_where_nothing_fits() -> None:
    assert negotiate.codecs(media("obs-shape", 1), ("vp8",)) == ()


def test_h264_is_taken_in_the_packetization_that_fits_packets() -> None:
    (h264, rtx) = negotiate.codecs(media("firefox-shape", 1), ("h264",))
    assert (h264.payload_type, rtx.payload_type) == (126, 127)


def test_a_viewer_gets_the_publishers_codec_under_its_own_number() -> None:
    (published,) = negotiate.codecs(media("obs-shape", 1), negotiate.VIDEO)
    chosen = negotiate.same_codec(media("firefox-shape", 1), published)
    assert [codec.payload_type for codec in chosen] == [126, 127]
    (vp8, _) = negotiate.codecs(media("libwebrtc", 1), ("vp8",))
    assert negotiate.same_codec(media("obs-shape", 1), vp8) == ()


def test_what_gstreamer_sends_is_taken_and_browsers_can_watch_it() -> None:
    (h264, rtx) = negotiate.codecs(media("gstreamer-shape", 0), negotiate.VIDEO)
    assert (h264.payload_type, rtx.payload_type) == (96, 100)
    (opus,) = negotiate.codecs(media("gstreamer-shape", 1), negotiate.AUDIO)
    assert [codec.payload_type for codec in negotiate.same_codec(media("firefox-shape", 1), h264)] == [126, 127]
    assert [codec.payload_type for codec in negotiate.same_codec(media("firefox", 0), opus)] == [109]


def test_extensions_that_are_understood() -> None:
    taken = negotiate.extensions(media("chromium-simulcast", 1))
    assert {negotiate.MID, negotiate.RID, negotiate.TRANSPORT_SEQUENCE} <= set(taken.values())
    assert set(taken.values()) <= negotiate.EXTENSIONS
