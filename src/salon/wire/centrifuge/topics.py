"""What clients put into ``data`` where the protocol has no member for it: keys, changes, inputs, signals, rates.

Centrifuge's publish request is a channel and JSON. What the JSON has to be depends on the topic's mode; these are the shapes.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw

from salon.base.errors import ClientError

_NOTHING: Final = Raw()
_DAY_MS: Final = 24 * 3600 * 1000

Sequence = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class ConnectData(msgspec.Struct, frozen=True):
    """``data`` of a connect command. ``device`` is a secret of the client's own, the same each time it connects: by it a lost
    connection's seat is found again. ``user``, ``info`` and ``kind`` count only for callers whose token does not say them."""

    user: str = ""
    info: Raw = _NOTHING
    device: str = ""
    kind: str = ""


class SubscribeData(msgspec.Struct, frozen=True):
    """``data`` of a subscribe command. ``rate`` is the deliveries a second of a ``latest`` topic."""

    rate: Annotated[float, Meta(gt=0)] | None = None


class ChangeData(msgspec.Struct, frozen=True):
    """Published to a shared ``state``: ``{"set": {key: value}, "remove": [key], "ttl_ms", "private"}``."""

    set: dict[str, Raw] = {}
    remove: tuple[str, ...] = ()
    ttl_ms: Annotated[int, Meta(ge=1, le=366 * _DAY_MS)] | None = None
    private: bool = False


class InputData(msgspec.Struct, frozen=True):
    """Published to a ``state`` that a program holds: ``{"sequence": 7, "input": …}``."""

    sequence: Sequence
    input: Raw = _NOTHING


class SignalData(msgspec.Struct, frozen=True):
    """Published to a ``signal`` topic: ``{"to", "id", "data"}``."""

    to: str
    id: str = ""
    data: Raw = _NOTHING


class PublishCall(msgspec.Struct, frozen=True):
    """``data`` of rpc ``publish``, which can say what a publish command cannot."""

    channel: str
    data: Raw
    key: str = ""
    idempotency_key: str = ""


class FeedCall(msgspec.Struct, frozen=True):
    """``data`` of rpc ``feed``: new values of many keys at once."""

    channel: str
    values: dict[str, Raw]


class AttributesCall(msgspec.Struct, frozen=True):
    room: str
    attributes: Raw = _NOTHING


class RateCall(msgspec.Struct, frozen=True):
    channel: str
    rate: Annotated[float, Meta(gt=0)] | None = None


class FiguresCall(msgspec.Struct, frozen=True):
    channel: str


class _Keyed(msgspec.Struct, frozen=True):
    key: Any = ""


_keyed = msgspec.json.Decoder(_Keyed)
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}
_BROKEN = (msgspec.DecodeError, UnicodeError, RecursionError)


def read(data: bytes, type: Any) -> Any:
    """``data`` as one of these; what is absent is ``{}``. Raises ``ClientError`` (``invalid_value``) that names the member."""
    decoder = _decoders.get(type)
    if decoder is None:
        decoder = _decoders[type] = msgspec.json.Decoder(type)
    try:
        return decoder.decode(data or b"{}")
    except _BROKEN as error:
        why = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
        raise ClientError(f"This data cannot be used here: {why}.", code="invalid_value") from None


def change_or_input(data: bytes) -> ChangeData | InputData:
    """What was published to a state. Raises ``ClientError`` (``invalid_value``)."""
    change: Any = read(data, _Either)
    if change.sequence is not None:
        return InputData(change.sequence, change.input)
    return ChangeData(change.set, change.remove, change.ttl_ms, change.private)


class _Either(ChangeData, frozen=True):
    sequence: Sequence | None = None
    input: Raw = _NOTHING


def key_of(data: bytes) -> str:
    """The key of a publication to ``latest``: its own member ``key``, where it is an object that has one."""
    try:
        key = _keyed.decode(data).key
    except _BROKEN:
        return ""
    # A stock's number is a key too; true is none, though Python counts it among the integers.
    return key if isinstance(key, str) else str(key) if type(key) is int else ""
