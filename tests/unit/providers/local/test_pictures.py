"""A picture's type and size from its first bytes."""

from __future__ import annotations

import base64
import struct

import pytest

from salon.providers.local.pictures import facts, jpeg_size, png_size

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIB", 13, b"IHDR", 640, 480, 8)
JPEG = (
    b"\xff\xd8"
    + b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
    + b"\xff\xff\xc2\x00\x11\x08"
    + struct.pack(">HH", 300, 200)
    + b"\x03"
)


def uri(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def test_png() -> None:
    assert facts(uri(PNG)) == {"kind": "PNG", "bytes": len(PNG), "width": 640, "height": 480}


def test_jpeg_with_a_segment_and_a_fill_byte_before_its_frame() -> None:
    assert facts(uri(JPEG, "image/jpeg")) == {"kind": "JPEG", "bytes": len(JPEG), "width": 200, "height": 300}


def test_the_bytes_decide_and_not_the_label() -> None:
    assert facts(uri(PNG, "image/jpeg"))["kind"] == "PNG"


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://example.com/a.png", {"host": "example.com"}),
        ("not an address", {"host": "?"}),
        ("data:image/webp;base64,AAAA", {"kind": "image/webp", "bytes": 3}),
        ("data:image/png;base64,A", {"kind": "image/png"}),
        ("data:,hello", {"kind": "?", "bytes": 5}),
    ],
)
def test_what_is_not_known_is_not_said(url: str, known: dict[str, object]) -> None:
    assert facts(url) == known


def test_every_cut_is_survived() -> None:
    for data, size in ((PNG, png_size), (JPEG, jpeg_size)):
        for end in range(len(data)):
            assert size(data[:end]) in (None, size(data))
    assert jpeg_size(b"\xff\xd8\xff\xe0\x00\x00\xff\xe0") is None
