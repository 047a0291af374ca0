"""Server events: from an event to a text frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from salon.base import events
from salon.base.chat import ToolSpec, Usage
from salon.base.events import Event, Response
from salon.base.session import AudioFormat, SemanticVad, ServerVad, Session, Truncation, TurnDetection
from salon.base.surrogates import whole
from salon.wire.openai_realtime.items import encode as encode_item

_json = msgspec.json.Encoder()


class _TextDelta(msgspec.Struct, tag_field="type", tag="response.output_text.delta", gc=False):
    """The event that is sent a thousand times as often as all others together."""

    event_id: str
    response_id: str
    item_id: str
    output_index: int
    content_index: int
    delta: str


class _AudioDelta(msgspec.Struct, tag_field="type", tag="response.output_audio.delta", gc=False):
    event_id: str
    response_id: str
    item_id: str
    output_index: int
    content_index: int
    delta: bytes


class Encoder:
    """``vendor`` opts in to what is Salon's own, for clients that asked for it: ``salon`` keys in sessions, responses and
    items. Its content is what ``session.created`` carries under ``session.salon``; it may be filled in later."""

    def __init__(self, vendor: dict[str, Any] | None = None) -> None:
        self._vendor = vendor

    def __call__(self, event: Event, event_id: str) -> str:
        if event.__class__ is events.OutputTextDelta:
            frame = _TextDelta(
                event_id, event.response_id, event.item_id, event.output_index, event.content_index, event.delta
            )
            return _write(frame)
        if event.__class__ is events.OutputAudioDelta:
            # msgspec writes bytes as base64.
            sound = _AudioDelta(
                event_id, event.response_id, event.item_id, event.output_index, event.content_index, event.audio
            )
            return _json.encode(sound).decode()
        name, body = _ENCODERS[event.__class__]
        return _write({"type": name, "event_id": event_id, **body(event, self._vendor)})


Vendor = dict[str, Any] | None


def _write(frame: Any) -> str:
    try:
        return _json.encode(frame).decode()
    except UnicodeEncodeError:
        return _json.encode(whole(msgspec.to_builtins(frame))).decode()


def encode_session(session: Session, vendor: Vendor = None) -> dict[str, Any]:
    """Every field, with the value that is in effect."""
    audio_input = session.audio_input
    turn = {
        "format": _format(audio_input.format),
        "transcription": None if audio_input.transcription is None else _present(audio_input.transcription),
        "noise_reduction": None if audio_input.noise_reduction is None else _present(audio_input.noise_reduction),
        "turn_detection": _turn_detection(audio_input.turn_detection),
    }
    # Optional in the schema, and absent where a session does not expire.
    expiry = {"expires_at": session.expires_at} if session.expires_at else {}
    if session.type == "transcription":
        return {
            "type": "transcription",
            "object": "realtime.transcription_session",
            "id": session.id,
            "audio": {"input": turn},
            "include": session.include,
            **expiry,
        }
    output = session.audio_output
    wire = {
        "type": "realtime",
        "object": "realtime.session",
        "id": session.id,
        "model": session.model,
        "output_modalities": session.output_modalities,
        "instructions": session.instructions,
        "tools": [_tool(tool) for tool in session.tools],
        "tool_choice": _tool_choice(session.tool_choice),
        "max_output_tokens": session.max_output_tokens or "inf",
        "tracing": session.tracing,
        "truncation": _truncation(session.truncation),
        "prompt": session.prompt,
        "include": session.include,
        "audio": {
            "input": turn,
            "output": {"format": _format(output.format), "voice": output.voice, "speed": output.speed},
        },
        **expiry,
    }
    if session.reasoning is not None:
        wire["reasoning"] = {"effort": session.reasoning}
    if session.parallel_tool_calls is not None:
        wire["parallel_tool_calls"] = session.parallel_tool_calls
    if vendor is not None:
        wire["salon"] = {**vendor, "web_search": session.web_search}
    return wire


def _format(audio: AudioFormat) -> dict[str, Any]:
    return {"type": "audio/pcm", "rate": 24000} if audio.type == "audio/pcm" else {"type": audio.type}


def _present(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in msgspec.structs.asdict(struct).items() if value is not None}


def _turn_detection(turn: TurnDetection | None) -> dict[str, Any] | None:
    match turn:
        case ServerVad():
            return {"type": "server_vad", **msgspec.structs.asdict(turn)}
        case SemanticVad():
            return {"type": "semantic_vad", **msgspec.structs.asdict(turn)}
    return None


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"type": "function", "name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _tool_choice(choice: str) -> Any:
    kind, _, name = choice.partition(":")
    return {"type": "function", "name": name} if kind == "function" else choice


def _truncation(truncation: Truncation) -> Any:
    if truncation.type != "retention_ratio":
        return truncation.type
    wire: dict[str, Any] = {"type": "retention_ratio", "retention_ratio": truncation.retention_ratio}
    if truncation.post_instructions is not None:
        wire["token_limits"] = {"post_instructions": truncation.post_instructions}
    return wire


def _response(response: Response, vendor: Vendor) -> dict[str, Any]:
    wire = {
        "object": "realtime.response",
        "id": response.id,
        "status": response.status,
        "status_details": _status_details(response),
        "output": [encode_item(item, vendor=vendor is not None) for item in response.output],
        "conversation_id": response.conversation_id,
        "output_modalities": response.output_modalities,
        "max_output_tokens": response.max_output_tokens or "inf",
        "audio": {"output": {"format": _format(response.audio_format), "voice": response.voice}},
        "usage": None if response.status == "in_progress" else _usage(response.usage or Usage()),
        "metadata": response.metadata,
    }
    if vendor is not None and response.status != "in_progress":
        ours: dict[str, Any] = {
            "first_token_ms": response.first_token_ms,
            "duration_ms": response.duration_ms,
            "model": response.answered_by,
        }
        if response.waterfall is not None:
            ours["waterfall"] = response.waterfall
        wire["salon"] = ours
    return wire


def _status_details(response: Response) -> dict[str, Any] | None:
    if response.status in ("in_progress", "completed"):
        return None
    details: dict[str, Any] = {"type": response.status}
    if response.reason is not None:
        details["reason"] = response.reason
    if response.error_code is not None:
        details["error"] = {
            "type": "server_error",
            "code": response.error_code,
            "message": response.error_message or "",
        }
    return details


def _usage(usage: Usage) -> dict[str, Any]:
    cached = {"text_tokens": usage.cached, "audio_tokens": 0, "image_tokens": 0}
    return {
        "total_tokens": usage.total,
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "input_token_details": {
            "text_tokens": usage.input,
            "audio_tokens": 0,
            "image_tokens": 0,
            "cached_tokens": usage.cached,
            "cached_tokens_details": cached,
        },
        "output_token_details": {"text_tokens": usage.output, "audio_tokens": 0},
    }


def _error(event: events.ErrorSeen, vendor: Vendor) -> dict[str, Any]:
    error = {
        "type": event.type,
        "code": event.code,
        "message": event.message,
        "param": event.param,
        "event_id": event.client_event_id,
    }
    return {"error": error}


def _part(modality: str, text: str) -> dict[str, str]:
    # In events a part's type is "text" or "audio", in items "output_text" or "output_audio".
    return {"type": "text", "text": text} if modality == "text" else {"type": "audio", "transcript": text}


def _session_of(event: Any, vendor: Vendor) -> dict[str, Any]:
    return {"session": encode_session(event.session, vendor)}


def _item_of(event: Any, vendor: Vendor) -> dict[str, Any]:
    return {
        "previous_item_id": event.previous_item_id,
        "item": encode_item(event.item, vendor=vendor is not None),
    }


def _response_of(event: Any, vendor: Vendor) -> dict[str, Any]:
    return {"response": _response(event.response, vendor)}


def _output_item_of(event: Any, vendor: Vendor) -> dict[str, Any]:
    return {
        "response_id": event.response_id,
        "output_index": event.output_index,
        "item": encode_item(event.item, vendor=vendor is not None),
    }


def _part_of(event: Any, vendor: Vendor) -> dict[str, Any]:
    return {
        "response_id": event.response_id,
        "item_id": event.item_id,
        "output_index": event.output_index,
        "content_index": event.content_index,
        "part": _part(event.modality, getattr(event, "text", "")),
    }


def _fields(event: Any, vendor: Vendor) -> dict[str, Any]:
    return msgspec.structs.asdict(event)


def _transcription(event: events.TranscriptionCompleted, vendor: Vendor) -> dict[str, Any]:
    return {
        "item_id": event.item_id,
        "content_index": event.content_index,
        "transcript": event.transcript,
        "usage": {"type": "duration", "seconds": event.seconds},
    }


def _transcription_failed(event: events.TranscriptionFailed, vendor: Vendor) -> dict[str, Any]:
    # No "param": agents-js drops the event for a null there.
    return {
        "item_id": event.item_id,
        "content_index": event.content_index,
        "error": {"type": "server_error", "code": event.code, "message": event.message},
    }


def _words(event: events.WordsTimed, vendor: Vendor) -> dict[str, Any]:
    return {
        "response_id": event.response_id,
        "item_id": event.item_id,
        "words": [
            {"text": word.text, "start_ms": word.start, "end_ms": word.end, "at": word.at} for word in event.words
        ],
    }


_ENCODERS: dict[type, tuple[str, Callable[[Any, Vendor], dict[str, Any]]]] = {
    events.ErrorSeen: ("error", _error),
    events.SessionCreated: ("session.created", _session_of),
    events.SessionUpdated: ("session.updated", _session_of),
    events.SessionResumed: ("salon.session.resumed", _session_of),
    events.ItemAdded: ("conversation.item.added", _item_of),
    events.ItemDone: ("conversation.item.done", _item_of),
    events.ItemRetrieved: (
        "conversation.item.retrieved",
        lambda event, vendor: {"item": encode_item(event.item, vendor=vendor is not None, audio=True)},
    ),
    events.ItemTruncated: ("conversation.item.truncated", _fields),
    events.ItemDeleted: ("conversation.item.deleted", _fields),
    events.AudioCleared: ("input_audio_buffer.cleared", _fields),
    events.InputSpeechStarted: ("input_audio_buffer.speech_started", _fields),
    events.InputSpeechStopped: ("input_audio_buffer.speech_stopped", _fields),
    events.InputCommitted: ("input_audio_buffer.committed", _fields),
    events.InputTimedOut: ("input_audio_buffer.timeout_triggered", _fields),
    events.TranscriptionDelta: ("conversation.item.input_audio_transcription.delta", _fields),
    events.TranscriptionCompleted: ("conversation.item.input_audio_transcription.completed", _transcription),
    events.TranscriptionFailed: ("conversation.item.input_audio_transcription.failed", _transcription_failed),
    events.PartialHeard: ("conversation.item.salon.partial", _fields),
    events.OutputBufferStarted: ("output_audio_buffer.started", _fields),
    events.OutputBufferStopped: ("output_audio_buffer.stopped", _fields),
    events.OutputBufferCleared: ("output_audio_buffer.cleared", _fields),
    events.WordsTimed: ("response.salon.words", _words),
    events.Ducked: ("output_audio_buffer.salon.ducked", _fields),
    events.Unducked: ("output_audio_buffer.salon.unducked", _fields),
    events.ResponseCreated: ("response.created", _response_of),
    events.OutputItemAdded: ("response.output_item.added", _output_item_of),
    events.OutputItemDone: ("response.output_item.done", _output_item_of),
    events.ContentPartAdded: ("response.content_part.added", _part_of),
    events.ContentPartDone: ("response.content_part.done", _part_of),
    events.OutputTextDelta: ("response.output_text.delta", _fields),
    events.OutputTextDone: ("response.output_text.done", _fields),
    events.OutputTranscriptDelta: ("response.output_audio_transcript.delta", _fields),
    events.OutputTranscriptDone: ("response.output_audio_transcript.done", _fields),
    events.OutputAudioDelta: ("response.output_audio.delta", _fields),
    events.OutputAudioDone: ("response.output_audio.done", _fields),
    events.ArgumentsDelta: ("response.function_call_arguments.delta", _fields),
    events.ArgumentsDone: ("response.function_call_arguments.done", _fields),
    events.ReasoningSeen: ("response.salon.reasoning.delta", _fields),
    events.ResponseDone: ("response.done", _response_of),
    events.RateLimits: ("rate_limits.updated", lambda event, vendor: {"rate_limits": []}),
}

SERVER_EVENTS = tuple(name for name, _ in _ENCODERS.values())
