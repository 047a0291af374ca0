"""Client events: every one of them, every way in which one can be wrong, and the words in which it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salon.base.commands import (
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClearOutputAudio,
    Command,
    CommitAudio,
    CreateItem,
    CreateResponse,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
)
from salon.base.errors import ClientError
from salon.base.items import InputText, MessageItem
from salon.base.session import ResponseParams, SessionPatch
from salon.wire.openai_realtime import CLIENT_EVENTS, decode, decode_session

ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
MESSAGE = MessageItem(id="", role="user", content=(InputText("hi"),))

EVENTS: list[tuple[dict[str, Any], Command]] = [
    (
        {"type": "session.update", "session": {"type": "realtime", "instructions": "x"}},
        UpdateSession(patch=SessionPatch(instructions="x")),
    ),
    ({"type": "input_audio_buffer.append", "audio": "AAE="}, AppendAudio(audio=b"\0\1")),
    ({"type": "input_audio_buffer.append", "audio": ""}, AppendAudio(audio=b"")),
    ({"type": "input_audio_buffer.commit"}, CommitAudio()),
    ({"type": "input_audio_buffer.clear"}, ClearAudio()),
    ({"type": "conversation.item.create", "item": ITEM}, CreateItem(item=MESSAGE)),
    (
        {"type": "conversation.item.create", "item": ITEM, "previous_item_id": "root"},
        CreateItem(item=MESSAGE, previous_item_id="root"),
    ),
    ({"type": "conversation.item.create", "item": ITEM, "previous_item_id": None}, CreateItem(item=MESSAGE)),
    ({"type": "conversation.item.retrieve", "item_id": "a"}, RetrieveItem(item_id="a")),
    (
        {"type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 1500},
        TruncateItem(item_id="a", content_index=0, audio_end_ms=1500),
    ),
    (
        {"type": "conversation.item.truncate", "item_id": "a", "audio_end_ms": 0},
        TruncateItem(item_id="a", content_index=0, audio_end_ms=0),
    ),
    ({"type": "conversation.item.delete", "item_id": "a"}, DeleteItem(item_id="a")),
    ({"type": "response.create"}, CreateResponse()),
    ({"type": "response.create", "response": None}, CreateResponse()),
    ({"type": "response.create", "response": {}}, CreateResponse()),
    (
        {"type": "response.create", "response": {"instructions": "x", "metadata": {"a": "b"}}},
        CreateResponse(params=ResponseParams(instructions="x", metadata={"a": "b"})),
    ),
    ({"type": "response.cancel"}, CancelResponse()),
    ({"type": "response.cancel", "response_id": None}, CancelResponse()),
    ({"type": "response.cancel", "response_id": "r"}, CancelResponse(response_id="r")),
    ({"type": "output_audio_buffer.clear"}, ClearOutputAudio()),
]


def refused(frame: Any) -> ClientError:
    with pytest.raises(ClientError) as caught:
        decode(frame if isinstance(frame, str | bytes) else json.dumps(frame))
    return caught.value


@pytest.mark.parametrize(
    ("event", "command"), EVENTS, ids=lambda value: value.get("type") if type(value) is dict else ""
)
def test_every_event(event: dict[str, Any], command: Command) -> None:
    assert decode(json.dumps(event)) == command
    assert decode(json.dumps(event).encode()) == command
    named = decode(json.dumps({**event, "event_id": "mine", "unheard_of": {"deep": [1]}}))
    assert named.event_id == "mine"


def test_all_events_are_tried() -> None:
    assert {event["type"] for event, _ in EVENTS} == set(CLIENT_EVENTS)
    assert len(CLIENT_EVENTS) == 11


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "{",
        "hello",
        '{"type": "response.create"} x',
        b"\xff\xfe",
        "\ud800",
        '{"type": "response.cancel", "response_id": "\\ud800"}',
        b'{"type": "response.cancel", "response_id": "\xff"}',
        '{"type": "response.cancel", "response_id": "\\u12"}',
        '{"type": "session.update", "session": ' + "[" * 100_000,
    ],
)
def test_what_is_not_json(frame: str | bytes) -> None:
    error = refused(frame)
    assert (error.code, error.message) == ("invalid_event", "Invalid event: the message is not valid JSON.")


@pytest.mark.parametrize("frame", ["[]", "1", "null", '"response.create"', "true"])
def test_what_is_not_an_object(frame: str) -> None:
    error = refused(frame)
    assert (error.code, error.message) == ("invalid_event", "Invalid event: a JSON object is expected.")


def test_nesting_without_end_is_refused_wherever_it_stands() -> None:
    deep = "[" * 5000 + "]" * 5000
    assert refused(f'{{"type": "response.create", "x": {deep}}}').code == "invalid_event"
    assert refused(f'{{"x": {deep}}}').code == "invalid_event"


def test_an_event_without_a_type() -> None:
    for frame in ({}, {"type": None, "event_id": "mine"}):
        error = refused(frame)
        assert (error.code, error.param) == ("missing_required_parameter", "type")
        assert error.event_id == frame.get("event_id")


@pytest.mark.parametrize("kind", [5, [], {"a": "b"}, True, 1.5])
def test_a_type_of_the_wrong_type(kind: Any) -> None:
    error = refused({"type": kind, "event_id": "mine"})
    assert (error.code, error.param, error.event_id) == ("invalid_type", "type", "mine")


def test_a_type_that_is_not_known_is_answered_with_those_that_are() -> None:
    error = refused({"type": "x" * 5000, "event_id": "mine"})
    assert (error.code, error.param, error.event_id) == ("invalid_value", "type", "mine")
    assert error.message.startswith(f"Invalid value: '{'x' * 100}'. Supported values are: 'session.update', ")
    assert "'output_audio_buffer.clear'." in error.message


@pytest.mark.parametrize(
    ("event", "code", "param"),
    [
        ({"type": "session.update"}, "missing_required_parameter", "session"),
        ({"type": "session.update", "session": {}}, "missing_required_parameter", "session.type"),
        ({"type": "session.update", "session": 5}, "invalid_type", "session"),
        ({"type": "session.update", "session": {"type": "chat"}}, "invalid_value", "session.type"),
        (
            {"type": "session.update", "session": {"type": "realtime", "instructions": 5}},
            "invalid_type",
            "session.instructions",
        ),
        (
            {"type": "session.update", "session": {"type": "realtime", "max_output_tokens": 1.5}},
            "invalid_type",
            "session.max_output_tokens",
        ),
        (
            {
                "type": "session.update",
                "session": {"type": "realtime", "audio": {"input": {"format": {"type": "mp3"}}}},
            },
            "invalid_value",
            "session.audio.input.format.type",
        ),
        (
            {
                "type": "session.update",
                "session": {"type": "realtime", "audio": {"input": {"turn_detection": {"type": "magic"}}}},
            },
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        (
            {"type": "session.update", "session": {"type": "realtime", "max_output_tokens": float("inf")}},
            "invalid_event",
            None,
        ),
        ({"type": "input_audio_buffer.append"}, "missing_required_parameter", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "A"}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "AA E="}, "invalid_value", "audio"),
        ({"type": "input_audio_buffer.append", "audio": "你好"}, "invalid_value", "audio"),
        ({"type": "conversation.item.create"}, "missing_required_parameter", "item"),
        ({"type": "conversation.item.create", "item": {"role": "user"}}, "missing_required_parameter", "item.type"),
        ({"type": "conversation.item.create", "item": {"type": "mcp_call"}}, "invalid_value", "item.type"),
        ({"type": "conversation.item.create", "item": ITEM, "previous_item_id": 1}, "invalid_type", "previous_item_id"),
        ({"type": "conversation.item.retrieve"}, "missing_required_parameter", "item_id"),
        ({"type": "conversation.item.delete", "item_id": None}, "invalid_type", "item_id"),
        ({"type": "conversation.item.truncate", "item_id": "a"}, "missing_required_parameter", "audio_end_ms"),
        (
            {"type": "conversation.item.truncate", "item_id": "a", "audio_end_ms": -1},
            "invalid_value",
            "audio_end_ms",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "a", "audio_end_ms": 1, "content_index": -1},
            "invalid_value",
            "content_index",
        ),
        (
            {"type": "conversation.item.truncate", "item_id": "a", "audio_end_ms": 1.5},
            "invalid_type",
            "audio_end_ms",
        ),
        ({"type": "response.create", "response": {"conversation": "other"}}, "invalid_value", "response.conversation"),
        (
            {"type": "response.create", "response": {"input": [{"type": "x"}]}},
            "invalid_value",
            "response.input[0].type",
        ),
        ({"type": "response.create", "response": {"metadata": {"a": 1}}}, "invalid_type", "response.metadata[...]"),
        ({"type": "response.cancel", "response_id": 1}, "invalid_type", "response_id"),
    ],
)
def test_what_is_wrong_is_named(event: dict[str, Any], code: str, param: str | None) -> None:
    error = refused({**event, "event_id": "mine"})
    assert (error.code, error.param) == (code, param)
    assert error.event_id == (None if code == "invalid_event" else "mine")
    assert param is None or param in error.message or "Supported values are: " in error.message


@pytest.mark.parametrize(
    ("field", "wrong", "right"),
    [
        ("threshold", (-0.1, 1.1), (0, 0.5, 1)),
        ("prefix_padding_ms", (-1,), (0, 300)),
        ("silence_duration_ms", (-1,), (0, 200)),
        ("idle_timeout_ms", (0, 4999, 30_001), (5000, 30_000, None)),
    ],
)
def test_how_far_turn_detection_may_be_set(field: str, wrong: tuple[Any, ...], right: tuple[Any, ...]) -> None:
    def update(value: Any) -> dict[str, Any]:
        detection = {"type": "server_vad", field: value}
        session = {"type": "realtime", "audio": {"input": {"turn_detection": detection}}}
        return {"type": "session.update", "session": session}

    for value in wrong:
        error = refused(update(value))
        assert (error.code, error.param) == ("invalid_value", f"session.audio.input.turn_detection.{field}")
    for value in right:
        assert isinstance(decode(json.dumps(update(value))), UpdateSession)


def test_a_number_that_no_machine_holds_is_refused() -> None:
    frame = '{"type": "conversation.item.truncate", "item_id": "a", "audio_end_ms": ' + "9" * 5000 + "}"
    error = refused(frame)
    assert (error.code, error.param) == ("invalid_value", "audio_end_ms")


@pytest.mark.parametrize("event_id", [5, None, "x" * 513, ["a"]])
def test_an_event_id_that_is_none_is_no_reason_to_refuse(event_id: Any) -> None:
    assert decode(json.dumps({"type": "response.create", "event_id": event_id})).event_id is None


def test_the_longest_event_id_comes_back() -> None:
    assert refused({"type": "nonsense", "event_id": "x" * 512}).event_id == "x" * 512


def test_a_session_from_an_http_body() -> None:
    patch, model = decode_session({"type": "realtime", "model": "host", "instructions": "x"})
    assert (patch, model) == (SessionPatch(instructions="x"), "host")
    assert decode_session({"type": "realtime"}) == (SessionPatch(), None)


@pytest.mark.parametrize(
    ("raw", "code", "param"),
    [
        ({}, "missing_required_parameter", "session.type"),
        ({"type": "realtime", "instructions": 5}, "invalid_type", "session.instructions"),
        ({"type": "chat"}, "invalid_value", "session.type"),
        ("realtime", "invalid_type", "session"),
        (None, "invalid_type", "session"),
    ],
)
def test_a_session_from_an_http_body_that_is_wrong(raw: Any, code: str, param: str) -> None:
    with pytest.raises(ClientError) as caught:
        decode_session(raw)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_a_session_nested_without_end_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    for raw in ({"type": "realtime", "tracing": deep}, {"type": "realtime", "include": deep}):
        with pytest.raises(ClientError):
            decode_session(raw)
    while deep:
        deep = deep.pop()
