"""The Realtime protocol under frames that nobody planned: each is obeyed or answered, and nothing else happens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salon.base import commands, events
from salon.base.chat import Reference, ToolSpec, Usage
from salon.base.errors import ClientError
from salon.base.items import (
    FunctionCall,
    FunctionCallOutput,
    InputAudio,
    InputImage,
    InputText,
    MessageItem,
    OutputAudio,
    OutputText,
)
from salon.base.session import Session, SessionPatch, Truncation
from salon.turn import settings as merging
from salon.wire.openai_realtime import CLIENT_EVENTS, Encoder, decode, decode_session
from tests.fakes.realtime_strictness import breaches
from tests.fakes.talk import CLOCK, Talk

few = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

words = st.text(st.characters() | st.sampled_from("\ud800\udbff\udc00"), max_size=8)
clean = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
numbers = st.integers() | st.integers(-(10**40), 10**40) | st.floats()
values = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)

PART = {
    "type": "input_text",
    "text": "hi",
    "transcript": None,
    "audio": "AAE=",
    "image_url": "https://x",
    "detail": "low",
}
ITEM = {
    "type": "message",
    "id": "i",
    "role": "user",
    "status": "completed",
    "content": [PART],
    "call_id": "c",
    "name": "n",
    "arguments": "{}",
    "output": "o",
}
SESSION = {
    "type": "realtime",
    "model": "m",
    "output_modalities": ["text"],
    "instructions": "x",
    "tools": [{"type": "function", "name": "t", "description": "d", "parameters": {"type": "object"}}],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "low"},
    "max_output_tokens": "inf",
    "truncation": {"type": "retention_ratio", "retention_ratio": 0.5, "token_limits": {"post_instructions": 5}},
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "m", "language": "en", "prompt": "p"},
            "noise_reduction": {"type": "near_field"},
            "turn_detection": {"type": "server_vad", "threshold": 0.5, "idle_timeout_ms": None},
        },
        "output": {"format": {"type": "audio/pcmu", "rate": 8000}, "voice": "v", "speed": 1.0},
    },
    "tracing": "auto",
    "prompt": {"id": "p"},
    "include": [],
    "salon": {"web_search": True},
}
RESPONSE = {
    **SESSION,
    "conversation": "none",
    "metadata": {"a": "b"},
    "input": [ITEM, {"type": "item_reference", "id": "i"}],
}
WHOLE: dict[str, Any] = {
    "event_id": "mine",
    "session": SESSION,
    "audio": "AAE=",
    "item": ITEM,
    "previous_item_id": "root",
    "item_id": "i",
    "content_index": 0,
    "audio_end_ms": 5,
    "response": RESPONSE,
    "response_id": "r",
}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


PLACES = places(WHOLE)[1:]


def obeyed(frame: str | bytes) -> commands.Command | None:
    """The command, or None where the frame was refused in a way that can be sent to the client."""
    try:
        return decode(frame)
    except ClientError as error:
        seen = events.ErrorSeen(
            code=error.code, message=error.message, param=error.param, client_event_id=error.event_id
        )
        assert breaches(Encoder()(seen, "e")) == []
        assert error.code
        assert error.message.endswith(".")
        return None


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@few
@given(st.binary(max_size=60) | st.text(max_size=60))
def test_noise(frame: str | bytes) -> None:
    assert obeyed(frame) is None


@few
@given(st.sampled_from(CLIENT_EVENTS), st.dictionaries(st.sampled_from(sorted(WHOLE)) | words, values, max_size=4))
def test_any_json_under_a_good_name(kind: str, body: dict[str, Any]) -> None:
    obeyed(json.dumps({**body, "type": kind}))


@few
@given(st.sampled_from(CLIENT_EVENTS), st.lists(st.tuples(st.sampled_from(PLACES), values), max_size=3))
def test_one_good_event_with_something_wrong_in_it(kind: str, changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    event = {**WHOLE, "type": kind}
    for path, new in changes:
        try:
            event = replaced(event, path, new)
        except (LookupError, TypeError, AttributeError):
            continue  # an earlier change took that place away
    command = obeyed(json.dumps(event))
    assert changes or command is not None
    if command is not None:
        # What was taken in can be acted on and told again.
        talk = Talk(served=(CLOCK,), model="m")
        for output in talk.feed(command):
            if isinstance(output, events.Event):
                assert breaches(Encoder({})(output, "e")) == []


@few
@given(
    st.sampled_from(CLIENT_EVENTS), st.integers(0, 2000), st.sampled_from(["cut", "doubled", "surrogate", "null byte"])
)
def test_a_good_frame_that_was_damaged_on_the_way(kind: str, where: int, how: str) -> None:
    frame = json.dumps({**WHOLE, "type": kind})
    where %= len(frame)
    rest = frame[where:]
    damage = {"cut": "", "doubled": rest + rest, "surrogate": "\\ud800" + rest, "null byte": "\0" + rest}[how]
    obeyed(frame[:where] + damage)
    obeyed((frame[:where] + damage).encode()[:-1] + b"\xff")


@pytest.mark.parametrize("levels", [60, 500, 900, 990, 3000, 200_000])
@pytest.mark.parametrize("path", [path for path in PLACES if len(path) < 4], ids=lambda path: ".".join(map(str, path)))
def test_nothing_is_too_deep_to_be_answered(path: tuple[Any, ...], levels: int) -> None:
    marker = "here"
    frame = json.dumps({**replaced(WHOLE, path, marker), "type": "session.update"})
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        deep = frame.replace(f'"{marker}"', opening * levels + "1" + closing * levels, 1)
        command = obeyed(deep)
        if isinstance(command, commands.UpdateSession):
            session = merging.apply(
                Session(id="s", model="m"), command.patch, speech=False, has_audio=False, locked=False
            )
            assert breaches(Encoder()(events.SessionUpdated(session), "e")) == []


@few
@given(values)
def test_a_session_from_an_http_body(raw: Any) -> None:
    for given_session in (
        raw,
        {**SESSION, "tracing": raw},
        {**SESSION, "audio": raw},
        {"type": "realtime", "tools": raw},
    ):
        try:
            patch, model = decode_session(given_session)
        except ClientError as error:
            assert (error.param or "session").startswith("session")
        else:
            assert isinstance(patch, SessionPatch)
            assert model is None or isinstance(model, str)


parts = {
    "system": st.builds(InputText, clean),
    "user": st.one_of(
        st.builds(InputText, clean),
        st.builds(InputAudio, st.none() | clean, st.none() | st.binary(max_size=4)),
        st.builds(InputImage, clean.map("https://".__add__), st.sampled_from(["auto", "low", "high"])),
    ),
    "assistant": st.one_of(
        st.builds(OutputText, clean), st.builds(OutputAudio, clean, st.none() | st.binary(max_size=4))
    ),
}
statuses = st.sampled_from(["completed", "incomplete"])
items = st.one_of(
    st.sampled_from(sorted(parts)).flatmap(
        lambda role: st.builds(
            MessageItem,
            id=clean.filter(bool),
            role=st.just(role),
            content=st.lists(parts[role], max_size=3).map(tuple),
            status=statuses,
        )
    ),
    st.builds(FunctionCall, id=clean.filter(bool), call_id=clean, name=clean, arguments=clean, status=statuses),
    st.builds(FunctionCallOutput, id=clean.filter(bool), call_id=clean, output=clean),
)


@few
@given(items)
def test_an_item_that_was_sent_comes_back_the_same(item: Any) -> None:
    frame = Encoder()(events.ItemRetrieved(item), "e")
    assert breaches(frame) == []
    wire = json.loads(frame)["item"]
    command = decode(json.dumps({"type": "conversation.item.create", "item": wire}))
    assert command == commands.CreateItem(item=item)


tools = st.builds(
    ToolSpec,
    st.text("abc_", min_size=1, max_size=5),
    clean,
    st.dictionaries(clean, st.integers(0, 5) | clean, min_size=1, max_size=2),
)
sessions = st.builds(
    Session,
    id=st.just("s"),
    model=st.just("m"),
    output_modalities=st.just(("text",)),
    instructions=clean,
    tools=st.lists(tools, max_size=2).map(tuple),
    tool_choice=st.sampled_from(["auto", "none", "required", "function:x"]),
    parallel_tool_calls=st.booleans(),
    reasoning=st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh"]),
    max_output_tokens=st.none() | st.integers(1, 9999),
    truncation=st.one_of(
        st.builds(Truncation, st.sampled_from(["auto", "disabled"])),
        st.builds(Truncation, st.just("retention_ratio"), st.floats(0, 1), st.none() | st.integers(0, 9999)),
    ),
    tracing=st.none() | clean,
    include=st.none() | st.lists(clean, max_size=2).map(tuple),
)


@few
@given(sessions)
def test_a_session_that_was_sent_can_be_sent_back(session: Session) -> None:
    frame = Encoder()(events.SessionUpdated(session), "e")
    assert breaches(frame) == []
    command = decode(json.dumps({"type": "session.update", "session": json.loads(frame)["session"]}))
    assert isinstance(command, commands.UpdateSession)
    blank = Session(id="s", model="m")
    assert merging.apply(blank, command.patch, speech=True, has_audio=False, locked=False) == session


@few
@given(words, words, st.lists(words, max_size=2))
def test_nothing_that_can_be_said_cannot_be_sent(text: str, name: str, more: list[str]) -> None:
    message = MessageItem(
        id="i",
        role="assistant",
        content=tuple(map(OutputText, more)),
        references=(Reference(1, text, name),),
    )
    response = events.Response(
        id="r",
        status="completed",
        conversation_id=None,
        output_modalities=("text",),
        output=(message,),
        metadata={name: text},
        usage=Usage(),
    )
    for event in (
        events.OutputTextDelta("r", "i", 0, 0, text),
        events.OutputTextDone("r", "i", 0, 0, text),
        events.ArgumentsDone("r", "i", 0, "c", name, text),
        events.ItemDone(message, None),
        events.ResponseDone(response),
        events.ErrorSeen(code="x", message=text, param=name),
    ):
        assert breaches(Encoder({})(event, "e")) == []
