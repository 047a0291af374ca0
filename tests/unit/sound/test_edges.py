"""Silence at the ends of a piece of speech."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from salon.sound.edges import Edges

RATE = 8_000
MS = 16
SOUND = b"\x00\x10" * 8


def trimmed(pcm: bytes, step: int) -> bytes:
    edges = Edges(RATE)
    return b"".join(edges.push(pcm[at : at + step]) for at in range(0, len(pcm), step)) + edges.flush()


@given(some.integers(0, 800), some.integers(0, 800), some.integers(0, 800), some.integers(1, 5000))
def test_the_ends_are_short_and_what_is_within_stays(lead: int, within: int, trail: int, step: int) -> None:
    pcm = bytes(lead * MS) + SOUND + bytes(within * MS) + SOUND + bytes(trail * MS)
    kept = bytes(min(lead, 20) * MS) + SOUND + bytes(within * MS) + SOUND + bytes(min(trail, 200) * MS)
    assert trimmed(pcm, 2 * step) == kept


def test_nothing_but_silence_is_nothing() -> None:
    assert trimmed(bytes(16_000), 320) == b""
    assert Edges(RATE).flush() == b""
