"""Frames, levels and lengths."""

from __future__ import annotations

import struct

import pytest

from salon.sound.pcm import Framer, leading_silence, level, milliseconds, size, trailing_silence


def test_frames_are_whole_whatever_the_pieces() -> None:
    framer = Framer(4)
    assert list(framer.push(b"abc")) == []
    assert list(framer.push(b"defghi")) == [b"abcd", b"efgh"]
    assert framer.flush() == b"i"
    assert framer.flush() == b""


def test_lengths() -> None:
    assert milliseconds(bytes(640), 16_000) == 20
    assert size(20, 24_000) == 960


def test_a_level_is_a_share_of_full_scale() -> None:
    assert level(b"") == 0
    assert level(struct.pack("<4h", 16384, -16384, 16384, -16384)) == pytest.approx(0.5)


def test_a_run_up_is_found_and_a_little_of_it_kept() -> None:
    data = bytes(2 * 8000) + struct.pack("<100h", *[9000] * 100)
    assert leading_silence(data, 8000) == 2 * (8000 - 160)
    assert leading_silence(data[2 * 8000 :], 8000) == 0
    assert leading_silence(bytes(3200), 8000) == 3200 - 320


def test_silence_at_the_end_is_what_is_far_below_the_loudest() -> None:
    middling = struct.pack("<h", 2000) * 1600
    loud, soft, silent = struct.pack("<h", 8000) * 1600, struct.pack("<h", 200) * 1600, bytes(3200)
    assert trailing_silence(loud + silent, 16_000) == 100
    assert trailing_silence(loud + soft + silent, 16_000) == 200
    assert trailing_silence(loud[: 2 * 1650] + silent, 16_000) == 100
    assert trailing_silence(soft + silent, 16_000) == 100
    assert trailing_silence(loud + middling, 16_000, room=0.06) == trailing_silence(loud + silent, 16_000)
    assert trailing_silence(silent, 16_000) == 0
    assert trailing_silence(b"", 16_000) == 0
