from __future__ import annotations

import pytest

from salon.wire.transit import handshake, read_handshake

TOKEN, SIDE = "a1" * 32, "b2" * 8


def test_a_handshake_names_a_token_and_a_side() -> None:
    assert handshake(TOKEN, SIDE) == f"please relay {TOKEN} for side {SIDE}\n".encode()
    assert read_handshake(handshake(TOKEN, SIDE)) == (TOKEN, SIDE)
    # As in the relay's own example.
    assert read_handshake(handshake(TOKEN, SIDE).rstrip(b"\n")) == (TOKEN, SIDE)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"please relay",
        f"please relay {TOKEN}\n".encode(),
        f"please relay {TOKEN[1:]} for side {SIDE}\n".encode(),
        f"please relay {TOKEN} for side {SIDE}0\n".encode(),
        f"please relay {TOKEN} for side {SIDE}\n\n".encode(),
        f"please relay {TOKEN} for side {SIDE}\nmore".encode(),
        b"please relay " + b"\xff" * 64 + b" for side " + b"\xff" * 16,
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_handshake_is_none(said: bytes) -> None:
    assert read_handshake(said) is None
