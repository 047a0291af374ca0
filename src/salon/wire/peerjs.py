"""PeerJS signaling: what npm ``peerjs`` and its server say to each other over a WebSocket, one JSON object a text frame.

::

    server -> client   OPEN                              the id is yours
                       ID-TAKEN, ERROR {payload: {msg}}  it is not; the server closes
                       EXPIRE {src}                      nobody came to be called ``src``
    both ways          OFFER, ANSWER, CANDIDATE {payload}, LEAVE
    client -> server   HEARTBEAT                          every 5 s

A client names in ``dst`` who is meant; who speaks is known to the server and never believed of the client. Payloads are between
clients: they are handed on byte for byte. Sources: ``lib/socket.ts``, ``lib/peer.ts`` of peers/peerjs 1.5.5 and
``src/services/webSocketServer`` of peers/peerjs-server 1.1.
"""

from __future__ import annotations

import re

import msgspec

from salon.base.errors import ClientError

MAX_MESSAGE = 64 * 1024
"""Bytes of UTF-8 in one message. An offer of audio and video is 6 to 10 kB."""

MAX_ID = 128
"""Characters of an id."""

OFFER, ANSWER, CANDIDATE, LEAVE, HEARTBEAT = "OFFER", "ANSWER", "CANDIDATE", "LEAVE", "HEARTBEAT"
PASSED_ON = frozenset({OFFER, ANSWER, CANDIDATE})
"""What clients say to each other, always with a payload."""

# PeerServer's own words (its enum ``Errors``): programs compare them.
NO_PARAMETERS = "No id, token, or key supplied to websocket server"
INVALID_KEY = "Invalid key provided"
INVALID_TOKEN = "Invalid token provided"  # noqa: S105  (a sentence)
FULL = "Server has reached its concurrent user limit"

OPEN = '{"type":"OPEN"}'
ID_TAKEN = '{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}'

_NO_PAYLOAD = msgspec.Raw()
# The client's own rule (lib/utils/validateId.ts): alphanumeric at both ends, single "-", "_" or spaces between.
_ID = re.compile(r"[A-Za-z0-9]+(?:[ _-][A-Za-z0-9]+)*")


class Heard(msgspec.Struct, frozen=True):
    """One message of a client's. ``dst`` is empty where it names nobody; ``payload`` is JSON as it came, empty where there is
    none. Whatever else a client puts into a message is dropped."""

    type: str
    dst: str = ""
    payload: msgspec.Raw = _NO_PAYLOAD


class _Relayed(msgspec.Struct, frozen=True):
    type: str
    src: str
    dst: str
    payload: msgspec.Raw


class _Notice(msgspec.Struct, frozen=True):
    type: str
    src: str
    dst: str


class _Said(msgspec.Struct, frozen=True):
    msg: str


class _Error(msgspec.Struct, frozen=True):
    payload: _Said
    type: str = "ERROR"


_heard = msgspec.json.Decoder(Heard)
_encode = msgspec.json.Encoder().encode


def is_id(text: str) -> bool:
    """Whether clients accept ``text`` as somebody's id, and it is no longer than ``MAX_ID``."""
    return len(text) <= MAX_ID and _ID.fullmatch(text) is not None


def decode(text: str) -> Heard:
    """A message of a client's.

    Raises ``ClientError``: ``invalid_event`` for what is no message at all; ``invalid_type``, ``invalid_value`` and
    ``missing_required_parameter`` with ``param`` for a message that this protocol does not have.
    """
    try:
        heard = _heard.decode(text.encode())
    except msgspec.ValidationError as error:
        param = str(error).partition(" - at `$.")[2].rstrip("`")
        if not param:
            raise ClientError("A message is a JSON object with a type.") from None
        raise ClientError(f"The {param} of a message is a string.", code="invalid_type", param=param) from None
    # msgspec lets Python's own errors through for lone surrogates and for lists in lists in lists.
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ClientError("A message is a JSON object with a type.") from None
    if heard.type in PASSED_ON:
        if not heard.dst:
            raise ClientError("It is for nobody.", code="missing_required_parameter", param="dst")
        # What is no object breaks the client it reaches: that reads ``payload.connectionId`` and looks no further.
        if not bytes(heard.payload).startswith(b"{"):
            raise ClientError("The payload is an object.", code="invalid_type", param="payload")
    elif heard.type not in (LEAVE, HEARTBEAT):
        raise ClientError("This protocol has no such message.", code="invalid_value", param="type")
    return heard


def relayed(heard: Heard, src: str) -> str:
    """What the one it is for is told: who says so is ``src``, whatever the client claimed. A LEAVE has no payload."""
    if heard.type == LEAVE:
        return left(src, heard.dst)
    return _encode(_Relayed(heard.type, src, heard.dst, heard.payload)).decode()


def left(src: str, dst: str) -> str:
    """Tells ``dst`` that ``src`` is gone: it closes its connections to it."""
    return _encode(_Notice(LEAVE, src, dst)).decode()


def expired(src: str, dst: str) -> str:
    """Tells ``dst``, who called, that nobody of the id ``src`` came: its error ``peer-unavailable``."""
    return _encode(_Notice("EXPIRE", src, dst)).decode()


def error(message: str) -> str:
    """The client gives up on it: whoever never was open is destroyed, others are disconnected."""
    return _encode(_Error(_Said(message))).decode()
