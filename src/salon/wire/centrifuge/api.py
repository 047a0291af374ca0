"""The bodies of Centrifugo's HTTP server API: ``POST /api/{method}``, JSON in, ``{"result"}`` or ``{"error"}`` out.

Source: https://centrifugal.dev/docs/server/server_api. ``key`` of a publication and ``seconds`` of ``disconnect`` are ours;
members that are unknown here are ignored, as there.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw

from salon.base.errors import ClientError
from salon.wire.centrifuge.commands import History, Presence, PresenceStats

MAX_CHANNELS: Final = 1000
MAX_COMMANDS: Final = 1000


class Publish(msgspec.Struct, frozen=True):
    channel: str
    data: Raw
    tags: dict[str, str] | None = None
    idempotency_key: str = ""
    key: str = ""


class Broadcast(msgspec.Struct, frozen=True):
    channels: Annotated[tuple[str, ...], Meta(max_length=MAX_CHANNELS)]
    data: Raw
    tags: dict[str, str] | None = None
    idempotency_key: str = ""
    key: str = ""


class Subscribe(msgspec.Struct, frozen=True):
    """``client`` narrows it to one session."""

    channel: str
    user: str = ""
    client: str = ""


class Unsubscribe(Subscribe, frozen=True):
    pass


class Disconnect(msgspec.Struct, frozen=True):
    """``seconds`` is how long it is kept out."""

    user: str = ""
    client: str = ""
    seconds: Annotated[int, Meta(ge=0)] = 0


class Refresh(msgspec.Struct, frozen=True):
    """``expire_at`` is in seconds since 1970; ``expired`` ends it now."""

    user: str = ""
    client: str = ""
    expired: bool = False
    expire_at: Annotated[int, Meta(ge=0)] = 0


class HistoryRemove(msgspec.Struct, frozen=True):
    channel: str


class Info(msgspec.Struct, frozen=True):
    pass


class Channels(msgspec.Struct, frozen=True):
    """``pattern`` may have ``*``."""

    pattern: str = "*"


class Batch(msgspec.Struct, frozen=True):
    """``commands`` are ``{"<method>": {…}}``, done in their order."""

    commands: Annotated[tuple[dict[str, Raw], ...], Meta(max_length=MAX_COMMANDS)]


Request = (
    Publish
    | Broadcast
    | Subscribe
    | Unsubscribe
    | Disconnect
    | Refresh
    | Presence
    | PresenceStats
    | History
    | HistoryRemove
    | Info
    | Channels
    | Batch
)
SHAPES: Final[dict[str, type[Request]]] = {
    "publish": Publish,
    "broadcast": Broadcast,
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "disconnect": Disconnect,
    "refresh": Refresh,
    "presence": Presence,
    "presence_stats": PresenceStats,
    "history": History,
    "history_remove": HistoryRemove,
    "info": Info,
    "channels": Channels,
    "batch": Batch,
}
_decoders: Final = {method: msgspec.json.Decoder(shape) for method, shape in SHAPES.items()}


def decode(method: str, body: bytes) -> Request:
    """Raises ``ClientError``: ``method_not_found``, ``invalid_value`` with the member that is wrong."""
    decoder = _decoders.get(method)
    if decoder is None:
        raise ClientError(f"There is no such method; there are {', '.join(SHAPES)}.", code="method_not_found")
    try:
        # What stays as it came goes into frames of text.
        body.decode()
        decoded: Any = decoder.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        why = str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON in UTF-8"
        raise ClientError(f"This request cannot be read: {why}.", code="invalid_value") from None
    request: Request = decoded
    return request
