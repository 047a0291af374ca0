"""What a client asks of a conversation. ``event_id`` is the client's own name for the message: it comes back in errors."""

from __future__ import annotations

import msgspec

from salon.base.items import Item
from salon.base.session import ResponseParams, SessionPatch


class UpdateSession(msgspec.Struct, frozen=True, kw_only=True):
    patch: SessionPatch
    event_id: str | None = None


class CreateItem(msgspec.Struct, frozen=True, kw_only=True):
    """``item.id`` is empty where the client leaves it to the server. ``previous_item_id`` None appends, ``root`` puts first."""

    item: Item
    previous_item_id: str | None = None
    event_id: str | None = None


class RetrieveItem(msgspec.Struct, frozen=True, kw_only=True):
    item_id: str
    event_id: str | None = None


class TruncateItem(msgspec.Struct, frozen=True, kw_only=True):
    item_id: str
    content_index: int
    audio_end_ms: int
    event_id: str | None = None


class DeleteItem(msgspec.Struct, frozen=True, kw_only=True):
    item_id: str
    event_id: str | None = None


class CreateResponse(msgspec.Struct, frozen=True, kw_only=True):
    params: ResponseParams = ResponseParams()
    event_id: str | None = None


class CancelResponse(msgspec.Struct, frozen=True, kw_only=True):
    """``response_id`` None is the running one of the conversation."""

    response_id: str | None = None
    event_id: str | None = None


class AppendAudio(msgspec.Struct, frozen=True, kw_only=True):
    audio: bytes
    event_id: str | None = None


class CommitAudio(msgspec.Struct, frozen=True, kw_only=True):
    event_id: str | None = None


class ClearAudio(msgspec.Struct, frozen=True, kw_only=True):
    event_id: str | None = None


class ClearOutputAudio(msgspec.Struct, frozen=True, kw_only=True):
    event_id: str | None = None


Command = (
    UpdateSession
    | CreateItem
    | RetrieveItem
    | TruncateItem
    | DeleteItem
    | CreateResponse
    | CancelResponse
    | AppendAudio
    | CommitAudio
    | ClearAudio
    | ClearOutputAudio
)
