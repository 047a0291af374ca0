"""The request frame as a server reads it: back to the house's words, with everything that real clients get away with."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

import msgspec

from salon.base.chat import Image, Message, Options, Part, Text, ToolSpec
from salon.base.errors import ClientError

_X_DOMAINS = frozenset({"spark-x", "x1"})


class _Header(msgspec.Struct):
    app_id: str
    uid: str | int | None = None


class _WebSearch(msgspec.Struct):
    enable: bool | None = None
    show_ref_label: bool | None = None


class _Tool(msgspec.Struct):
    type: str | None = None
    web_search: _WebSearch | None = None


class _Thinking(msgspec.Struct):
    type: str | None = None


class _Chat(msgspec.Struct):
    domain: str
    temperature: float | None = None
    max_tokens: int | None = None
    top_k: int | None = None
    top_p: float | None = None
    show_ref_label: bool | None = None
    tools: list[_Tool] | None = None
    thinking: _Thinking | None = None
    enable_thinking: bool | None = None


class _Call(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class _Line(msgspec.Struct):
    role: str
    content: str | None = None
    content_type: str | None = None
    function_call: _Call | None = None


class _Lines(msgspec.Struct):
    text: list[_Line]


class _Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Functions(msgspec.Struct):
    text: list[_Function] | None = None


class _Payload(msgspec.Struct):
    message: _Lines
    functions: _Functions | None = None


class _Parameter(msgspec.Struct):
    chat: _Chat


class _Request(msgspec.Struct):
    header: _Header
    parameter: _Parameter
    payload: _Payload


_decoder = msgspec.json.Decoder(_Request)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A client's request in the house's words.

    ``labels``: the client wants the references of a search as a ``plugins`` frame; others break on that frame.
    ``question_share`` is the part of the context's letters that the last message has, for ``usage.question_tokens``.
    """

    app_id: str
    uid: str | None
    domain: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    options: Options
    labels: bool
    question_share: float


def decode_request(frame: str | bytes) -> Question:
    """Read a client's request. An explicit null is as good as nothing; fields that are not known are passed over.

    Raises ``ClientError`` whose code is ``10003`` (not JSON), ``10004`` (not this shape), ``10005`` (a value out of
    range) or ``10022`` (an image that is none), and whose ``param`` is the field's path where it is known.
    """
    try:
        request = _decoder.decode(frame)
    except msgspec.ValidationError as error:
        _, _, where = str(error).partition(" - at `$.")
        raise ClientError(str(error), code="10004", param=where.rstrip("`") or None) from error
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ClientError("The frame is not JSON.", code="10003") from error
    chat = request.parameter.chat
    _within("parameter.chat.temperature", chat.temperature, 0, 2)
    _within("parameter.chat.top_p", chat.top_p, 0, 1)
    _within("parameter.chat.top_k", chat.top_k, 1, 6)
    _within("parameter.chat.max_tokens", chat.max_tokens, 1, 1 << 20)
    messages = _messages(request.payload.message.text)
    uid = None if request.header.uid is None else str(request.header.uid)
    search, labels = _search(chat)
    letters = sum(len(message.text) for message in messages)
    functions = request.payload.functions.text if request.payload.functions else None
    return Question(
        app_id=request.header.app_id,
        uid=uid,
        domain=chat.domain,
        messages=messages,
        tools=tuple(_tool(function) for function in functions or ()),
        options=Options(
            max_output_tokens=chat.max_tokens,
            temperature=chat.temperature,
            top_p=chat.top_p,
            reasoning=_reasoning(chat),
            web_search=search,
            user=uid,
        ),
        labels=labels,
        question_share=len(messages[-1].text) / letters if letters else 0.0,
    )


def _within(path: str, value: float | None, least: float, most: float) -> None:
    if value is not None and not least <= value <= most:
        raise ClientError(f"{path} is {value}; it goes from {least} to {most}.", code="10005", param=path)


def _tool(function: _Function) -> ToolSpec:
    spec = ToolSpec(function.name, function.description or "")
    return spec if function.parameters is None else msgspec.structs.replace(spec, parameters=function.parameters)


def _search(chat: _Chat) -> tuple[bool, bool]:
    """Whether to search, and whether the client wants to see the references.

    Only a client that speaks of the search gets one, and only one that asks for labels gets references.
    """
    asked = [tool.web_search or _WebSearch() for tool in chat.tools or () if tool.type == "web_search"]
    wanted = [search for search in asked if search.enable is not False]
    labels = any(search.show_ref_label for search in wanted) or (not asked and chat.show_ref_label is True)
    return bool(wanted) or labels, labels


def _reasoning(chat: _Chat) -> str:
    """The X models think unless they are told not to; the others do not think."""
    if chat.thinking is not None and chat.thinking.type is not None:
        return "none" if chat.thinking.type == "disabled" else "medium"
    if chat.enable_thinking is not None:
        return "medium" if chat.enable_thinking else "none"
    return "medium" if chat.domain.lower() in _X_DOMAINS else "none"


def _messages(lines: list[_Line]) -> tuple[Message, ...]:
    """The order of roles is left to the model: clients that break Spark's rules of turn work here."""
    path = "payload.message.text"
    if not lines:
        raise ClientError(f"{path} is empty: there is no question.", code="10005", param=path)
    messages: list[Message] = []
    images: list[Part] = []  # an image belongs to the user's words that follow it
    for index, line in enumerate(lines):
        where = f"{path}[{index}]"
        if line.content_type == "image":
            images.append(_image(line.content or "", where))
            continue
        text = line.content or ""
        if line.function_call is not None:
            text += json.dumps({"function_call": msgspec.to_builtins(line.function_call)}, ensure_ascii=False)
        match line.role:
            case "system" | "assistant":
                messages.append(Message(role=line.role, content=(Text(text),)))
            case "user":
                messages.append(Message(role="user", content=(*images, Text(text))))
                images = []
            case _:
                raise ClientError(
                    f"{where}.role is {line.role!r}; it is system, user or assistant.",
                    code="10005",
                    param=f"{where}.role",
                )
    if images:
        messages.append(Message(role="user", content=tuple(images)))
    return tuple(messages)


def _image(content: str, where: str) -> Image:
    if content.startswith("data:image/"):
        return Image(content)
    try:
        head = base64.b64decode(content[:16], validate=True)
    except (binascii.Error, ValueError):
        head = b""
    for magic, kind in ((b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg")):
        if head.startswith(magic):
            return Image(f"data:image/{kind};base64,{content}")
    raise ClientError(f"{where} is no PNG or JPEG in Base64.", code="10022", param=where)
