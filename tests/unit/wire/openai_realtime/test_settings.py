"""Sessions and response overrides: what is accepted for the sake of stock clients, what clears, what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from salon.base.chat import ToolSpec
from salon.base.errors import ClientError
from salon.base.items import InputText, ItemReference, MessageItem
from salon.base.session import (
    AudioFormat,
    AudioInputPatch,
    AudioOutputPatch,
    NoiseReduction,
    ResponseParams,
    SemanticVad,
    ServerVad,
    SessionPatch,
    Transcription,
    Truncation,
)
from salon.wire.openai_realtime import settings, shapes

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}


def patch(**session: Any) -> SessionPatch:
    return settings.patch(msgspec.convert({"type": "realtime", **session}, shapes.SessionIn))


def response(**params: Any) -> ResponseParams:
    return settings.response(msgspec.convert(params, shapes.ResponseIn))


def nested(levels: int) -> dict[str, Any]:
    value: Any = 1
    for level in range(levels):
        value = {"a": value} if level % 2 else [value]
    return {"a": value}


def test_what_is_absent_is_left_alone() -> None:
    assert patch() == SessionPatch()
    assert patch(audio={}) == SessionPatch()
    assert patch(audio={"input": {}, "output": {}}) == SessionPatch(
        audio_input=AudioInputPatch(), audio_output=AudioOutputPatch()
    )


def test_everything_at_once() -> None:
    assert patch(
        model="sent again",
        output_modalities=["text"],
        instructions="Be kind.",
        tools=[{"type": "function", "name": "search", "description": "Search.", "parameters": SCHEMA}],
        tool_choice={"type": "function", "name": "search"},
        parallel_tool_calls=False,
        reasoning={"effort": "low", "summary": "auto"},
        max_output_tokens=4096,
        truncation={"type": "retention_ratio", "retention_ratio": 0.8, "token_limits": {"post_instructions": 8000}},
        audio={
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "transcription": {
                    "model": "whisper-1",
                    "language": "en",
                    "languages": ["en"],
                    "keywords": ["x"],
                    "delay": "low",
                },
                "noise_reduction": {"type": "far_field", "strength": 1},
                "turn_detection": {"type": "server_vad", "threshold": 0.9, "idle_timeout_ms": 6000},
            },
            "output": {"format": {"type": "audio/pcmu"}, "voice": "marin", "speed": 1},
        },
        tracing={"workflow_name": "x"},
        prompt={"id": "p"},
        include=["item.input_audio_transcription.logprobs"],
        salon={"web_search": True},
    ) == SessionPatch(
        output_modalities=("text",),
        instructions="Be kind.",
        tools=(ToolSpec("search", "Search.", SCHEMA),),
        tool_choice="function:search",
        parallel_tool_calls=False,
        reasoning="low",
        max_output_tokens=4096,
        truncation=Truncation("retention_ratio", 0.8, 8000),
        audio_input=AudioInputPatch(
            format=AudioFormat("audio/pcm"),
            transcription=Transcription("whisper-1", "en", languages=("en",), keywords=("x",), delay="low"),
            noise_reduction=NoiseReduction("far_field", 1),
            turn_detection=ServerVad(threshold=0.9, idle_timeout_ms=6000),
        ),
        audio_output=AudioOutputPatch(format=AudioFormat("audio/pcmu"), voice="marin", speed=1.0),
        tracing={"workflow_name": "x"},
        prompt={"id": "p"},
        include=("item.input_audio_transcription.logprobs",),
        web_search=True,
    )


def test_what_agents_js_sends_at_the_start() -> None:
    """A server that rejects tracing, semantic_vad or unknown ASR model names breaks the most used client."""
    first = patch(
        model="gpt-realtime-2.1",
        audio={
            "input": {
                "format": {"type": "audio/pcm", "rate": 24000},
                "noise_reduction": None,
                "transcription": {"model": "gpt-4o-mini-transcribe"},
                "turn_detection": {"type": "semantic_vad", "interrupt_response": True},
            },
            "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "ash", "speed": 1},
        },
    )
    assert isinstance(first.audio_input, AudioInputPatch)
    assert first.audio_input.turn_detection == SemanticVad()
    assert first.audio_input.noise_reduction is None
    assert patch(tracing="auto").tracing == "auto"


def test_null_and_empty_clear() -> None:
    for value in (None, ""):
        assert patch(instructions=value).instructions == ""
    for value in (None, []):
        assert patch(tools=value).tools == ()
    cleared = patch(audio={"input": {"turn_detection": None, "transcription": None}}).audio_input
    assert cleared == AudioInputPatch(turn_detection=None, transcription=None)
    assert patch(tool_choice=None).tool_choice == "auto"
    assert patch(truncation=None).truncation == Truncation()
    assert patch(max_output_tokens=None).max_output_tokens is None
    assert patch(reasoning=None).reasoning is None
    assert patch(reasoning={}).reasoning is None


def test_null_where_nothing_can_be_cleared_changes_nothing() -> None:
    assert patch(output_modalities=None, audio=None, salon=None) == SessionPatch()
    assert patch(audio={"input": None, "output": None}) == SessionPatch()
    quiet = patch(audio={"input": {"format": None}, "output": {"format": None, "voice": None, "speed": None}})
    assert quiet == SessionPatch(audio_input=AudioInputPatch(), audio_output=AudioOutputPatch())
    assert patch(salon={}).web_search is UNSET


@pytest.mark.parametrize(("given", "kept"), [(1, 1), ("inf", None), (None, None), (10**12, 10**12)])
def test_the_longest_answer(given: Any, kept: int | None) -> None:
    assert patch(max_output_tokens=given).max_output_tokens == kept


@pytest.mark.parametrize(("given", "kept"), [("auto", "auto"), ("none", "none"), ("required", "required")])
def test_which_tool(given: str, kept: str) -> None:
    assert patch(tool_choice=given).tool_choice == kept
    assert response(tool_choice=given).tool_choice == kept


def test_a_tool_need_not_say_much() -> None:
    assert patch(tools=[{"name": "a.b-c_1"}]).tools == (ToolSpec("a.b-c_1", "", {"type": "object", "properties": {}}),)
    assert patch(tools=[{"name": "x", "description": None, "parameters": None}]).tools == (ToolSpec("x"),)
    assert patch(tools=[{"name": "x", "parameters": {}}]).tools == (ToolSpec("x"),)


def test_a_voice_may_be_an_object() -> None:
    assert patch(audio={"output": {"voice": {"id": "v1"}}}).audio_output == AudioOutputPatch(voice="v1")


@pytest.mark.parametrize("kind", ["auto", "disabled"])
def test_truncation_by_name(kind: Any) -> None:
    assert patch(truncation=kind).truncation == Truncation(kind)
    assert patch(truncation={"type": kind}).truncation == Truncation(kind)


@pytest.mark.parametrize("ratio", [0, 0.5, 1])
def test_truncation_by_ratio(ratio: float) -> None:
    given = {"type": "retention_ratio", "retention_ratio": ratio, "token_limits": None}
    assert patch(truncation=given).truncation == Truncation("retention_ratio", ratio)


@pytest.mark.parametrize(
    ("session", "param"),
    [
        ({"output_modalities": ["text", "audio"]}, "session.output_modalities"),
        ({"output_modalities": []}, "session.output_modalities"),
        ({"tools": [{"name": "x"}] * 257}, "session.tools"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "session.tools[0].type"),
        ({"tools": [{"name": "x"}, {"name": "天气"}]}, "session.tools[1].name"),
        ({"tools": [{"name": "x" * 129}]}, "session.tools[0].name"),
        ({"tools": [{"name": ""}]}, "session.tools[0].name"),
        ({"tools": [{"name": "x", "parameters": nested(70)}]}, "session.tools[0].parameters"),
        ({"tool_choice": "search"}, "session.tool_choice"),
        ({"tool_choice": {"type": "mcp", "server_label": "x"}}, "session.tool_choice"),
        ({"tool_choice": {"type": "function"}}, "session.tool_choice"),
        ({"max_output_tokens": 0}, "session.max_output_tokens"),
        ({"max_output_tokens": "many"}, "session.max_output_tokens"),
        ({"truncation": "sometimes"}, "session.truncation"),
        ({"truncation": {"type": "retention_ratio", "retention_ratio": 1.5}}, "session.truncation.retention_ratio"),
        ({"truncation": {"type": "retention_ratio", "retention_ratio": -1}}, "session.truncation.retention_ratio"),
        ({"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}}, "session.audio.input.format.rate"),
        ({"audio": {"output": {"format": {"type": "audio/pcma", "rate": 24000}}}}, "session.audio.output.format.rate"),
        ({"audio": {"output": {"speed": 0.2}}}, "session.audio.output.speed"),
        ({"audio": {"output": {"speed": 2}}}, "session.audio.output.speed"),
        ({"tracing": nested(70)}, "session.tracing"),
        ({"prompt": nested(70)}, "session.prompt"),
    ],
)
def test_what_is_refused(session: dict[str, Any], param: str) -> None:
    with pytest.raises(ClientError) as caught:
        patch(**session)
    assert (caught.value.code, caught.value.param) == ("invalid_value", param)


def test_a_tool_without_a_name() -> None:
    with pytest.raises(ClientError) as caught:
        patch(tools=[{"type": "function"}])
    assert (caught.value.code, caught.value.param) == ("missing_required_parameter", "session.tools[0].name")


def test_what_is_nested_no_deeper_than_schemas_are_is_kept() -> None:
    assert patch(tracing=nested(60)).tracing == nested(60)


def test_a_response_overrides_what_it_names() -> None:
    assert response() == ResponseParams()
    assert response(
        output_modalities=["text"],
        instructions="Be brief.",
        tools=[],
        tool_choice="none",
        parallel_tool_calls=True,
        reasoning={"effort": "high"},
        max_output_tokens="inf",
        conversation="none",
        metadata={"a": "b"},
        input=[
            {"type": "item_reference", "id": "i"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        ],
        salon={"web_search": False, "say": "Hello."},
        audio={"output": {"voice": "marin", "format": {"type": "audio/pcmu"}}},
        prompt={"id": "p"},
    ) == ResponseParams(
        output_modalities=("text",),
        instructions="Be brief.",
        tools=(),
        tool_choice="none",
        parallel_tool_calls=True,
        reasoning="high",
        max_output_tokens=None,
        conversation="none",
        metadata={"a": "b"},
        input=(ItemReference("i"), MessageItem(id="", role="user", content=(InputText("hi"),))),
        web_search=False,
        say="Hello.",
        voice="marin",
        audio_format=AudioFormat("audio/pcmu"),
    )


def test_null_in_a_response_is_as_good_as_absent() -> None:
    """livekit sends ``"instructions": null``."""
    assert response(**dict.fromkeys(shapes.ResponseIn.__struct_fields__)) == ResponseParams()
    assert response(reasoning={}, salon={}) == ResponseParams()


def test_an_empty_input_is_no_context_rather_than_the_usual_one() -> None:
    assert response(input=[]).input == ()
    assert response(input=None).input is None


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"output_modalities": ["audio", "text"]}, "invalid_value", "response.output_modalities"),
        ({"tools": [{"type": "mcp"}]}, "invalid_value", "response.tools[0].type"),
        ({"tool_choice": "x"}, "invalid_value", "response.tool_choice"),
        ({"max_output_tokens": -1}, "invalid_value", "response.max_output_tokens"),
        ({"metadata": {str(number): "" for number in range(17)}}, "invalid_value", "response.metadata"),
        ({"salon": {"say": " "}}, "invalid_value", "response.salon.say"),
        ({"salon": {"say": "x" * 4001}}, "invalid_value", "response.salon.say"),
        ({"metadata": {"k" * 65: ""}}, "invalid_value", "response.metadata"),
        ({"metadata": {"k": "v" * 513}}, "invalid_value", "response.metadata"),
        ({"audio": {"output": {"format": {"rate": 8000}}}}, "invalid_value", "response.audio.output.format.rate"),
        ({"audio": {"output": {"speed": 9}}}, "invalid_value", "response.audio.output.speed"),
        ({"input": [{"type": "item_reference"}]}, "missing_required_parameter", "response.input[0].id"),
        ({"input": [{"type": "message", "role": "robot"}]}, "invalid_value", "response.input[0].role"),
    ],
)
def test_what_is_refused_in_a_response(params: dict[str, Any], code: str, param: str) -> None:
    with pytest.raises(ClientError) as caught:
        response(**params)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_as_much_metadata_as_there_may_be() -> None:
    most = {f"{number:064}": "v" * 512 for number in range(16)}
    assert response(metadata=most).metadata == most
