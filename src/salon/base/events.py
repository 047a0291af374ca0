"""What a conversation tells its client. One event means one thing; every door translates it to its own protocol."""

from __future__ import annotations

from typing import Literal

import msgspec

from salon.base.chat import Usage
from salon.base.items import Item
from salon.base.session import AudioFormat, Modality, Session
from salon.base.speech import Word

ResponseStatus = Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, whole or under way.

    ``reason`` explains a status other than completed: ``turn_detected``, ``client_cancelled``, ``max_output_tokens``,
    ``content_filter``; ``error_code`` and ``error_message`` a failed one. ``conversation_id`` is None out of band.
    ``first_token_ms``, ``duration_ms`` and ``answered_by`` are known when it is done, and so is ``waterfall``: where the silence
    before a spoken answer to a spoken turn went, in ms (see ``turn.waterfall``).
    """

    id: str
    status: ResponseStatus
    conversation_id: str | None
    output_modalities: tuple[Modality, ...]
    output: tuple[Item, ...] = ()
    max_output_tokens: int | None = None
    voice: str = "alloy"
    audio_format: AudioFormat = AudioFormat()
    metadata: dict[str, str] | None = None
    usage: Usage | None = None
    reason: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    answered_by: str = ""
    waterfall: dict[str, int] | None = None


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


class InputSpeechStarted(msgspec.Struct, frozen=True):
    """A turn began. Times of a session's audio are ms from its first sample."""

    audio_start_ms: int
    item_id: str


class InputSpeechStopped(msgspec.Struct, frozen=True):
    audio_end_ms: int
    item_id: str


class InputCommitted(msgspec.Struct, frozen=True):
    item_id: str
    previous_item_id: str | None


class InputTimedOut(msgspec.Struct, frozen=True):
    """Nobody has spoken for ``idle_timeout_ms`` since the last answer was heard."""

    audio_start_ms: int
    audio_end_ms: int
    item_id: str


class TranscriptionDelta(msgspec.Struct, frozen=True):
    """More of a turn's words, that will not change any more."""

    item_id: str
    content_index: int
    delta: str


class TranscriptionCompleted(msgspec.Struct, frozen=True):
    """``seconds`` of audio were recognised."""

    item_id: str
    content_index: int
    transcript: str
    seconds: float


class TranscriptionFailed(msgspec.Struct, frozen=True):
    item_id: str
    content_index: int
    code: str
    message: str


class PartialHeard(msgspec.Struct, frozen=True):
    """All that was understood of a turn so far; it takes the place of what was said of it before. Only for clients that opted
    in to Salon's own events, as are ``WordsTimed``, ``Ducked`` and ``Unducked``."""

    item_id: str
    transcript: str


class OutputBufferStarted(msgspec.Struct, frozen=True):
    """The first packet of a response went out (WebRTC)."""

    response_id: str


class OutputBufferStopped(msgspec.Struct, frozen=True):
    response_id: str


class OutputBufferCleared(msgspec.Struct, frozen=True):
    response_id: str


class WordsTimed(msgspec.Struct, frozen=True):
    """When words of an answer's transcript are spoken: ms from the start of the item's audio, places in its transcript."""

    response_id: str
    item_id: str
    words: tuple[Word, ...]


class Ducked(msgspec.Struct, frozen=True):
    """Our voice went quiet, since somebody may be interrupting it."""

    response_id: str


class Unducked(msgspec.Struct, frozen=True):
    """It was no interruption: our voice goes on from the word it stopped at."""

    response_id: str


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


class OutputTranscriptDelta(msgspec.Struct, frozen=True, gc=False):
    response_id: str
    item_id: str
    output_index: int
    content_index: int
    delta: str


class OutputTranscriptDone(msgspec.Struct, frozen=True):
    response_id: str
    item_id: str
    output_index: int
    content_index: int
    transcript: str


class OutputAudioDelta(msgspec.Struct, frozen=True, gc=False):
    """``audio`` is PCM, 24 kHz, when a conversation says it, and in the session's format when a client is told."""

    response_id: str
    item_id: str
    output_index: int
    content_index: int
    audio: bytes


class OutputAudioDone(msgspec.Struct, frozen=True):
    response_id: str
    item_id: str
    output_index: int
    content_index: int


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
    | InputSpeechStarted
    | InputSpeechStopped
    | InputCommitted
    | InputTimedOut
    | TranscriptionDelta
    | TranscriptionCompleted
    | TranscriptionFailed
    | PartialHeard
    | OutputBufferStarted
    | OutputBufferStopped
    | OutputBufferCleared
    | WordsTimed
    | Ducked
    | Unducked
    | ResponseCreated
    | ResponseDone
    | OutputItemAdded
    | OutputItemDone
    | ContentPartAdded
    | ContentPartDone
    | OutputTextDelta
    | OutputTextDone
    | OutputTranscriptDelta
    | OutputTranscriptDone
    | OutputAudioDelta
    | OutputAudioDone
    | ArgumentsDelta
    | ArgumentsDone
    | ReasoningSeen
    | RateLimits
)
