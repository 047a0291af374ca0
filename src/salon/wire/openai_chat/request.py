"""A request for a streamed chat completion, in the dialect of one house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from salon.base.chat import BEGIN, Image, Message, Options, Part, Text, ToolSpec

Patch = Mapping[str, Any]
"""Fields to set in the body. A list under ``tools`` is added to the tools that are there."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """How one house, or one of its models, wants to be asked.

    ``max_tokens`` names the field that bounds the answer. ``stream_usage`` says that usage comes only on request.
    ``temperature`` is the range accepted, None where the model takes no sampling parameters; ``sampling_while_reasoning``
    False, that it takes them only with effort ``none``. ``effort`` has a patch for each ``Options.reasoning``; without one
    nothing is said about it. ``effort_with_tools`` replaces the effort wherever tools are offered.
    ``reasoning_back`` names the field in which an assistant message that calls tools must show its reasoning again.
    ``with_tools``, ``web_search`` and ``no_web_search`` are patches for these cases. ``user`` names the field for the
    end user's id, empty where there is none.
    """

    max_tokens: str = "max_tokens"
    stream_usage: bool = True
    temperature: tuple[float, float] | None = (0.0, 2.0)
    sampling_while_reasoning: bool = True
    effort: Mapping[str, Patch] = {}
    effort_with_tools: str | None = None
    reasoning_back: str = ""
    with_tools: Patch = {}
    parallel_tool_calls: bool = True
    web_search: Patch = {}
    no_web_search: Patch = {}
    user: str = "user"


def encode_request(
    model: str,
    messages: Sequence[Message],
    tools: Sequence[ToolSpec],
    options: Options,
    dialect: Dialect,
    extra: Patch | None = None,
) -> bytes:
    """The JSON body of ``POST /chat/completions``. ``options.extra`` and then ``extra`` have the last word."""
    effort = options.reasoning
    if tools and dialect.effort_with_tools is not None:
        effort = dialect.effort_with_tools
    body: dict[str, Any] = {
        "model": model,
        "messages": [_message(message, dialect) for message in _begun(messages)],
        "stream": True,
    }
    if dialect.stream_usage:
        body["stream_options"] = {"include_usage": True}
    if options.max_output_tokens is not None:
        body[dialect.max_tokens] = options.max_output_tokens
    if dialect.temperature is not None and (dialect.sampling_while_reasoning or effort == "none"):
        low, high = dialect.temperature
        if options.temperature is not None:
            body["temperature"] = min(max(options.temperature, low), high)
        if options.top_p is not None:
            body["top_p"] = options.top_p
    if options.user and dialect.user:
        body[dialect.user] = options.user
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
        body["tool_choice"] = _tool_choice(options.tool_choice)
        if options.parallel_tool_calls is not None and dialect.parallel_tool_calls:
            body["parallel_tool_calls"] = options.parallel_tool_calls
        _apply(body, dialect.with_tools)
    _apply(body, dialect.effort.get(effort, {}))
    _apply(body, dialect.web_search if options.web_search else dialect.no_web_search)
    body.update(options.extra)
    body.update(extra or {})
    return msgspec.json.encode(body)


def _apply(body: dict[str, Any], patch: Patch) -> None:
    for name, value in patch.items():
        body[name] = [*body.get("tools", ()), *value] if name == "tools" else value


def _begun(messages: Sequence[Message]) -> Sequence[Message]:
    """OpenAI refuses a request without messages; the templates of Qwen and others, one where the user has not spoken."""
    if all(message.role == "system" for message in messages):
        return (*messages, Message(role="user", content=(Text(BEGIN),)))
    return messages


def _message(message: Message, dialect: Dialect) -> dict[str, Any]:
    said: dict[str, Any] = {"role": message.role, "content": _content(message.content)}
    if message.tool_call_id is not None:
        said["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        said["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": _arguments(call.arguments)},
            }
            for call in message.tool_calls
        ]
        if dialect.reasoning_back:
            # DeepSeek: "For turns that do perform tool calls, the reasoning_content must be fully passed back to the API
            # in all subsequent requests." The field must be there even where another house made the call.
            said[dialect.reasoning_back] = message.reasoning or ""
    return said


def _content(parts: tuple[Part, ...]) -> str | list[dict[str, Any]]:
    """A plain string wherever it will do: not every house takes a list, and none refuses a string."""
    if not any(isinstance(part, Image) for part in parts):
        return "".join(part.text for part in parts if isinstance(part, Text))
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, Text)
        else {"type": "image_url", "image_url": {"url": part.url, "detail": part.detail}}
        for part in parts
    ]


def _arguments(written: str) -> str:
    """What the model wrote, made a JSON object: vLLM parses the arguments of the history and fails where they do not."""
    if not written.strip():
        return "{}"
    try:
        msgspec.json.decode(written, type=dict[str, Any])
    except msgspec.MsgspecError:
        return msgspec.json.encode({"unparsable": written}).decode()
    return written


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    }


def _tool_choice(choice: str) -> str | dict[str, Any]:
    kind, _, name = choice.partition(":")
    return {"type": "function", "function": {"name": name}} if kind == "function" else choice
