"""Sessions and response overrides as clients send them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Literal, TypeVar, cast

from msgspec import UNSET, UnsetType

from salon.base.chat import ToolSpec
from salon.base.errors import ClientError
from salon.base.session import (
    AudioFormat,
    AudioInputPatch,
    AudioOutputPatch,
    ResponseParams,
    SessionPatch,
    Truncation,
)
from salon.wire.openai_realtime import items, shapes

T = TypeVar("T")

MAX_TOOLS = 256
MAX_DEPTH = 64
MAX_SAID = 4000
_TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


def patch(raw: shapes.SessionIn) -> SessionPatch:
    """``""``, ``[]`` and ``null`` clear ``instructions``, ``tools`` and ``turn_detection``; elsewhere null sets the default
    or, where there is none, changes nothing. ``model`` is settled when the session opens; stock clients send it again."""
    audio = raw.audio or UNSET
    search = UNSET if raw.salon is UNSET or raw.salon is None else raw.salon.web_search
    return SessionPatch(
        type=raw.type,
        output_modalities=_modalities(raw.output_modalities, "session.output_modalities"),
        instructions="" if raw.instructions is None else raw.instructions,
        tools=() if raw.tools is None else _tools(raw.tools, "session.tools"),
        tool_choice="auto" if raw.tool_choice is None else _tool_choice(raw.tool_choice, "session.tool_choice"),
        parallel_tool_calls=raw.parallel_tool_calls,
        reasoning=raw.reasoning.effort if isinstance(raw.reasoning, shapes.Reasoning) else raw.reasoning,
        max_output_tokens=_max_tokens(raw.max_output_tokens, "session.max_output_tokens"),
        truncation=Truncation() if raw.truncation is None else _truncation(raw.truncation),
        audio_input=_audio_input(audio.input) if isinstance(audio, shapes.Audio) else UNSET,
        audio_output=_audio_output(audio.output, "session") if isinstance(audio, shapes.Audio) else UNSET,
        tracing=_shallow(raw.tracing, "session.tracing"),
        prompt=_shallow(raw.prompt, "session.prompt"),
        include=raw.include,
        web_search=search,
    )


def response(raw: shapes.ResponseIn) -> ResponseParams:
    modalities = _modalities(raw.output_modalities, "response.output_modalities")
    tools = None if raw.tools is None else _tools(raw.tools, "response.tools")
    choice = None if raw.tool_choice is None else _tool_choice(raw.tool_choice, "response.tool_choice")
    most = UNSET if raw.max_output_tokens is None else _max_tokens(raw.max_output_tokens, "response.max_output_tokens")
    context = None
    if raw.input is not None:
        context = tuple(items.item_or_reference(each, f"response.input[{i}]") for i, each in enumerate(raw.input))
    output = _audio_output(raw.audio.output, "response") if raw.audio is not None else UNSET
    output = AudioOutputPatch() if output is UNSET else output
    return ResponseParams(
        output_modalities=modalities or None,
        instructions=raw.instructions,
        tools=None if tools is UNSET else tools,
        tool_choice=None if choice is UNSET else choice,
        parallel_tool_calls=raw.parallel_tool_calls,
        reasoning=raw.reasoning.effort if raw.reasoning else None,
        max_output_tokens=most,
        conversation=raw.conversation or "auto",
        metadata=_metadata(raw.metadata),
        input=context,
        web_search=raw.salon.web_search if raw.salon else None,
        voice=_unless_absent(output.voice),
        audio_format=_unless_absent(output.format),
        say=_say(raw.salon.say) if raw.salon else None,
    )


def _say(raw: str | None) -> str | None:
    if raw is not None and not 0 < len(raw.strip()) <= MAX_SAID:
        raise ClientError(
            f"Invalid 'response.salon.say': expected 1 to {MAX_SAID} characters.",
            code="invalid_value",
            param="response.salon.say",
        )
    return raw


def _modalities(raw: tuple[Any, ...] | UnsetType | None, param: str) -> Any:
    if raw is None or raw is UNSET:
        return UNSET
    # "Never both" (OpenAI's guide on the GA migration).
    if len(raw) != 1:
        raise ClientError(
            f"Invalid modalities: {list(raw)}. Supported combinations are: ['text'] and ['audio'].",
            code="invalid_value",
            param=param,
        )
    return raw


def _tools(raw: tuple[shapes.Tool, ...] | UnsetType, param: str) -> tuple[ToolSpec, ...] | UnsetType:
    if raw is UNSET:
        return UNSET
    if len(raw) > MAX_TOOLS:
        raise ClientError(f"Invalid '{param}': at most {MAX_TOOLS} tools.", code="invalid_value", param=param)
    return tuple(_tool(tool, f"{param}[{index}]") for index, tool in enumerate(raw))


def _tool(raw: shapes.Tool, param: str) -> ToolSpec:
    if raw.type != "function":
        raise ClientError(
            f"Invalid value: '{raw.type}'. Supported values are: 'function'. Other kinds of tools are not run here.",
            code="invalid_value",
            param=f"{param}.type",
        )
    if raw.name is None:
        raise ClientError(
            f"Missing required parameter: '{param}.name'.", code="missing_required_parameter", param=f"{param}.name"
        )
    if not _TOOL_NAME.fullmatch(raw.name):
        raise ClientError(
            f"Invalid '{param}.name': expected 1 to 128 of the letters A-Z a-z 0-9 _ . -",
            code="invalid_value",
            param=f"{param}.name",
        )
    parameters = _shallow(raw.parameters, f"{param}.parameters") or _NO_PARAMETERS
    return ToolSpec(raw.name, raw.description or "", parameters)


def _shallow(value: T, param: str) -> T:
    """What is kept as it came is written again, here and in the request to the model, and writing is recursive."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return value
    raise ClientError(
        f"Invalid '{param}': nested more than {MAX_DEPTH} levels deep.", code="invalid_value", param=param
    )


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _tool_choice(raw: str | shapes.ToolChoice | UnsetType, param: str) -> str | UnsetType:
    if isinstance(raw, shapes.ToolChoice):
        if raw.type == "function" and raw.name:
            return f"function:{raw.name}"
        raise ClientError(
            f"Invalid '{param}': expected 'auto', 'none', 'required' or an object of type 'function' with a name.",
            code="invalid_value",
            param=param,
        )
    if isinstance(raw, str) and raw not in ("auto", "none", "required"):
        raise ClientError(
            f"Invalid value: '{raw[:100]}'. Supported values are: 'auto', 'none', 'required'.",
            code="invalid_value",
            param=param,
        )
    return raw


def _max_tokens(raw: int | str | UnsetType | None, param: str) -> int | UnsetType | None:
    if raw is None or raw == "inf":
        return None
    if isinstance(raw, str) or (isinstance(raw, int) and raw < 1):
        raise ClientError(
            f"Invalid '{param}': expected an integer of 1 or more, or 'inf'.", code="invalid_value", param=param
        )
    return raw


def _truncation(raw: str | shapes.RetentionRatio | UnsetType) -> Truncation | UnsetType:
    if isinstance(raw, shapes.RetentionRatio):
        if not 0 <= raw.retention_ratio <= 1:
            raise ClientError(
                "Invalid 'session.truncation.retention_ratio': expected a number from 0 to 1.",
                code="invalid_value",
                param="session.truncation.retention_ratio",
            )
        limits = raw.token_limits
        return Truncation(raw.type, raw.retention_ratio, limits.post_instructions if limits else None)
    if isinstance(raw, str):
        if raw not in ("auto", "disabled"):
            raise ClientError(
                f"Invalid value: '{raw[:100]}'. Supported values are: 'auto', 'disabled'.",
                code="invalid_value",
                param="session.truncation",
            )
        return Truncation(cast(Literal["auto", "disabled"], raw))
    return raw


def _audio_input(raw: shapes.AudioIn | UnsetType | None) -> AudioInputPatch | UnsetType:
    if not isinstance(raw, shapes.AudioIn):
        return UNSET
    return AudioInputPatch(
        format=_format(raw.format, "session.audio.input.format"),
        transcription=raw.transcription,
        noise_reduction=raw.noise_reduction,
        turn_detection=raw.turn_detection,
    )


def _audio_output(raw: shapes.AudioOut | UnsetType | None, of: str) -> AudioOutputPatch | UnsetType:
    if not isinstance(raw, shapes.AudioOut):
        return UNSET
    voice = raw.voice.id if isinstance(raw.voice, shapes.Voice) else raw.voice
    if isinstance(raw.speed, float) and not 0.25 <= raw.speed <= 1.5:
        raise ClientError(
            f"Invalid '{of}.audio.output.speed': expected a number from 0.25 to 1.5.",
            code="invalid_value",
            param=f"{of}.audio.output.speed",
        )
    return AudioOutputPatch(
        format=_format(raw.format, f"{of}.audio.output.format"),
        voice=_unless_null(voice),
        speed=_unless_null(raw.speed),
    )


def _format(raw: shapes.Format | UnsetType | None, param: str) -> AudioFormat | UnsetType:
    if not isinstance(raw, shapes.Format):
        return UNSET
    only = 24000 if raw.type == "audio/pcm" else 8000
    if raw.rate not in (None, only):
        raise ClientError(
            f"Invalid value: {raw.rate}. Supported values for '{raw.type}' are: {only}.",
            code="invalid_value",
            param=f"{param}.rate",
        )
    return AudioFormat(raw.type)


def _unless_null(value: T | UnsetType | None) -> T | UnsetType:
    return UNSET if value is None else value


def _unless_absent(value: T | UnsetType) -> T | None:
    return None if isinstance(value, UnsetType) else value


def _metadata(raw: dict[str, str] | None) -> dict[str, str] | None:
    if raw is None:
        return None
    if len(raw) > 16 or any(len(key) > 64 or len(value) > 512 for key, value in raw.items()):
        raise ClientError(
            "Invalid 'response.metadata': at most 16 pairs, keys of 64 and values of 512 characters.",
            code="invalid_value",
            param="response.metadata",
        )
    return raw
