"""What clients send, as it stands on the wire. Unknown keys are passed over; null means absent or cleared, as each field says."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from salon.base.session import Effort, Modality, NoiseReduction, Transcription, TurnDetection


class Head(msgspec.Struct, frozen=True):
    """Enough of any event to answer it."""

    type: Any = None
    event_id: Any = None


class Format(msgspec.Struct, frozen=True):
    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"] = "audio/pcm"
    rate: int | None = None


class Voice(msgspec.Struct, frozen=True):
    id: str


class AudioIn(msgspec.Struct, frozen=True):
    format: Format | UnsetType | None = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET


class AudioOut(msgspec.Struct, frozen=True):
    format: Format | UnsetType | None = UNSET
    voice: str | Voice | UnsetType | None = UNSET
    speed: float | UnsetType | None = UNSET


class Audio(msgspec.Struct, frozen=True):
    input: AudioIn | UnsetType | None = UNSET
    output: AudioOut | UnsetType | None = UNSET


class Tool(msgspec.Struct, frozen=True):
    """Flat, other than in Chat Completions."""

    type: str = "function"
    name: str | None = None
    description: str | None = None
    parameters: dict[str, Any] | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    type: str
    name: str | None = None


class Reasoning(msgspec.Struct, frozen=True):
    effort: Effort | None = None


class TokenLimits(msgspec.Struct, frozen=True):
    post_instructions: int | None = None


class RetentionRatio(msgspec.Struct, frozen=True):
    type: Literal["auto", "disabled", "retention_ratio"]
    retention_ratio: float = 1.0
    token_limits: TokenLimits | None = None


class Extras(msgspec.Struct, frozen=True):
    """Salon's own settings, under the key ``salon``."""

    web_search: bool | UnsetType = UNSET


class ResponseExtras(msgspec.Struct, frozen=True):
    """Those of one response."""

    web_search: bool | None = None
    say: str | None = None


class SessionIn(msgspec.Struct, frozen=True):
    type: Literal["realtime", "transcription"]
    model: str | None = None
    output_modalities: tuple[Modality, ...] | UnsetType | None = UNSET
    instructions: str | UnsetType | None = UNSET
    tools: tuple[Tool, ...] | UnsetType | None = UNSET
    tool_choice: str | ToolChoice | UnsetType | None = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    reasoning: Reasoning | UnsetType | None = UNSET
    max_output_tokens: int | str | UnsetType | None = UNSET
    truncation: str | RetentionRatio | UnsetType | None = UNSET
    audio: Audio | UnsetType | None = UNSET
    tracing: Any = UNSET
    prompt: Any = UNSET
    include: tuple[str, ...] | UnsetType | None = UNSET
    salon: Extras | UnsetType | None = UNSET


class Part(msgspec.Struct, frozen=True):
    type: str
    text: str | None = None
    transcript: str | None = None
    audio: str | None = None
    image_url: str | None = None
    detail: Literal["auto", "low", "high"] | None = None


class ItemIn(msgspec.Struct, frozen=True):
    type: str
    id: str | None = None
    role: str | None = None
    status: str | None = None
    content: tuple[Part, ...] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | None = None


class ResponseIn(msgspec.Struct, frozen=True):
    """Overrides for one response: null is as good as absent."""

    output_modalities: tuple[Modality, ...] | None = None
    instructions: str | None = None
    tools: tuple[Tool, ...] | None = None
    tool_choice: str | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    max_output_tokens: int | str | None = None
    conversation: Literal["auto", "none"] | None = None
    metadata: dict[str, str] | None = None
    input: tuple[ItemIn, ...] | None = None
    audio: Audio | None = None
    salon: ResponseExtras | None = None


class SessionUpdate(msgspec.Struct, frozen=True):
    session: SessionIn


class ItemCreate(msgspec.Struct, frozen=True):
    item: ItemIn
    previous_item_id: str | None = None


class ItemNamed(msgspec.Struct, frozen=True):
    item_id: str


class ItemTruncate(msgspec.Struct, frozen=True):
    item_id: str
    audio_end_ms: int
    content_index: int = 0


class ResponseCreate(msgspec.Struct, frozen=True):
    response: ResponseIn | None = None


class ResponseCancel(msgspec.Struct, frozen=True):
    response_id: str | None = None


class BufferAppend(msgspec.Struct, frozen=True):
    audio: str
