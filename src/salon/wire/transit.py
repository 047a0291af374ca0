"""The transit relay protocol of Magic Wormhole, over WebSocket: how two who cannot reach each other are joined by a server.

::

    client -> server   please relay <token> for side <side>\\n     64 and 16 letters or digits, one message
    server -> client   ok\\n                                       the other side is here
    both ways          messages, handed on as they are
    server -> client   bad handshake\\n, impatient\\n               then it closes

Sources: ``docs/transit.md`` and ``src/wormhole_transit_relay`` of magic-wormhole/magic-wormhole-transit-relay 0.5.0. There the
two make up a token; here the server has made it, and both sides, so that no third one comes in.
"""

from __future__ import annotations

import re

OK = b"ok\n"
BAD_HANDSHAKE = b"bad handshake\n"
IMPATIENT = b"impatient\n"
SUBPROTOCOL = "transit_relay"
"""What its own clients ask for; a browser's need not."""

TOKEN_BYTES, SIDE_BYTES = 32, 8
"""Drawn by lot, in hexadecimal: 64 and 16 characters."""

MAX_MESSAGE = 320 * 1024
"""Bytes of one message, which is as much as waits here for one who reads slowly."""

# The newline is missing in what the relay's own example says; both are taken there.
_HANDSHAKE = re.compile(rb"please relay ([0-9A-Za-z]{64}) for side ([0-9A-Za-z]{16})\n?")


def read_handshake(message: bytes) -> tuple[str, str] | None:
    """The token and the side; None for what is no handshake of this protocol."""
    found = _HANDSHAKE.fullmatch(message)
    return (found[1].decode(), found[2].decode()) if found else None


def handshake(token: str, side: str) -> bytes:
    """What a client says first."""
    return f"please relay {token} for side {side}\n".encode()
