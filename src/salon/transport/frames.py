"""WebSocket frames that serve many: made once, written to every connection as they are.

RFC 6455 section 5.1: "A server MUST NOT mask any frames that it sends to the client", so the same bytes are right for all.
"""

from __future__ import annotations

import struct


class Shared:
    """One text message to many clients: ``text`` for those that have a queue or another kind of connection, ``frame`` for
    those that can be written to at once."""

    __slots__ = ("frame", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.frame = text_frame(text)


def text_frame(text: str) -> bytes:
    """A whole text message in one unmasked frame (RFC 6455 section 5.2)."""
    payload = text.encode("utf-8", "replace")
    size = len(payload)
    # FIN and opcode 1; then the length: "if 0-125, that is the payload length. If 126, the following 2 bytes …"
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload
