"""What clients say: one command a line, ``{"id": n, "<method>": {…}}``; ``send`` has no id, a pong is ``{}``.

Payloads stay JSON as they came. A line that is no JSON object of the protocol ends the connection (3501); one whose
members are of the wrong kind is answered with error 107, if it has an id to answer to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final, NamedTuple

import msgspec
from msgspec import Meta, Raw

from salon.base.errors import ClientError

MAX_FRAME: Final = 1024 * 1024
"""Characters of one frame: a whole reconnect with hundreds of subscriptions comes as one."""

MAX_COMMANDS: Final = 4096
"""Commands in one frame."""

REJECT_UNRECOVERED: Final = 2
"""Bit of ``flag``: where not everything that was missed can be had, answer 112 rather than with a gap."""

_Id = Annotated[int, Meta(ge=0, le=2**32 - 1)]
_Offset = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_NOTHING: Final = Raw()


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where a client says it stands in a log."""

    offset: _Offset = 0
    epoch: str = ""


class Resume(msgspec.Struct, frozen=True):
    """A subscription of the server's making that the client had before."""

    recover: bool = False
    offset: _Offset = 0
    epoch: str = ""


class Connect(msgspec.Struct, frozen=True):
    token: str = ""
    data: Raw = _NOTHING
    name: str = ""
    version: str = ""
    subs: dict[str, Resume] = {}


class Subscribe(msgspec.Struct, frozen=True):
    """``type`` other than 0 asks for one of Centrifugo's experimental kinds (map, shared poll), ``tf`` for a filter."""

    channel: str
    token: str = ""
    recover: bool = False
    offset: _Offset = 0
    epoch: str = ""
    data: Raw = _NOTHING
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    delta: str = ""
    flag: _Id = 0
    type: _Id = 0
    tf: Raw = _NOTHING


class Unsubscribe(msgspec.Struct, frozen=True):
    channel: str


class Publish(msgspec.Struct, frozen=True, gc=False):
    channel: str
    data: Raw = _NOTHING


class Presence(msgspec.Struct, frozen=True):
    channel: str


class PresenceStats(msgspec.Struct, frozen=True):
    channel: str


class History(msgspec.Struct, frozen=True):
    """``limit`` 0 asks for the position only, a negative one for as many as there are."""

    channel: str
    limit: int = 0
    since: Place | None = None
    reverse: bool = False


class Rpc(msgspec.Struct, frozen=True):
    method: str = ""
    data: Raw = _NOTHING


class Send(msgspec.Struct, frozen=True):
    data: Raw = _NOTHING


class Refresh(msgspec.Struct, frozen=True):
    token: str = ""


class SubRefresh(msgspec.Struct, frozen=True):
    channel: str
    token: str = ""


class Ping(msgspec.Struct, frozen=True):
    pass


Request = (
    Connect
    | Subscribe
    | Unsubscribe
    | Publish
    | Presence
    | PresenceStats
    | History
    | Rpc
    | Send
    | Refresh
    | SubRefresh
    | Ping
)


class Heard(NamedTuple):
    """One command. ``request`` None is a pong, or, with an id, a method that is not known."""

    id: int
    method: str
    request: Request | None


class Unreadable(NamedTuple):
    """A command whose members are of the wrong kind; ``why`` names the first."""

    id: int
    why: str


class _Command(msgspec.Struct, frozen=True, gc=False):
    id: _Id = 0
    publish: Publish | None = None
    subscribe: Subscribe | None = None
    unsubscribe: Unsubscribe | None = None
    rpc: Rpc | None = None
    send: Send | None = None
    history: History | None = None
    presence: Presence | None = None
    presence_stats: PresenceStats | None = None
    connect: Connect | None = None
    refresh: Refresh | None = None
    sub_refresh: SubRefresh | None = None
    ping: Ping | None = None


class _Numbered(msgspec.Struct, frozen=True):
    id: _Id = 0


METHODS: Final = _Command.__struct_fields__[1:]

_command = msgspec.json.Decoder(_Command)
_numbered = msgspec.json.Decoder(_Numbered)
_connect = msgspec.json.Decoder(Connect)
# msgspec lets Python's own errors through for text that is not Unicode and for lists in lists in lists.
_BROKEN = (msgspec.DecodeError, UnicodeError, RecursionError)


def decode(frame: str) -> Iterator[Heard | Unreadable]:
    """The commands of one frame, read one at a time. Raises ``ClientError`` (``invalid_event``) where the protocol ends."""
    if len(frame) > MAX_FRAME or frame.count("\n") >= MAX_COMMANDS:
        raise ClientError("This frame is too large.", code="data_too_large")
    for line in frame.split("\n"):
        if line and not line.isspace():
            yield _decode(line)


def decode_connect(text: str) -> Connect:
    """The ``cf_connect`` of a one-way connection. Raises ``ClientError`` (``invalid_event``)."""
    try:
        return _connect.decode(text)
    except _BROKEN as error:
        raise ClientError(f"This is no connect request: {_why(error)}.", code="invalid_event") from None


def _decode(line: str) -> Heard | Unreadable:
    try:
        command = _command.decode(line)
    except msgspec.ValidationError as error:
        try:
            id = _numbered.decode(line).id
        except _BROKEN:
            id = 0
        if not id:
            raise ClientError(f"This is no command: {_why(error)}.", code="invalid_event") from None
        return Unreadable(id, _why(error))
    except _BROKEN as error:
        raise ClientError(f"This is no command: {_why(error)}.", code="invalid_event") from None
    for method in METHODS:
        request: Request | None = getattr(command, method)
        if request is not None:
            return Heard(command.id, method, request)
    return Heard(command.id, "", None)


def _why(error: Exception) -> str:
    # Only a ValidationError is certain to name types and places, not contents.
    return str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
