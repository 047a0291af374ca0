"""What a client may set for a session, and what it may change later.

The terms are those of the OpenAI Realtime protocol (GA). A ``SessionPatch`` has only what the client sent: absent fields are
``UNSET``, and ``None`` clears.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from salon.base.chat import ToolSpec

Modality = Literal["text", "audio"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh"]


class AudioFormat(msgspec.Struct, frozen=True):
    """``audio/pcm`` (24 kHz, 16 bit, mono), ``audio/pcmu`` or ``audio/pcma`` (8 kHz)."""

    type: Literal["audio/pcm", "audio/pcmu", "audio/pcma"] = "audio/pcm"


class Transcription(msgspec.Struct, frozen=True):
    """``languages`` are those that may be spoken, ``keywords`` what is likely to be said."""

    model: str | None = None
    language: str | None = None
    prompt: str | None = None
    languages: tuple[str, ...] | None = None
    keywords: tuple[str, ...] | None = None
    delay: Literal["minimal", "low", "medium", "high", "xhigh"] | None = None


class NoiseReduction(msgspec.Struct, frozen=True):
    type: Literal["near_field", "far_field"]
    strength: float | None = None


Milliseconds = Annotated[int, Meta(ge=0)]


class ServerVad(msgspec.Struct, frozen=True, tag="server_vad"):
    """Times are milliseconds."""

    threshold: Annotated[float, Meta(ge=0, le=1)] = 0.5
    prefix_padding_ms: Milliseconds = 300
    silence_duration_ms: Milliseconds = 500
    idle_timeout_ms: Annotated[int, Meta(ge=5000, le=30_000)] | None = None
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(msgspec.Struct, frozen=True, tag="semantic_vad"):
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = ServerVad | SemanticVad


class AudioInput(msgspec.Struct, frozen=True, kw_only=True):
    format: AudioFormat = AudioFormat()
    transcription: Transcription | None = None
    noise_reduction: NoiseReduction | None = None
    turn_detection: TurnDetection | None = ServerVad()


class AudioOutput(msgspec.Struct, frozen=True, kw_only=True):
    format: AudioFormat = AudioFormat()
    voice: str = "alloy"
    speed: float = 1.0


class Truncation(msgspec.Struct, frozen=True):
    """How history is kept within the model's context.

    ``auto`` drops the oldest items; ``disabled`` fails the response; ``retention_ratio`` drops down to that share of the
    limit at once, so that the prefix stays the same for the house's cache. ``post_instructions`` limits the tokens that
    follow the instructions.
    """

    type: Literal["auto", "disabled", "retention_ratio"] = "auto"
    retention_ratio: float = 1.0
    post_instructions: int | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """The effective settings. ``tool_choice`` is ``auto``, ``none``, ``required`` or ``function:<name>``.

    ``max_output_tokens`` None is the protocol's ``inf``. ``tracing``, ``prompt`` and ``include`` are kept and echoed for
    clients that set them; they have no effect. ``web_search`` is Salon's own.
    """

    id: str
    model: str
    type: Literal["realtime", "transcription"] = "realtime"
    expires_at: int = 0
    output_modalities: tuple[Modality, ...] = ("audio",)
    instructions: str = ""
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: str = "auto"
    parallel_tool_calls: bool | None = None
    reasoning: Effort | None = None
    max_output_tokens: int | None = None
    truncation: Truncation = Truncation()
    audio_input: AudioInput = AudioInput()
    audio_output: AudioOutput = AudioOutput()
    tracing: Any = None
    prompt: Any = None
    include: tuple[str, ...] | None = None
    web_search: bool = False


class AudioInputPatch(msgspec.Struct, frozen=True, kw_only=True):
    format: AudioFormat | UnsetType = UNSET
    transcription: Transcription | UnsetType | None = UNSET
    noise_reduction: NoiseReduction | UnsetType | None = UNSET
    turn_detection: TurnDetection | UnsetType | None = UNSET


class AudioOutputPatch(msgspec.Struct, frozen=True, kw_only=True):
    format: AudioFormat | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    speed: float | UnsetType = UNSET


class SessionPatch(msgspec.Struct, frozen=True, kw_only=True):
    """What one ``session.update`` changes. Field for field as in ``Session``."""

    type: Literal["realtime", "transcription"] = "realtime"
    output_modalities: tuple[Modality, ...] | UnsetType = UNSET
    instructions: str | UnsetType = UNSET
    tools: tuple[ToolSpec, ...] | UnsetType = UNSET
    tool_choice: str | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    reasoning: Effort | UnsetType | None = UNSET
    max_output_tokens: int | UnsetType | None = UNSET
    truncation: Truncation | UnsetType = UNSET
    audio_input: AudioInputPatch | UnsetType = UNSET
    audio_output: AudioOutputPatch | UnsetType = UNSET
    tracing: Any = UNSET
    prompt: Any = UNSET
    include: tuple[str, ...] | UnsetType | None = UNSET
    web_search: bool | UnsetType = UNSET


class ResponseParams(msgspec.Struct, frozen=True, kw_only=True):
    """What one ``response.create`` asks for; None is "as the session says".

    ``conversation`` ``none`` runs out of band: its items are not added to the history. ``input`` replaces the history as
    context; an empty one means no context at all. ``say`` is the answer itself, and no model is asked.
    """

    output_modalities: tuple[Modality, ...] | None = None
    instructions: str | None = None
    tools: tuple[ToolSpec, ...] | None = None
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Effort | None = None
    max_output_tokens: int | UnsetType | None = UNSET
    conversation: Literal["auto", "none"] = "auto"
    metadata: dict[str, str] | None = None
    input: tuple[Any, ...] | None = None
    web_search: bool | None = None
    voice: str | None = None
    audio_format: AudioFormat | None = None
    say: str | None = None
