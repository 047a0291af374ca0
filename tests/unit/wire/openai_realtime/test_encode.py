"""Server events: every one of them as it stands on the wire, and none that a strict client would drop."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest

from salon.base import events
from salon.base.chat import Reference, ToolSpec, Usage
from salon.base.events import Event, Response
from salon.base.items import (
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
)
from salon.base.session import (
    AudioFormat,
    AudioInput,
    AudioOutput,
    NoiseReduction,
    SemanticVad,
    ServerVad,
    Session,
    Transcription,
    Truncation,
)
from salon.base.speech import Word
from salon.wire.openai_realtime import SERVER_EVENTS, Encoder, encode_session
from tests.fakes.realtime_strictness import breaches

SESSION = Session(id="sess_1", model="host", output_modalities=("text",), instructions="Be kind.")
MESSAGE = MessageItem(
    id="item_1", role="assistant", content=(OutputText("Hi"),), references=(Reference(1, "https://x"),)
)
ITEM = {
    "id": "item_1",
    "object": "realtime.item",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hi"}],
}
STARTED = Response(id="r", status="in_progress", conversation_id="conv_1", output_modalities=("text",))
DONE = msgspec.structs.replace(
    STARTED,
    status="completed",
    output=(MESSAGE,),
    usage=Usage(10, 5, cached=4, reasoning=2),
    metadata={"a": "b"},
    first_token_ms=30,
    duration_ms=80,
    answered_by="house:model",
    max_output_tokens=100,
    voice="marin",
)
IDS: dict[str, Any] = {"response_id": "r", "item_id": "i", "output_index": 1, "content_index": 0}
CALL_IDS: dict[str, Any] = {"response_id": "r", "item_id": "i", "output_index": 1, "call_id": "c"}

SIMPLE: list[tuple[Event, dict[str, Any]]] = [
    (
        events.ErrorSeen(code="invalid_value", message="No.", param="item.type", client_event_id="mine"),
        {
            "type": "error",
            "error": {
                "type": "invalid_request_error",
                "code": "invalid_value",
                "message": "No.",
                "param": "item.type",
                "event_id": "mine",
            },
        },
    ),
    (
        events.ErrorSeen(code="server_error", message="No.", type="server_error"),
        {
            "type": "error",
            "error": {
                "type": "server_error",
                "code": "server_error",
                "message": "No.",
                "param": None,
                "event_id": None,
            },
        },
    ),
    (
        events.ItemAdded(MESSAGE, None),
        {"type": "conversation.item.added", "previous_item_id": None, "item": ITEM},
    ),
    (
        events.ItemDone(MESSAGE, "before"),
        {"type": "conversation.item.done", "previous_item_id": "before", "item": ITEM},
    ),
    (events.ItemRetrieved(MESSAGE), {"type": "conversation.item.retrieved", "item": ITEM}),
    (
        events.ItemTruncated("i", 0, 1500),
        {"type": "conversation.item.truncated", "item_id": "i", "content_index": 0, "audio_end_ms": 1500},
    ),
    (events.ItemDeleted("i"), {"type": "conversation.item.deleted", "item_id": "i"}),
    (events.AudioCleared(), {"type": "input_audio_buffer.cleared"}),
    (
        events.InputSpeechStarted(300, "i"),
        {"type": "input_audio_buffer.speech_started", "audio_start_ms": 300, "item_id": "i"},
    ),
    (
        events.InputSpeechStopped(900, "i"),
        {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 900, "item_id": "i"},
    ),
    (
        events.InputCommitted("i", None),
        {"type": "input_audio_buffer.committed", "item_id": "i", "previous_item_id": None},
    ),
    (
        events.InputTimedOut(100, 5100, "i"),
        {
            "type": "input_audio_buffer.timeout_triggered",
            "audio_start_ms": 100,
            "audio_end_ms": 5100,
            "item_id": "i",
        },
    ),
    (
        events.TranscriptionDelta("i", 0, "Hel"),
        {
            "type": "conversation.item.input_audio_transcription.delta",
            "item_id": "i",
            "content_index": 0,
            "delta": "Hel",
        },
    ),
    (
        events.TranscriptionCompleted("i", 0, "Hello", 1.5),
        {
            "type": "conversation.item.input_audio_transcription.completed",
            "item_id": "i",
            "content_index": 0,
            "transcript": "Hello",
            "usage": {"type": "duration", "seconds": 1.5},
        },
    ),
    (
        events.TranscriptionFailed("i", 0, "provider_timeout", "Too slow."),
        {
            "type": "conversation.item.input_audio_transcription.failed",
            "item_id": "i",
            "content_index": 0,
            "error": {"type": "server_error", "code": "provider_timeout", "message": "Too slow."},
        },
    ),
    (
        events.PartialHeard("i", "Hel"),
        {"type": "conversation.item.salon.partial", "item_id": "i", "transcript": "Hel"},
    ),
    (events.OutputBufferStarted("r"), {"type": "output_audio_buffer.started", "response_id": "r"}),
    (events.OutputBufferStopped("r"), {"type": "output_audio_buffer.stopped", "response_id": "r"}),
    (events.OutputBufferCleared("r"), {"type": "output_audio_buffer.cleared", "response_id": "r"}),
    (events.Ducked("r"), {"type": "output_audio_buffer.salon.ducked", "response_id": "r"}),
    (events.Unducked("r"), {"type": "output_audio_buffer.salon.unducked", "response_id": "r"}),
    (
        events.WordsTimed("r", "i", (Word("Hi", 0, 200, 0),)),
        {
            "type": "response.salon.words",
            "response_id": "r",
            "item_id": "i",
            "words": [{"text": "Hi", "start_ms": 0, "end_ms": 200, "at": 0}],
        },
    ),
    (
        events.OutputTranscriptDelta("r", "i", 1, 0, "Hi"),
        {"type": "response.output_audio_transcript.delta", **IDS, "delta": "Hi"},
    ),
    (
        events.OutputTranscriptDone("r", "i", 1, 0, "Hi"),
        {"type": "response.output_audio_transcript.done", **IDS, "transcript": "Hi"},
    ),
    (
        events.OutputAudioDelta("r", "i", 1, 0, b"\x01\x02\x03"),
        {"type": "response.output_audio.delta", **IDS, "delta": "AQID"},
    ),
    (events.OutputAudioDone("r", "i", 1, 0), {"type": "response.output_audio.done", **IDS}),
    (
        events.OutputItemAdded("r", 1, MESSAGE),
        {"type": "response.output_item.added", "response_id": "r", "output_index": 1, "item": ITEM},
    ),
    (
        events.OutputItemDone("r", 1, MESSAGE),
        {"type": "response.output_item.done", "response_id": "r", "output_index": 1, "item": ITEM},
    ),
    (
        events.ContentPartAdded("r", "i", 1, 0, "text"),
        {"type": "response.content_part.added", **IDS, "part": {"type": "text", "text": ""}},
    ),
    (
        events.ContentPartAdded("r", "i", 1, 0, "audio"),
        {"type": "response.content_part.added", **IDS, "part": {"type": "audio", "transcript": ""}},
    ),
    (
        events.ContentPartDone("r", "i", 1, 0, "text", "Hi"),
        {"type": "response.content_part.done", **IDS, "part": {"type": "text", "text": "Hi"}},
    ),
    (
        events.ContentPartDone("r", "i", 1, 0, "audio", "Hi"),
        {"type": "response.content_part.done", **IDS, "part": {"type": "audio", "transcript": "Hi"}},
    ),
    (events.OutputTextDelta("r", "i", 1, 0, "H"), {"type": "response.output_text.delta", **IDS, "delta": "H"}),
    (events.OutputTextDone("r", "i", 1, 0, "Hi"), {"type": "response.output_text.done", **IDS, "text": "Hi"}),
    (
        events.ArgumentsDelta("r", "i", 1, "c", "{"),
        {"type": "response.function_call_arguments.delta", **CALL_IDS, "delta": "{"},
    ),
    (
        events.ArgumentsDone("r", "i", 1, "c", "n", "{}"),
        {"type": "response.function_call_arguments.done", **CALL_IDS, "name": "n", "arguments": "{}"},
    ),
    (
        events.ReasoningSeen("r", "hm"),
        {"type": "response.salon.reasoning.delta", "response_id": "r", "delta": "hm"},
    ),
    (events.RateLimits(), {"type": "rate_limits.updated", "rate_limits": []}),
]
WHOLE: list[Event] = [
    events.SessionCreated(SESSION),
    events.SessionUpdated(SESSION),
    events.SessionResumed(SESSION),
    events.ResponseCreated(STARTED),
    events.ResponseDone(DONE),
]


def encode(event: Event, vendor: dict[str, Any] | None = None) -> Any:
    frame = Encoder(vendor)(event, "event_1")
    assert breaches(frame) == []
    return json.loads(frame)


@pytest.mark.parametrize(("event", "wire"), SIMPLE, ids=lambda value: value["type"] if type(value) is dict else "")
def test_every_event(event: Event, wire: dict[str, Any]) -> None:
    assert encode(event) == {"event_id": "event_1", **wire}


def test_all_events_are_tried() -> None:
    tried = [event for event, _ in SIMPLE] + WHOLE
    assert {type(event) for event in tried} == set(get_args(Event))
    assert {encode(event)["type"] for event in tried} == set(SERVER_EVENTS)
    assert len(SERVER_EVENTS) == len(set(SERVER_EVENTS))


def test_a_session_is_echoed_with_every_value_that_is_in_effect() -> None:
    expected = {
        "type": "realtime",
        "object": "realtime.session",
        "id": "sess_1",
        "model": "host",
        "output_modalities": ["text"],
        "instructions": "Be kind.",
        "tools": [],
        "tool_choice": "auto",
        "max_output_tokens": "inf",
        "tracing": None,
        "truncation": "auto",
        "prompt": None,
        "include": None,
        "audio": {
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": None,
                "noise_reduction": None,
                "turn_detection": {
                    "type": "server_vad",
                    "threshold": 0.5,
                    "prefix_padding_ms": 300,
                    "silence_duration_ms": 500,
                    "idle_timeout_ms": None,
                    "create_response": True,
                    "interrupt_response": True,
                },
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy", "speed": 1.0},
        },
    }
    for event, name in zip(WHOLE, ("session.created", "session.updated", "salon.session.resumed"), strict=False):
        assert encode(event) == {"type": name, "event_id": "event_1", "session": expected}
    assert json.loads(msgspec.json.encode(encode_session(SESSION))) == expected


def test_a_session_that_was_set_up_in_detail() -> None:
    session = Session(
        id="s",
        model="host",
        expires_at=1_800_000_000,
        tools=(ToolSpec("search", "Search.", {"type": "object"}),),
        tool_choice="function:search",
        parallel_tool_calls=False,
        reasoning="low",
        max_output_tokens=100,
        truncation=Truncation("retention_ratio", 0.5, 800),
        audio_input=AudioInput(
            format=AudioFormat("audio/pcmu"),
            transcription=Transcription("whisper-1", None, "names", ("en", "zh"), ("Salon",), "low"),
            noise_reduction=NoiseReduction("near_field", 0.5),
            turn_detection=SemanticVad("low", interrupt_response=False),
        ),
        audio_output=AudioOutput(format=AudioFormat("audio/pcma"), voice="marin", speed=1.5),
        tracing="auto",
        prompt={"id": "p"},
        include=("item.input_audio_transcription.logprobs",),
    )
    wire = encode(events.SessionUpdated(session))["session"]
    assert wire["expires_at"] == 1_800_000_000
    assert wire["output_modalities"] == ["audio"]
    assert wire["tools"] == [
        {"type": "function", "name": "search", "description": "Search.", "parameters": {"type": "object"}}
    ]
    assert wire["tool_choice"] == {"type": "function", "name": "search"}
    assert (wire["parallel_tool_calls"], wire["reasoning"]) == (False, {"effort": "low"})
    assert wire["max_output_tokens"] == 100
    assert wire["truncation"] == {
        "type": "retention_ratio",
        "retention_ratio": 0.5,
        "token_limits": {"post_instructions": 800},
    }
    assert wire["audio"] == {
        "input": {
            "format": {"type": "audio/pcmu"},
            "transcription": {
                "model": "whisper-1",
                "prompt": "names",
                "languages": ["en", "zh"],
                "keywords": ["Salon"],
                "delay": "low",
            },
            "noise_reduction": {"type": "near_field", "strength": 0.5},
            "turn_detection": {
                "type": "semantic_vad",
                "eagerness": "low",
                "create_response": True,
                "interrupt_response": False,
            },
        },
        "output": {"format": {"type": "audio/pcma"}, "voice": "marin", "speed": 1.5},
    }
    assert (wire["tracing"], wire["prompt"]) == ("auto", {"id": "p"})
    assert wire["include"] == ["item.input_audio_transcription.logprobs"]


@pytest.mark.parametrize(
    ("truncation", "wire"),
    [
        (Truncation("disabled"), "disabled"),
        (Truncation("auto", 0.5, 800), "auto"),
        (Truncation("retention_ratio", 0.5), {"type": "retention_ratio", "retention_ratio": 0.5}),
    ],
)
def test_truncation(truncation: Truncation, wire: Any) -> None:
    session = msgspec.structs.replace(SESSION, truncation=truncation)
    assert encode(events.SessionUpdated(session))["session"]["truncation"] == wire


def test_manual_turns_are_null() -> None:
    session = msgspec.structs.replace(SESSION, audio_input=AudioInput(turn_detection=None))
    assert encode(events.SessionUpdated(session))["session"]["audio"]["input"]["turn_detection"] is None
    timed = msgspec.structs.replace(SESSION, audio_input=AudioInput(turn_detection=ServerVad(idle_timeout_ms=6000)))
    turn = encode(events.SessionUpdated(timed))["session"]["audio"]["input"]["turn_detection"]
    assert turn["idle_timeout_ms"] == 6000


def test_a_transcription_session_has_only_what_it_hears() -> None:
    session = msgspec.structs.replace(SESSION, type="transcription", expires_at=5)
    wire = encode(events.SessionCreated(session))["session"]
    assert set(wire) == {"type", "object", "id", "expires_at", "audio", "include"}
    assert (wire["object"], set(wire["audio"])) == ("realtime.transcription_session", {"input"})


def test_a_response_begins_empty() -> None:
    assert encode(events.ResponseCreated(STARTED))["response"] == {
        "object": "realtime.response",
        "id": "r",
        "status": "in_progress",
        "status_details": None,
        "output": [],
        "conversation_id": "conv_1",
        "output_modalities": ["text"],
        "max_output_tokens": "inf",
        "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "alloy"}},
        "usage": None,
        "metadata": None,
    }


def test_a_response_tells_the_format_of_its_sound() -> None:
    response = Response(
        id="r",
        status="in_progress",
        conversation_id=None,
        output_modalities=("audio",),
        audio_format=AudioFormat("audio/pcmu"),
    )
    output = encode(events.ResponseCreated(response))["response"]["audio"]["output"]
    assert output["format"] == {"type": "audio/pcmu"}


def test_a_response_ends_with_everything() -> None:
    assert encode(events.ResponseDone(DONE))["response"] == {
        "object": "realtime.response",
        "id": "r",
        "status": "completed",
        "status_details": None,
        "output": [ITEM],
        "conversation_id": "conv_1",
        "output_modalities": ["text"],
        "max_output_tokens": 100,
        "audio": {"output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin"}},
        "usage": {
            "total_tokens": 15,
            "input_tokens": 10,
            "output_tokens": 5,
            "input_token_details": {
                "text_tokens": 10,
                "audio_tokens": 0,
                "image_tokens": 0,
                "cached_tokens": 4,
                "cached_tokens_details": {"text_tokens": 4, "audio_tokens": 0, "image_tokens": 0},
            },
            "output_token_details": {"text_tokens": 5, "audio_tokens": 0},
        },
        "metadata": {"a": "b"},
    }


def test_usage_is_there_even_where_nobody_counted() -> None:
    silent = msgspec.structs.replace(DONE, usage=None)
    assert encode(events.ResponseDone(silent))["response"]["usage"]["total_tokens"] == 0


@pytest.mark.parametrize(
    ("how", "details"),
    [
        ({"status": "cancelled", "reason": "client_cancelled"}, {"type": "cancelled", "reason": "client_cancelled"}),
        ({"status": "incomplete", "reason": "content_filter"}, {"type": "incomplete", "reason": "content_filter"}),
        (
            {"status": "failed", "error_code": "provider_overloaded", "error_message": "Busy."},
            {"type": "failed", "error": {"type": "server_error", "code": "provider_overloaded", "message": "Busy."}},
        ),
        (
            {"status": "failed", "error_code": "server_error"},
            {"type": "failed", "error": {"type": "server_error", "code": "server_error", "message": ""}},
        ),
    ],
)
def test_why_a_response_is_not_complete(how: dict[str, Any], details: dict[str, Any]) -> None:
    response = msgspec.structs.replace(DONE, **how)
    assert encode(events.ResponseDone(response))["response"]["status_details"] == details


def test_what_is_salons_own_is_for_those_who_asked() -> None:
    vendor = {"resume_token": "t"}
    encoder = Encoder(vendor)
    vendor["agent"] = "host"
    created = json.loads(encoder(events.SessionCreated(SESSION), "e"))["session"]
    assert created["salon"] == {"resume_token": "t", "agent": "host", "web_search": False}
    done = encode(events.ResponseDone(DONE), {})["response"]
    assert done["salon"] == {"first_token_ms": 30, "duration_ms": 80, "model": "house:model"}
    assert done["output"][0]["salon"] == {"references": [{"index": 1, "url": "https://x", "title": ""}]}
    assert "salon" not in encode(events.ResponseCreated(STARTED), {})["response"]
    for event in (
        events.ItemDone(MESSAGE, None),
        events.ItemRetrieved(MESSAGE),
        events.OutputItemDone("r", 0, MESSAGE),
    ):
        assert "salon" in encode(event, {})["item"]
    assert all("salon" not in json.dumps(encode(event)["session"]) for event in WHOLE[:3])
    assert all("salon" not in json.dumps(encode(event)["response"]) for event in WHOLE[3:])


def test_audio_goes_out_only_where_an_item_is_retrieved() -> None:
    heard = MessageItem(id="i", role="user", content=(InputAudio("x", b"\0\1"),))
    assert "audio" not in encode(events.ItemDone(heard, None))["item"]["content"][0]
    assert encode(events.ItemRetrieved(heard))["item"]["content"][0]["audio"] == "AAE="


@pytest.mark.parametrize(
    "item",
    [
        MessageItem(id="i", role="assistant", status="in_progress"),
        MessageItem(id="i", role="system", content=(InputText("x"),)),
        MessageItem(id="i", role="user", content=(InputAudio(None),)),
        MessageItem(id="i", role="assistant", content=(OutputAudio(""),), status="incomplete"),
        FunctionCall(id="i", call_id="c", name="n", arguments="", status="in_progress"),
        FunctionCallOutput(id="i", call_id="c", output=""),
    ],
)
def test_items_that_are_nearly_empty_are_still_whole(item: Item) -> None:
    assert encode(events.ItemAdded(item, None))["item"]["id"] == "i"


def test_half_an_emoji_does_not_keep_the_rest_from_being_said() -> None:
    cut = "so \ud83d"
    delta = encode(events.OutputTextDelta("r", "i", 0, 0, cut))
    assert (delta["type"], delta["delta"]) == ("response.output_text.delta", "so \N{REPLACEMENT CHARACTER}")
    done = encode(events.OutputItemDone("r", 0, MessageItem(id="i", role="assistant", content=(OutputText(cut),))))
    assert done["item"]["content"] == [{"type": "output_text", "text": "so \N{REPLACEMENT CHARACTER}"}]
    odd = msgspec.structs.replace(SESSION, tracing={"\udc00": ["\udc00", 1]})
    assert encode(events.SessionUpdated(odd))["session"]["tracing"] == {
        "\N{REPLACEMENT CHARACTER}": ["\N{REPLACEMENT CHARACTER}", 1]
    }


def test_the_checker_sees_what_it_is_there_for() -> None:
    """The shapes that broke a client, each seen in at least one of the six."""
    good = Encoder()(events.ItemAdded(MESSAGE, None), "e")
    for break_it in (
        lambda event: event.pop("event_id"),
        lambda event: event.pop("previous_item_id"),
        lambda event: event["item"].pop("content"),
        lambda event: event["item"].update(status=None),
        lambda event: event["item"].update(role="developer"),
        lambda event: event["item"]["content"][0].update(type="text"),
        lambda event: event["item"]["content"][0].update(text=None),
    ):
        event = json.loads(good)
        break_it(event)
        assert breaches(json.dumps(event)), event
