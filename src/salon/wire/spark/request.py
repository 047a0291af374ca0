"""The request frame as a client writes it: the house's words to ``header``, ``parameter.chat`` and ``payload.message``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from salon.base.chat import BEGIN, Image, Message, Options, Part, Text, ToolCall, ToolSpec
from salon.base.errors import BadRequest
from salon.wire.spark.codes import HOUSE

#: Spark wants a question from the user at the beginning (``BEGIN``) and at the end; these stand in where there is none.
GO_ON = "(Please go on.)"
LOOK = "(Please look at the image.)"
#: Stands where an image was: the service takes one image, in front of everything.
EARLIER_IMAGE = "(an earlier image)"
#: Spark's WebSocket has no role for tool results. They come in the user's turn, in words that no language owns.
TOOL_RESULT = "[function_result]"


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What one Spark model takes. A range is (least, most), both included; ``max_output`` None is "as it says"."""

    domain: str
    system: bool = False
    tools: bool = False
    images: bool = False
    search: bool = False
    thinking: bool = False
    temperature: tuple[float, float] = (0.01, 1.0)
    max_output: int | None = None


def encode_request(
    messages: Sequence[Message],
    tools: Sequence[ToolSpec],
    options: Options,
    *,
    dialect: Dialect,
    app_id: str,
    patch_id: str | None = None,
) -> str:
    """The request frame. Raises ``BadRequest`` for what this model cannot take: functions, images.

    ``options.extra`` goes into ``parameter.chat`` as it is: ``top_k``, ``presence_penalty``, ``chat_id``, ``auditing``.
    """
    if tools and options.tool_choice != "none" and not dialect.tools:
        raise BadRequest(
            f"The Spark domain {dialect.domain} takes no functions over WebSocket.",
            house=HOUSE,
            advice="Use max, max-32k or 4.0Ultra, or take the tools from the agent.",
        )
    lines = _lines(messages, dialect)
    header: dict[str, Any] = {"app_id": app_id}
    if options.user:
        header["uid"] = options.user[:32]  # "uid: at most 32 characters"
    if patch_id:
        header["patch_id"] = [patch_id]
    payload: dict[str, Any] = {"message": {"text": lines}}
    chosen = _chosen(tools, options.tool_choice)
    if chosen:
        payload["functions"] = {
            "text": [
                {"name": tool.name, "description": tool.description, "parameters": tool.parameters} for tool in chosen
            ]
        }
    frame = {"header": header, "parameter": {"chat": _chat(options, dialect)}, "payload": payload}
    try:
        return msgspec.json.encode(frame).decode()
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise BadRequest(
            f"The request cannot be written as JSON: {error}", house=HOUSE, advice="Check the model's extra parameters."
        ) from error


def _chosen(tools: Sequence[ToolSpec], choice: str) -> list[ToolSpec]:
    """Spark has no ``tool_choice``: what it shall not call, it is not shown. ``required`` cannot be said."""
    if choice.startswith("function:"):
        return [tool for tool in tools if tool.name == choice.removeprefix("function:")]
    return [] if choice == "none" else list(tools)


def _chat(options: Options, dialect: Dialect) -> dict[str, Any]:
    chat: dict[str, Any] = {"domain": dialect.domain}
    if options.temperature is not None:
        low, high = dialect.temperature
        chat["temperature"] = min(max(options.temperature, low), high)
    if options.max_output_tokens is not None:
        most = dialect.max_output or options.max_output_tokens
        chat["max_tokens"] = min(max(options.max_output_tokens, 1), most)
    if options.top_p is not None:
        chat["top_p"] = min(max(options.top_p, 0.01), 1.0)
    if dialect.thinking:
        chat["thinking"] = {"type": "disabled" if options.reasoning == "none" else "enabled"}
    if options.web_search and dialect.search:
        search = {"enable": True, "show_ref_label": True, "search_mode": "normal"}
        chat["tools"] = [{"type": "web_search", "web_search": search}]
    return chat | options.extra


def _lines(messages: Sequence[Message], dialect: Dialect) -> list[dict[str, str]]:
    """The context as Spark takes it: system first (if at all), then user and assistant in turn, the user last."""
    head: list[str] = []  # system messages in front
    turns: list[tuple[Literal["user", "assistant"], list[str]]] = []
    calls: dict[str, ToolCall] = {}
    newest = _newest_image(messages, dialect)

    def say(role: Literal["user", "assistant"], text: str) -> None:
        if not text:
            return
        if turns and turns[-1][0] == role:
            turns[-1][1].append(text)
        else:
            turns.append((role, [text]))

    for message in messages:
        calls.update((call.id, call) for call in message.tool_calls)
        if message.role == "system":
            # "system only as the first message": later ones reach the model with what the user says next.
            if turns:
                say("user", message.text)
            elif message.text:
                head.append(message.text)
        elif message.role == "tool":
            say("user", _result(calls.get(message.tool_call_id or ""), message.text))
        else:
            role: Literal["user", "assistant"] = "assistant" if message.role == "assistant" else "user"
            say(role, "".join(_words(part, newest) for part in message.content))

    if not turns or turns[0][0] == "assistant":
        turns.insert(0, ("user", [LOOK if newest is not None and not turns else BEGIN]))
    if turns[-1][0] == "assistant":
        turns.append(("user", [GO_ON]))
    lines: list[dict[str, str]] = []
    if newest is not None:
        lines.append({"role": "user", "content": _base64_of(newest), "content_type": "image"})
    if head and dialect.system:
        lines.append({"role": "system", "content": "\n\n".join(head)})
    elif head:
        turns[0][1][:0] = head
    for speaker, texts in turns:
        line: dict[str, str] = {"role": speaker, "content": "\n\n".join(texts)}
        if newest is not None:
            line["content_type"] = "text"
        lines.append(line)
    return lines


def _result(call: ToolCall | None, text: str) -> str:
    said: dict[str, Any] = {}
    if call is not None:
        said = {"name": call.name, "arguments": _parsed(call.arguments)}
    return f"{TOOL_RESULT} {json.dumps(said | {'result': _parsed(text)}, ensure_ascii=False)}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _words(part: Part, newest: Image | None) -> str:
    if isinstance(part, Text):
        return part.text
    return "" if part is newest else EARLIER_IMAGE


def _newest_image(messages: Sequence[Message], dialect: Dialect) -> Image | None:
    images = [part for message in messages for part in message.content if isinstance(part, Image)]
    if not images:
        return None
    if not dialect.images:
        raise BadRequest(
            f"The Spark domain {dialect.domain} takes no images.",
            house=HOUSE,
            advice="Use the model image, or one that passes images on to it: pro, max, 4.0Ultra, x1.",
        )
    return images[-1]


def _base64_of(image: Image) -> str:
    head, comma, data = image.url.partition(",")
    if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
        raise BadRequest(
            "Spark takes images only as data, not by address.",
            house=HOUSE,
            advice="Send the image as a data: URI in Base64 (PNG or JPEG, at most 4 MB).",
        )
    return data
