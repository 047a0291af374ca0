"""What a conversation tells its client. One event means one thing; every door translates it to its own protocol."""

from __future__ import annotations

from typing import Literal

import msgspec

from salon.base.chat import Usage
from salon.base.items import Item
from salon.base.session import Modality, Session

ResponseStatus = Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, whole or under way.

    ``reason`` explains a status other than completed: ``turn_detected``, ``client_cancelled``, ``max_output_tokens``,
    ``content_filter``; ``error_code`` and ``error_message`` a failed one. ``conversation_id`` is None out of band.
    ``first_token_ms``, ``duration_ms`` and ``answered_by`` are known when it is done.
    """

    id: str
    status: ResponseStatus
    conversation_id: str | None
    output_modalities: tuple[Modality, ...]
    output: tuple[Item, ...] = ()
    max_output_tokens: int | None = None
    voice: str = "alloy"
    metadata: dict[str, str] | None = None
    usage: Usage | None = None
    reason: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    answered_by: str = ""


class SessionCreated(msgspec.Struct, frozen=True):
    session: Session


class SessionUpdated(msgspec.Struct, frozen=True):
    session: Session


class SessionResumed(msgspec.Struct, frozen=True):
    session: Session


class ErrorSeen(msgspec.Struct, frozen=True, kw_only=True):
    """A message of the client's was not obeyed, or the session failed. ``type`` is the protocol's error class."""

    code: str
    message: str
    type: Literal["invalid_request_error", "server_error"] = "invalid_request_error"
    param: str | None = None
    client_event_id: str | None = None


class ItemAdded(msgspec.Struct, frozen=True):
    item: Item
    previous_item_id: str | None


class ItemDone(msgspec.Struct, frozen=True):
    item: Item
    previous_item_id: str | None


class ItemRetrieved(msgspec.Struct, frozen=True):
    item: Item


class ItemTruncated(msgspec.Struct, frozen=True):
    item_id: str
    content_index: int
    audio_end_ms: int


class ItemDeleted(msgspec.Struct, frozen=True):
    item_id: str


class AudioCleared(msgspec.Struct, frozen=True):
    pass


class ResponseCreated(msgspec.Struct, frozen=True):
    response: Response


class ResponseDone(msgspec.Struct, frozen=True):
    response: Response


class OutputItemAdded(msgspec.Struct, frozen=True):
    response_id: str
    output_index: int
    item: Item


class OutputItemDone(msgspec.Struct, frozen=True):
    response_id: str
    output_index: int
    item: Item


class ContentPartAdded(msgspec.Struct, frozen=True):
    """A part of an answer begins; ``modality`` says which kind."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    modality: Modality


class ContentPartDone(msgspec.Struct, frozen=True):
    response_id: str
    item_id: str
    output_index: int
    content_index: int
    modality: Modality
    text: str


class OutputTextDelta(msgspec.Struct, frozen=True, gc=False):
    response_id: str
    item_id: str
    output_index: int
    content_index: int
    delta: str


class OutputTextDone(msgspec.Struct, frozen=True):
    response_id: str
    item_id: str
    output_index: int
    content_index: int
    text: str


class ArgumentsDelta(msgspec.Struct, frozen=True, gc=False):
    response_id: str
    item_id: str
    output_index: int
    call_id: str
    delta: str


class ArgumentsDone(msgspec.Struct, frozen=True):
    response_id: str
    item_id: str
    output_index: int
    call_id: str
    name: str
    arguments: str


class ReasoningSeen(msgspec.Struct, frozen=True, gc=False):
    """A piece of the model's thinking. Only for clients that opted in to Salon's own events."""

    response_id: str
    delta: str


class RateLimits(msgspec.Struct, frozen=True):
    """Follows each ``ResponseDone``; Salon states no limits here."""


Event = (
    SessionCreated
    | SessionUpdated
    | SessionResumed
    | ErrorSeen
    | ItemAdded
    | ItemDone
    | ItemRetrieved
    | ItemTruncated
    | ItemDeleted
    | AudioCleared
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTextDelta
    | OutputTextDone
    | ArgumentsDelta
    | ArgumentsDone
    | ReasoningSeen
    | RateLimits
)
