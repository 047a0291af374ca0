"""What a stranger says first to the relay of files is a handshake or is none."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from salon.wire.transit import handshake, read_handshake

SIDES = (
    st.from_regex(re.compile(r"[0-9A-Za-z]{64}"), fullmatch=True),
    st.from_regex(re.compile(r"[0-9A-Za-z]{16}"), fullmatch=True),
)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes(message: bytes) -> None:
    read = read_handshake(message)
    assert read is None or handshake(*read).rstrip(b"\n") == message.rstrip(b"\n")


@given(*SIDES, st.binary(max_size=4), st.binary(max_size=4))
def test_a_handshake_is_whole(token: str, side: str, before: bytes, after: bytes) -> None:
    assert read_handshake(handshake(token, side)) == (token, side)
    around = before + handshake(token, side) + after
    assert (read_handshake(around) is None) == (around != handshake(token, side))
