"""What the strictest of six Realtime clients demand of every event a server sends.

Each rule was seen to matter: an event that breaks it is dropped, shown as an error or fatal in at least one of agents-js,
openai-agents, pipecat and livekit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

ITEM_STATUS = {"completed", "incomplete", "in_progress"}
RESPONSE_STATUS = {"in_progress", "completed", "cancelled", "failed", "incomplete"}
REASONS = {"turn_detected", "client_cancelled", "max_output_tokens", "content_filter"}
CONTENT = {
    "system": {"input_text"},
    "user": {"input_text", "input_audio", "input_image"},
    "assistant": {"output_text", "output_audio"},
}
INDEXED = {
    "response.content_part.added",
    "response.content_part.done",
    "response.output_text.delta",
    "response.output_text.done",
}
INTEGERS = ("output_index", "content_index", "audio_end_ms", "audio_start_ms")
STRINGS = ("item_id", "response_id", "call_id", "delta", "text", "arguments", "name")


def breaches(frame: str) -> list[str]:
    """What is wrong with one frame; empty where every client would take it."""
    event = json.loads(frame)
    return list(_event(event))


def _event(event: dict[str, Any]) -> Iterator[str]:
    if not isinstance(event.get("type"), str):
        yield "type"
    if not (isinstance(event.get("event_id"), str) and event["event_id"]):
        yield "event_id"
    for name in INTEGERS:
        if name in event and type(event[name]) is not int:
            yield name
    for name in STRINGS:
        if name in event and not isinstance(event[name], str):
            yield name
    kind = event.get("type", "")
    if kind in INDEXED:
        yield from _missing(event, "response_id", "item_id", "output_index", "content_index")
    if kind.startswith("response.output_item."):
        yield from _missing(event, "response_id", "output_index", "item")
    if kind.startswith("response.function_call_arguments."):
        yield from _missing(event, "response_id", "item_id", "output_index", "call_id")
    if kind == "response.function_call_arguments.done":
        yield from _missing(event, "name", "arguments")
    if kind in ("conversation.item.added", "conversation.item.done"):
        yield from _missing(event, "previous_item_id", "item")
    if kind == "error":
        yield from _missing(event["error"], "type", "code", "message", "param", "event_id")
    if kind == "rate_limits.updated" and not isinstance(event.get("rate_limits"), list):
        yield "rate_limits"
    if "part" in event:
        yield from _part(event["part"])
    if "item" in event:
        yield from _item(event["item"])
    if "response" in event:
        yield from _response(event["response"])
    if "session" in event:
        yield from _session(event["session"])


def _missing(thing: dict[str, Any], *names: str) -> Iterator[str]:
    yield from (f"no {name}" for name in names if name not in thing)


def _part(part: dict[str, Any]) -> Iterator[str]:
    if part["type"] not in ("text", "audio"):
        yield "part.type"
    if None in part.values():
        yield "null in part"
    yield from _missing(part, "text" if part["type"] == "text" else "transcript")


def _item(item: dict[str, Any]) -> Iterator[str]:
    if not (isinstance(item.get("id"), str) and item["id"]):
        yield "item.id"
    if item.get("object") != "realtime.item":
        yield "item.object"
    if item.get("status") not in ITEM_STATUS:
        yield "item.status"
    match item["type"]:
        case "message":
            if item["role"] not in CONTENT:
                yield "item.role"
            if not isinstance(item.get("content"), list):
                yield "item.content"
            else:
                for part in item["content"]:
                    yield from _content(part, CONTENT.get(item["role"], set()))
        case "function_call":
            for name in ("name", "call_id", "arguments"):
                if not isinstance(item.get(name), str):
                    yield f"item.{name}"
        case "function_call_output":
            for name in ("call_id", "output"):
                if not isinstance(item.get(name), str):
                    yield f"item.{name}"
        case _:
            yield "item.type"


def _content(part: dict[str, Any], allowed: set[str]) -> Iterator[str]:
    if part["type"] not in allowed:
        yield "content.type"
    # The words of what a user said may not be known yet; the key is there all the same.
    needs = {"input_audio": "transcript", "output_audio": "transcript", "input_image": "image_url"}
    yield from _missing(part, needs.get(part["type"], "text"))
    if None in (value for key, value in part.items() if (part["type"], key) != ("input_audio", "transcript")):
        yield "null in content"


def _response(response: dict[str, Any]) -> Iterator[str]:
    yield from _missing(response, "id", "output", "usage", "metadata", "conversation_id", "status_details", "audio")
    if response["object"] != "realtime.response":
        yield "response.object"
    if response["status"] not in RESPONSE_STATUS:
        yield "response.status"
    details = response["status_details"]
    if details is not None:
        if details["type"] != response["status"]:
            yield "status_details.type"
        if details.get("reason", "turn_detected") not in REASONS:
            yield "status_details.reason"
    if response["status"] != "in_progress":
        usage = response["usage"]
        for name in ("total_tokens", "input_tokens", "output_tokens"):
            if type(usage[name]) is not int:
                yield f"usage.{name}"
        yield from _missing(usage, "input_token_details", "output_token_details")
    if response["output_modalities"] not in (["text"], ["audio"]):
        yield "output_modalities"
    yield from _output_audio(response["audio"]["output"])
    for item in response["output"]:
        yield from _item(item)


def _format(audio: dict[str, Any]) -> Iterator[str]:
    if audio not in ({"type": "audio/pcm", "rate": 24000}, {"type": "audio/pcmu"}, {"type": "audio/pcma"}):
        yield "format"


def _output_audio(output: dict[str, Any]) -> Iterator[str]:
    yield from _format(output["format"])
    if not isinstance(output["voice"], str):
        yield "voice"


def _session(session: dict[str, Any]) -> Iterator[str]:
    given = session["audio"]["input"]
    yield from _format(given["format"])
    yield from _missing(given, "transcription", "noise_reduction", "turn_detection")
    if (given["turn_detection"] or {"type": "server_vad"})["type"] not in ("server_vad", "semantic_vad"):
        yield "turn_detection"
    if given["noise_reduction"] is not None and given["noise_reduction"]["type"] not in ("near_field", "far_field"):
        yield "noise_reduction"
    if "expires_at" in session and type(session["expires_at"]) is not int:
        yield "expires_at"
    if session["type"] == "transcription":
        return
    yield from _missing(
        session, "id", "object", "model", "instructions", "tools", "tool_choice", "truncation", "tracing"
    )
    yield from _output_audio(session["audio"]["output"])
    if session["output_modalities"] not in (["text"], ["audio"]):
        yield "output_modalities"
    if session["max_output_tokens"] != "inf" and type(session["max_output_tokens"]) is not int:
        yield "max_output_tokens"
