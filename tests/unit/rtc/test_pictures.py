"""The size of a picture, in what FFmpeg's encoders make."""

from __future__ import annotations

import pytest

from salon.rtc import pictures
from salon.rtc.depacketize import Depacketizer
from tests.fakes.ffmpeg_rtp import HEIGHT, WIDTH, packets


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264", "av1"])
def test_a_key_frame_says_how_large_it_is_and_others_do_not(codec: str) -> None:
    depacketizer = Depacketizer(codec)
    frames = [frame for group in packets(codec, 12) for packet in group for frame in depacketizer.push(packet)]
    sizes = [pictures.size_of(codec, frame.data) for frame in frames]
    assert sizes[0] == (WIDTH, HEIGHT)
    assert sizes[1] is None
    assert [index for index, frame in enumerate(frames) if frame.key] == [0, 10]


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264", "av1", "opus"])
def test_what_is_cut_short_says_nothing(codec: str) -> None:
    assert pictures.size_of(codec, b"") is None
    assert pictures.size_of(codec, b"\x82") is None


def test_a_picture_shown_again_is_no_key_frame() -> None:
    assert not pictures.is_key("vp9", b"\x88")
    assert not pictures.is_key("vp9", b"\x86")
    assert pictures.is_key("vp9", b"\x82")
    assert pictures.is_key("vp8", b"\x01")


def test_an_av1_stream_with_timing_keeps_its_size_to_itself() -> None:
    # seq_profile 0, still_picture 0, reduced 0, timing_info_present_flag 1.
    assert pictures.size_of("av1", b"\x0a\x04\x04\x00\x00\x00") is None
