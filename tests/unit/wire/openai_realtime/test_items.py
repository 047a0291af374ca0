"""Items, as clients send them and as they are sent to clients."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from salon.base.chat import Reference
from salon.base.errors import ClientError
from salon.base.items import (
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputImage,
    InputText,
    Item,
    ItemReference,
    MessageItem,
    OutputAudio,
    OutputText,
)
from salon.wire.openai_realtime import shapes
from salon.wire.openai_realtime.items import encode, item, item_or_reference

PNG = "data:image/png;base64,AAAA"


def read(**raw: Any) -> Item:
    return item(msgspec.convert(raw, shapes.ItemIn), "item")


def message(role: str, *content: dict[str, Any], **rest: Any) -> Item:
    return read(type="message", role=role, content=content, **rest)


def test_messages_of_every_role() -> None:
    assert message("system", {"type": "input_text", "text": "x"}) == MessageItem(
        id="", role="system", content=(InputText("x"),)
    )
    assert message(
        "user",
        {"type": "input_text", "text": "x"},
        {"type": "input_audio", "audio": "AAE=", "transcript": "hm"},
        {"type": "input_audio"},
        {"type": "input_image", "image_url": PNG, "detail": "low"},
        {"type": "input_image", "image_url": "https://x/y.jpg"},
        id="mine",
    ) == MessageItem(
        id="mine",
        role="user",
        content=(
            InputText("x"),
            InputAudio("hm", b"\0\1"),
            InputAudio(None, None),
            InputImage(PNG, "low"),
            InputImage("https://x/y.jpg", "auto"),
        ),
    )
    assert message(
        "assistant", {"type": "output_text", "text": "x"}, {"type": "output_audio", "audio": "AAE="}, id=None
    ) == MessageItem(id="", role="assistant", content=(OutputText("x"), OutputAudio("", b"\0\1")))
    assert message("user") == MessageItem(id="", role="user", content=())


def test_calls_and_their_results() -> None:
    assert read(type="function_call", call_id="c", name="n", arguments="{}", id="i") == FunctionCall(
        id="i", call_id="c", name="n", arguments="{}"
    )
    assert read(type="function_call_output", call_id="c", output="") == FunctionCallOutput(
        id="", call_id="c", output=""
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [(None, "completed"), ("completed", "completed"), ("incomplete", "incomplete"), ("in_progress", "completed")],
)
def test_nobody_is_going_to_complete_an_item_that_a_client_brings(given: str | None, kept: str) -> None:
    assert message("user", status=given).status == kept
    assert read(type="function_call", call_id="c", name="n", arguments="{}", status=given).status == kept


def test_a_reference_stands_only_in_an_input() -> None:
    raw = msgspec.convert({"type": "item_reference", "id": "i"}, shapes.ItemIn)
    assert item_or_reference(raw, "response.input[0]") == ItemReference("i")
    with pytest.raises(ClientError, match="'message', 'function_call', 'function_call_output'"):
        item(raw, "item")


@pytest.mark.parametrize(
    ("raw", "code", "param"),
    [
        ({"type": "mcp_call"}, "invalid_value", "item.type"),
        ({"type": "message", "content": []}, "invalid_value", "item.role"),
        ({"type": "message", "role": "developer", "content": []}, "invalid_value", "item.role"),
        ({"type": "message", "role": "user"}, "missing_required_parameter", "item.content"),
        (
            {"type": "message", "role": "user", "content": [{"type": "text", "text": "beta"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "message", "role": "assistant", "content": [{"type": "input_text", "text": "x"}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "message", "role": "system", "content": [{"type": "input_image", "image_url": PNG}]},
            "invalid_value",
            "item.content[0].type",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_text"}]},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            {"type": "message", "role": "assistant", "content": [{"type": "output_text"}]},
            "missing_required_parameter",
            "item.content[0].text",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_image"}]},
            "missing_required_parameter",
            "item.content[0].image_url",
        ),
        (
            {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_image", "image_url": "file:///etc/passwd"}],
            },
            "invalid_value",
            "item.content[0].image_url",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "?"}]},
            "invalid_value",
            "item.content[0].audio",
        ),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_audio", "audio": "AA=A"}]},
            "invalid_value",
            "item.content[0].audio",
        ),
        ({"type": "function_call", "name": "n", "arguments": ""}, "missing_required_parameter", "item.call_id"),
        ({"type": "function_call", "call_id": "c", "arguments": ""}, "missing_required_parameter", "item.name"),
        ({"type": "function_call", "call_id": "c", "name": "n"}, "missing_required_parameter", "item.arguments"),
        ({"type": "function_call_output", "output": ""}, "missing_required_parameter", "item.call_id"),
        ({"type": "function_call_output", "call_id": "c"}, "missing_required_parameter", "item.output"),
        ({"type": "message", "role": "user", "content": [], "id": "x" * 257}, "invalid_value", "item.id"),
        ({"type": "function_call_output", "call_id": "x" * 257, "output": ""}, "invalid_value", "item.call_id"),
        (
            {"type": "function_call", "call_id": "c", "name": "x" * 257, "arguments": ""},
            "invalid_value",
            "item.name",
        ),
    ],
)
def test_what_is_refused(raw: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(ClientError) as caught:
        read(**raw)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_items_as_they_are_sent() -> None:
    assert encode(MessageItem(id="i", role="assistant", content=(OutputText("x"),)), vendor=False) == {
        "id": "i",
        "object": "realtime.item",
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "x"}],
    }
    call = FunctionCall(id="i", call_id="c", name="n", arguments="", status="in_progress")
    assert encode(call, vendor=True) == {
        "id": "i",
        "object": "realtime.item",
        "type": "function_call",
        "status": "in_progress",
        "name": "n",
        "call_id": "c",
        "arguments": "",
    }
    assert encode(FunctionCallOutput(id="i", call_id="c", output="o"), vendor=True) == {
        "id": "i",
        "object": "realtime.item",
        "type": "function_call_output",
        "status": "completed",
        "call_id": "c",
        "output": "o",
    }


def test_content_of_every_kind_and_audio_only_where_it_was_asked_for() -> None:
    whole = MessageItem(
        id="i",
        role="user",
        content=(
            InputText("t"),
            InputImage(PNG, "high"),
            InputAudio(None, b"\0\1"),
            InputAudio("words"),
            OutputAudio("heard", b"\2"),
        ),
    )
    assert encode(whole, vendor=False)["content"] == [
        {"type": "input_text", "text": "t"},
        {"type": "input_image", "image_url": PNG, "detail": "high"},
        {"type": "input_audio", "transcript": None},
        {"type": "input_audio", "transcript": "words"},
        {"type": "output_audio", "transcript": "heard"},
    ]
    assert encode(whole, vendor=False, audio=True)["content"][2:] == [
        {"type": "input_audio", "transcript": None, "audio": "AAE="},
        {"type": "input_audio", "transcript": "words"},
        {"type": "output_audio", "transcript": "heard", "audio": "Ag=="},
    ]


def test_what_is_salons_own_is_for_those_who_asked() -> None:
    served = (
        FunctionCall(id="i", call_id="c", name="n", arguments="{}", served=True),
        FunctionCallOutput(id="i", call_id="c", output="o", served=True),
    )
    for each in served:
        assert encode(each, vendor=True)["salon"] == {"served": True}
        assert "salon" not in encode(each, vendor=False)
    answer = MessageItem(id="i", role="assistant", references=(Reference(1, "https://x", "X"),), reasoning="secret")
    assert encode(answer, vendor=True)["salon"] == {"references": [{"index": 1, "url": "https://x", "title": "X"}]}
    assert "salon" not in encode(answer, vendor=False)
    assert "secret" not in str(encode(answer, vendor=True))
