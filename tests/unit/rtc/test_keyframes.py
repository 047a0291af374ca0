"""Where key frames start, in payloads as packetizers make them of what encoders made (x264, x265, libvpx, SVT-AV1)."""

from __future__ import annotations

import pytest

from salon.rtc.keyframes import resolution, starts_keyframe

VP8_KEY = bytes.fromhex("3034009d012a8002680100470885")
VP8_DELTA = bytes.fromhex("3105000510ac00180018582ff417")
SPS = [
    ((640, 360), "6742c01ed900a02ff9610000030001000003003c8f162e48"),  # baseline profile
    ((1920, 1080), "6742c028d900780227e584000003000400000300f23c60c920"),
    ((640, 360), "6764001eacb201405ff2c2000003000200000300791e2c5c90"),  # high profile
    ((1920, 1080), "67640028acb200f0044fcb08000003000800000301e478c192"),
]
SMALL = bytes.fromhex(SPS[0][1])
PPS = bytes.fromhex("68cb83cb20")
IDR, DELTA = b"\x65" + bytes(30), b"\x41" + bytes(30)


def stap_a(*nals: bytes) -> bytes:
    return b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def aggregated(*nals: bytes) -> bytes:
    return bytes((48 << 1, 1)) + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


H265 = {name: bytes((kind << 1, 1)) + bytes(20) for name, kind in (("idr", 19), ("cra", 21), ("vps", 32), ("trail", 1))}

KEYS = [
    ("vp8", b"\x10" + VP8_KEY),
    ("vp8", b"\x90\xe0\x80\x01\x07\x20" + VP8_KEY),
    ("vp8", b"\x90\x80\x11" + VP8_KEY),
    ("vp9", b"\x08\x82\x49"),
    ("vp9", b"\x88\x80\x01\x82\x49"),
    ("vp9", b"\xa8\x05\x00\x01\x82"),
    ("h264", SMALL),
    ("h264", IDR),
    ("h264", stap_a(SMALL, PPS)),
    ("h264", stap_a(PPS, IDR)),
    ("h264", b"\x7c\x85" + bytes(30)),
    ("h265", H265["idr"]),
    ("h265", H265["cra"]),
    ("h265", aggregated(H265["vps"], H265["trail"])),
    ("h265", bytes((49 << 1, 1, 0x80 | 19)) + bytes(20)),
    ("av1", b"\x18" + bytes.fromhex("0a0b0000000cc4ff671a")),
    ("av1", b"\x10" + bytes.fromhex("080000000cc4ff671a")),
    ("av1", b"\x20\x0b" + bytes.fromhex("080000000cc4ff671abe6032")),
    ("opus", b""),
]

OTHERS = [
    ("vp8", b"\x10" + VP8_DELTA),
    ("vp8", b"\x00" + VP8_KEY),
    ("vp8", b"\x11" + VP8_KEY),
    ("vp8", b"\x10"),
    ("vp9", b"\x48\x82\x49"),
    ("vp9", b"\x00\x82\x49"),
    ("vp9", b"\xa8\x05\x02\x01\x82"),
    ("h264", DELTA),
    ("h264", PPS),
    ("h264", stap_a(PPS, DELTA)),
    ("h264", b"\x7c\x05" + bytes(30)),
    ("h264", b"\x7c\x81" + bytes(30)),
    ("h265", H265["trail"]),
    ("h265", aggregated(H265["trail"])),
    ("h265", bytes((49 << 1, 1, 19)) + bytes(20)),
    ("h265", bytes((49 << 1, 1, 0x80 | 1)) + bytes(20)),
    ("av1", b"\x90" + bytes.fromhex("080000000cc4ff671a")),
    ("av1", b"\x10" + bytes.fromhex("3281820028020024")),
]


@pytest.mark.parametrize(("codec", "payload"), KEYS)
def test_a_key_frame_starts(codec: str, payload: bytes) -> None:
    assert starts_keyframe(codec, payload)
    assert starts_keyframe(codec, memoryview(payload))


@pytest.mark.parametrize(("codec", "payload"), OTHERS)
def test_nothing_starts(codec: str, payload: bytes) -> None:
    assert not starts_keyframe(codec, payload)


@pytest.mark.parametrize("codec", ["vp8", "vp9", "h264", "h265", "av1"])
def test_what_is_cut_off_starts_nothing(codec: str) -> None:
    assert not starts_keyframe(codec, b"")
    assert not starts_keyframe(codec, b"\x90")


def test_vp8_key_frames_tell_their_size() -> None:
    assert resolution("vp8", b"\x90\xe0\x80\x01\x07\x20" + VP8_KEY) == (640, 360)
    assert resolution("vp8", b"\x10" + VP8_DELTA) is None
    assert resolution("vp8", b"\x10" + VP8_KEY[:6]) is None


@pytest.mark.parametrize(("size", "sps"), SPS)
def test_h264_parameter_sets_tell_their_size(size: tuple[int, int], sps: str) -> None:
    assert resolution("h264", bytes.fromhex(sps)) == size
    assert resolution("h264", stap_a(bytes.fromhex(sps), PPS)) == size


def test_what_says_no_size_has_none() -> None:
    assert resolution("h264", IDR) is None
    assert resolution("h264", SMALL[:6]) is None
    assert resolution("h264", b"\x67" + bytes(40)) is None
    assert resolution("av1", b"\x18" + bytes(40)) is None
