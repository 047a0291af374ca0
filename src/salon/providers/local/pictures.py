"""What can be said of a picture without looking at it: its type and its size."""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Any
from urllib.parse import urlsplit

PNG = b"\x89PNG\r\n\x1a\n"
# JPEG markers that begin a frame, and with it the picture's size: ITU-T T.81, table B.1.
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def facts(url: str) -> dict[str, Any]:
    """``kind`` (PNG, JPEG or the MIME type), ``bytes``, ``width`` and ``height``, as far as they are known; for an address
    that is not a ``data:`` URI only ``host``."""
    if not url.startswith("data:"):
        return {"host": urlsplit(url).hostname or "?"}
    head, _, payload = url[5:].partition(",")
    try:
        data = base64.b64decode(payload) if head.endswith(";base64") else payload.encode()
    except (binascii.Error, ValueError):
        return {"kind": head.partition(";")[0] or "?"}
    size = png_size(data) or jpeg_size(data)
    kind = "PNG" if data.startswith(PNG) else "JPEG" if data.startswith(b"\xff\xd8") else head.partition(";")[0]
    found: dict[str, Any] = {"kind": kind or "?", "bytes": len(data)}
    return found | ({"width": size[0], "height": size[1]} if size else {})


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the IHDR chunk, which comes first (PNG, section 11.2.2)."""
    if not data.startswith(PNG) or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the first frame header."""
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # A fill byte.
            at += 1
            continue
        if marker in FRAMES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
