"""Client events: from a text frame to a command, or to a ``ClientError`` in OpenAI's words."""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from salon.base import commands
from salon.base.commands import Command
from salon.base.errors import ClientError
from salon.base.session import SessionPatch
from salon.wire.openai_realtime import items, settings, shapes

_head = msgspec.json.Decoder(shapes.Head)

# msgspec says where: "Expected `str`, got `int` - at `$.session.instructions`".
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_TYPES = re.compile(r"Expected `([^`]+)`, got `([^`]+)`")

NOT_JSON = "Invalid event: the message is not valid JSON."
TOO_DEEP = "Invalid event: nested too deeply."

T = TypeVar("T")


def decode(text: str | bytes) -> Command:
    """One frame. Raises ``ClientError`` with the client's own ``event_id`` where it gave one."""
    try:
        head = _head.decode(text)
    except msgspec.ValidationError:
        raise ClientError("Invalid event: a JSON object is expected.", code="invalid_event") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ClientError(NOT_JSON, code="invalid_event") from None
    event_id = head.event_id if isinstance(head.event_id, str) and len(head.event_id) <= 512 else None
    try:
        if head.type is None:
            raise ClientError("Missing required parameter: 'type'.", code="missing_required_parameter", param="type")
        if not isinstance(head.type, str):
            raise ClientError("Invalid type for 'type': expected str.", code="invalid_type", param="type")
        decoder = _DECODERS.get(head.type)
        if decoder is None:
            supported = ", ".join(f"'{name}'" for name in CLIENT_EVENTS)
            raise ClientError(
                f"Invalid value: '{head.type[:100]}'. Supported values are: {supported}.",
                code="invalid_value",
                param="type",
            )
        return decoder(text, event_id)
    except ClientError as error:
        error.event_id = event_id
        raise


def decode_session(raw: Any) -> tuple[SessionPatch, str | None]:
    """A session object from an HTTP body, already parsed as JSON: the patch, and the model it asks for."""
    try:
        session = msgspec.convert(raw, shapes.SessionIn)
    except msgspec.ValidationError as error:
        raise _explain(error, "session.") from None
    except RecursionError:
        raise ClientError(TOO_DEEP, code="invalid_event", param="session") from None
    return settings.patch(session), session.model


def _read(shape: type[T]) -> Callable[[str | bytes], T]:
    decoder = msgspec.json.Decoder(shape)

    def read(text: str | bytes) -> T:
        try:
            return decoder.decode(text)
        except msgspec.ValidationError as error:
            raise _explain(error) from None
        except (msgspec.DecodeError, UnicodeError):
            # The first look passes over strings that it does not need, and so over what is wrong inside them.
            raise ClientError(NOT_JSON, code="invalid_event") from None
        except RecursionError:
            raise ClientError(TOO_DEEP, code="invalid_event") from None

    return read


def _explain(error: msgspec.ValidationError, prefix: str = "") -> ClientError:
    found = _WHERE.match(str(error))
    assert found is not None
    what, path = found["what"], prefix + (found["path"] or "").removeprefix("$").removeprefix(".")
    path = path.rstrip(".")
    if missing := _MISSING.search(what):
        param = f"{path}.{missing[1]}" if path else missing[1]
        return ClientError(f"Missing required parameter: '{param}'.", code="missing_required_parameter", param=param)
    if types := _TYPES.search(what):
        return ClientError(
            f"Invalid type for '{path}': expected {types[1]}, but got {types[2]} instead.",
            code="invalid_type",
            param=path,
        )
    return ClientError(f"Invalid value for '{path}': {what}.", code="invalid_value", param=path)


_session_update = _read(shapes.SessionUpdate)
_item_create = _read(shapes.ItemCreate)
_item_named = _read(shapes.ItemNamed)
_item_truncate = _read(shapes.ItemTruncate)
_response_create = _read(shapes.ResponseCreate)
_response_cancel = _read(shapes.ResponseCancel)
_buffer_append = _read(shapes.BufferAppend)


def _update(text: str | bytes, event_id: str | None) -> Command:
    return commands.UpdateSession(patch=settings.patch(_session_update(text).session), event_id=event_id)


def _create_item(text: str | bytes, event_id: str | None) -> Command:
    raw = _item_create(text)
    item = items.item(raw.item, "item")
    return commands.CreateItem(item=item, previous_item_id=raw.previous_item_id, event_id=event_id)


def _truncate(text: str | bytes, event_id: str | None) -> Command:
    raw = _item_truncate(text)
    for name, value in (("content_index", raw.content_index), ("audio_end_ms", raw.audio_end_ms)):
        if value < 0:
            raise ClientError(f"Invalid '{name}': expected 0 or more.", code="invalid_value", param=name)
    return commands.TruncateItem(
        item_id=raw.item_id, content_index=raw.content_index, audio_end_ms=raw.audio_end_ms, event_id=event_id
    )


def _create_response(text: str | bytes, event_id: str | None) -> Command:
    raw = _response_create(text).response
    if raw is None:
        return commands.CreateResponse(event_id=event_id)
    return commands.CreateResponse(params=settings.response(raw), event_id=event_id)


def _append(text: str | bytes, event_id: str | None) -> Command:
    try:
        audio = binascii.a2b_base64(_buffer_append(text).audio, strict_mode=True)
    except (binascii.Error, ValueError):
        raise ClientError("Invalid 'audio': expected base64.", code="invalid_value", param="audio") from None
    return commands.AppendAudio(audio=audio, event_id=event_id)


_DECODERS: dict[str, Callable[[str | bytes, str | None], Command]] = {
    "session.update": _update,
    "input_audio_buffer.append": _append,
    "input_audio_buffer.commit": lambda text, event_id: commands.CommitAudio(event_id=event_id),
    "input_audio_buffer.clear": lambda text, event_id: commands.ClearAudio(event_id=event_id),
    "conversation.item.create": _create_item,
    "conversation.item.retrieve": lambda text, event_id: commands.RetrieveItem(
        item_id=_item_named(text).item_id, event_id=event_id
    ),
    "conversation.item.truncate": _truncate,
    "conversation.item.delete": lambda text, event_id: commands.DeleteItem(
        item_id=_item_named(text).item_id, event_id=event_id
    ),
    "response.create": _create_response,
    "response.cancel": lambda text, event_id: commands.CancelResponse(
        response_id=_response_cancel(text).response_id, event_id=event_id
    ),
    "output_audio_buffer.clear": lambda text, event_id: commands.ClearOutputAudio(event_id=event_id),
}

CLIENT_EVENTS = tuple(_DECODERS)
