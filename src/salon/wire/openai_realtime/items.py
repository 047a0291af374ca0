"""Items as clients send them, and as they are sent to clients."""

from __future__ import annotations

import base64
import binascii
from typing import Any, cast

from salon.base.errors import ClientError
from salon.base.items import (
    Content,
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputImage,
    InputText,
    Item,
    ItemReference,
    ItemRole,
    MessageItem,
    OutputAudio,
    OutputText,
    Status,
)
from salon.wire.openai_realtime.shapes import ItemIn, Part

MAX_ID = 256

_ALLOWED = {
    "system": ("input_text",),
    "user": ("input_text", "input_audio", "input_image"),
    "assistant": ("output_text", "output_audio"),
}
_IMAGES = ("data:image/", "https://", "http://")


def item(raw: ItemIn, param: str) -> Item:
    """An item of ``conversation.item.create``. Its id is empty where the client gives none."""
    for name in ("id", "call_id", "name"):
        if len(getattr(raw, name) or "") > MAX_ID:
            raise ClientError(
                f"Invalid '{param}.{name}': at most {MAX_ID} characters.", code="invalid_value", param=f"{param}.{name}"
            )
    item_id = raw.id or ""
    # An item that a client brings is finished, whatever it says: nobody is going to complete it.
    status: Status = "incomplete" if raw.status == "incomplete" else "completed"
    match raw.type:
        case "message":
            return _message(raw, item_id, status, param)
        case "function_call":
            return FunctionCall(
                id=item_id,
                call_id=_required(raw.call_id, f"{param}.call_id"),
                name=_required(raw.name, f"{param}.name"),
                arguments=_required(raw.arguments, f"{param}.arguments"),
                status=status,
            )
        case "function_call_output":
            return FunctionCallOutput(
                id=item_id,
                call_id=_required(raw.call_id, f"{param}.call_id"),
                output=_required(raw.output, f"{param}.output"),
            )
    raise ClientError(
        f"Invalid value: '{raw.type[:100]}'. Supported values are: 'message', 'function_call', 'function_call_output'.",
        code="invalid_value",
        param=f"{param}.type",
    )


def item_or_reference(raw: ItemIn, param: str) -> Item | ItemReference:
    """An element of a response's ``input``."""
    if raw.type == "item_reference":
        return ItemReference(_required(raw.id, f"{param}.id"))
    return item(raw, param)


def _message(raw: ItemIn, item_id: str, status: Status, param: str) -> MessageItem:
    if raw.role not in _ALLOWED:
        raise ClientError(
            f"Invalid value: '{str(raw.role)[:100]}'. Supported values are: 'system', 'user', 'assistant'.",
            code="invalid_value",
            param=f"{param}.role",
        )
    if raw.content is None:
        raise ClientError(
            f"Missing required parameter: '{param}.content'.",
            code="missing_required_parameter",
            param=f"{param}.content",
        )
    allowed = _ALLOWED[raw.role]
    parts = tuple(_part(part, allowed, f"{param}.content[{index}]") for index, part in enumerate(raw.content))
    return MessageItem(id=item_id, role=cast(ItemRole, raw.role), content=parts, status=status)


def _part(raw: Part, allowed: tuple[str, ...], param: str) -> Content:
    if raw.type not in allowed:
        supported = ", ".join(f"'{name}'" for name in allowed)
        raise ClientError(
            f"Invalid value: '{raw.type[:100]}'. Supported values are: {supported}.",
            code="invalid_value",
            param=f"{param}.type",
        )
    match raw.type:
        case "input_text":
            return InputText(_required(raw.text, f"{param}.text"))
        case "output_text":
            return OutputText(_required(raw.text, f"{param}.text"))
        case "input_image":
            url = _required(raw.image_url, f"{param}.image_url")
            if not url.startswith(_IMAGES):
                raise ClientError(
                    f"Invalid '{param}.image_url': expected a data URI of an image or a web address.",
                    code="invalid_value",
                    param=f"{param}.image_url",
                )
            return InputImage(url, raw.detail or "auto")
    audio = _audio(raw.audio, f"{param}.audio")
    if raw.type == "input_audio":
        return InputAudio(raw.transcript, audio)
    return OutputAudio(raw.transcript or "", audio)


def _audio(raw: str | None, param: str) -> bytes | None:
    if raw is None:
        return None
    try:
        return binascii.a2b_base64(raw, strict_mode=True)
    except (binascii.Error, ValueError):
        raise ClientError(f"Invalid '{param}': expected base64.", code="invalid_value", param=param) from None


def _required(value: str | None, param: str) -> str:
    if value is None:
        raise ClientError(f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param)
    return value


def encode(item: Item, *, vendor: bool, audio: bool = False) -> dict[str, Any]:
    """``audio`` gives the bytes too, as only ``conversation.item.retrieved`` does; ``vendor`` what is Salon's own."""
    wire: dict[str, Any] = {"id": item.id, "object": "realtime.item"}
    match item:
        case MessageItem():
            wire |= {
                "type": "message",
                "status": item.status,
                "role": item.role,
                "content": [_encode_part(part, audio) for part in item.content],
            }
            if vendor and item.references:
                wire["salon"] = {
                    "references": [{"index": r.index, "url": r.url, "title": r.title} for r in item.references]
                }
        case FunctionCall():
            wire |= {
                "type": "function_call",
                "status": item.status,
                "name": item.name,
                "call_id": item.call_id,
                "arguments": item.arguments,
            }
            if vendor and item.served:
                wire["salon"] = {"served": True}
        case FunctionCallOutput():
            wire |= {
                "type": "function_call_output",
                "status": item.status,
                "call_id": item.call_id,
                "output": item.output,
            }
            if vendor and item.served:
                wire["salon"] = {"served": True}
    return wire


def _encode_part(part: Content, audio: bool) -> dict[str, Any]:
    match part:
        case InputText(text):
            return {"type": "input_text", "text": text}
        case OutputText(text):
            return {"type": "output_text", "text": text}
        case InputImage(image_url, detail):
            return {"type": "input_image", "image_url": image_url, "detail": detail}
        case InputAudio():
            # The key stands even where the words are not known yet: agents-js throws without it.
            wire: dict[str, Any] = {"type": "input_audio", "transcript": part.transcript}
        case OutputAudio():
            wire = {"type": "output_audio", "transcript": part.transcript}
    if audio and part.audio is not None:
        wire["audio"] = base64.b64encode(part.audio).decode()
    return wire
