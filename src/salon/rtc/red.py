"""Redundant audio (RFC 2198): a packet carries the ones before it as well, so that a lost one comes with the next.

Only payloads are put together; nothing is decoded. Browsers offer it as ``red/48000/2`` beside Opus.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# Section 3: the offset has 14 bits, the length of a block 10.
MAX_OFFSET: Final = (1 << 14) - 1
MAX_BLOCK: Final = (1 << 10) - 1
# What fits a datagram beside the headers.
MAX_PAYLOAD: Final = 1_100


def build(payload_type: int, payload: bytes, before: Sequence[tuple[int, bytes]]) -> bytes:
    """The payload of a redundant packet. ``before`` are earlier payloads, oldest first, each with how many timestamp units it
    lies before this one; what does not fit is left out."""
    heads, blocks, size = [], [], len(payload)
    for offset, block in before:
        if 0 < offset <= MAX_OFFSET and 0 < len(block) <= MAX_BLOCK and size + len(block) + 4 <= MAX_PAYLOAD:
            head = 0x80 << 24 | payload_type << 24 | offset << 10 | len(block)
            heads.append(head.to_bytes(4, "big"))
            blocks.append(block)
            size += len(block) + 4
    return b"".join((*heads, bytes((payload_type,)), *blocks, payload))


def split(payload: bytes) -> list[tuple[int, bytes]] | None:
    """The blocks with their offsets, oldest first, the newest with 0 behind them; None where it is not such a payload."""
    heads: list[tuple[int, int]] = []
    position = 0
    while position < len(payload) and payload[position] & 0x80:
        if position + 4 > len(payload):
            return None
        head = int.from_bytes(payload[position : position + 4], "big")
        heads.append((head >> 10 & MAX_OFFSET, head & MAX_BLOCK))
        position += 4
    position += 1
    if position > len(payload):
        return None
    blocks = []
    for offset, size in heads:
        blocks.append((offset, payload[position : position + size]))
        position += size
    if position > len(payload):
        return None
    blocks.append((0, payload[position:]))
    return blocks
