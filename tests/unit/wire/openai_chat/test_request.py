"""The body of a request, in the dialects of houses."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salon.base.chat import BEGIN, Image, Message, Options, Text, ToolCall, ToolSpec
from salon.wire.openai_chat import Dialect, encode_request

WEATHER = ToolSpec("weather", "Today's weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def user(text: str) -> Message:
    return Message(role="user", content=(Text(text),))


def body(
    *messages: Message, tools: tuple[ToolSpec, ...] = (), options: Options = Options(), dialect: Dialect | None = None
) -> dict[str, Any]:
    said = messages or (user("hi"),)
    return json.loads(encode_request("m", said, tools, options, dialect or Dialect()))


def test_the_plain_request() -> None:
    assert body() == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize("instructions", [(), ("Greet the user.",)])
def test_somebody_has_to_begin(instructions: tuple[str, ...]) -> None:
    system = [Message(role="system", content=(Text(each),)) for each in instructions]
    sent = json.loads(encode_request("m", system, (), Options(), Dialect()))["messages"]
    assert sent == [*({"role": "system", "content": each} for each in instructions), {"role": "user", "content": BEGIN}]


def test_a_conversation_with_tools() -> None:
    call = ToolCall("call_1", "weather", '{"city":"北京"}')
    sent = body(
        Message(role="system", content=(Text("Be "), Text("kind."))),
        user("weather?"),
        Message(role="assistant", tool_calls=(call,), reasoning="look it up"),
        Message(role="tool", tool_call_id="call_1", content=(Text("sunny"),)),
        tools=(WEATHER,),
        options=Options(parallel_tool_calls=False),
    )
    assert sent["messages"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "weather?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"北京"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
    ]
    assert sent["tools"] == [
        {
            "type": "function",
            "function": {"name": "weather", "description": "Today's weather.", "parameters": WEATHER.parameters},
        }
    ]
    assert (sent["tool_choice"], sent["parallel_tool_calls"]) == ("auto", False)


def test_an_image_makes_a_list_of_parts() -> None:
    sent = body(Message(role="user", content=(Text("what?"), Image("data:image/png;base64,AA==", "low"))))
    assert sent["messages"][0]["content"] == [
        {"type": "text", "text": "what?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
    ]


@pytest.mark.parametrize(
    ("written", "sent"), [("", "{}"), ("  ", "{}"), ('{"a": 1}', '{"a": 1}'), ('{"a', '{"unparsable":"{\\"a"}')]
)
def test_arguments_of_the_history_always_parse(written: str, sent: str) -> None:
    message = Message(role="assistant", tool_calls=(ToolCall("1", "f", written),))
    assert body(message)["messages"][0]["tool_calls"][0]["function"]["arguments"] == sent


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ("function:weather", {"type": "function", "function": {"name": "weather"}}),
    ],
)
def test_the_choice_of_tools(choice: str, sent: object) -> None:
    assert body(tools=(WEATHER,), options=Options(tool_choice=choice))["tool_choice"] == sent
    assert "tool_choice" not in body(options=Options(tool_choice=choice)), "houses refuse it without tools"


def test_options_go_under_the_houses_names() -> None:
    options = Options(max_output_tokens=7, temperature=3.0, top_p=0.5, user="u1")
    sent = body(options=options, dialect=Dialect(max_tokens="max_completion_tokens", temperature=(0, 2), user="uid"))
    assert (sent["max_completion_tokens"], sent["temperature"], sent["top_p"], sent["uid"]) == (7, 2, 0.5, "u1")
    bare = body(options=options, dialect=Dialect(temperature=None, user="", stream_usage=False))
    assert not {"temperature", "top_p", "user", "stream_options"} & set(bare)


def test_effort_is_a_patch_and_sampling_may_depend_on_it() -> None:
    dialect = Dialect(
        effort={"none": {"thinking": {"type": "disabled"}}, "high": {"reasoning_effort": "high"}},
        sampling_while_reasoning=False,
        effort_with_tools="none",
    )
    options = Options(reasoning="high", temperature=1.0)
    assert body(options=Options(temperature=1.0), dialect=dialect)["thinking"] == {"type": "disabled"}
    thinking = body(options=options, dialect=dialect)
    assert thinking["reasoning_effort"] == "high"
    assert "temperature" not in thinking
    with_tools = body(options=options, dialect=dialect, tools=(WEATHER,))
    assert with_tools["thinking"] == {"type": "disabled"}
    assert with_tools["temperature"] == 1.0
    assert "thinking" not in body(options=Options(reasoning="low"), dialect=dialect)


def test_reasoning_goes_back_where_the_house_wants_it() -> None:
    dialect = Dialect(reasoning_back="reasoning_content")
    call = (ToolCall("1", "f", "{}"),)
    sent = body(
        Message(role="assistant", tool_calls=call, reasoning="because"),
        Message(role="assistant", tool_calls=call),
        Message(role="assistant", content=(Text("hi"),), reasoning="of no use"),
        dialect=dialect,
    )
    assert [message.get("reasoning_content") for message in sent["messages"]] == ["because", "", None]


def test_web_search_adds_to_the_tools() -> None:
    search = {"type": "web_search"}
    dialect = Dialect(web_search={"tools": [search]}, no_web_search={"search": False}, with_tools={"switch": True})
    sent = body(tools=(WEATHER,), options=Options(web_search=True), dialect=dialect)
    assert [tool["type"] for tool in sent["tools"]] == ["function", "web_search"]
    assert sent["switch"] is True
    assert "search" not in sent
    without = body(dialect=dialect)
    assert without["search"] is False
    assert "tools" not in without


def test_extra_has_the_last_word() -> None:
    options = Options(temperature=0.5, extra={"temperature": 0.1, "top_k": 4})
    sent = json.loads(encode_request("m", [user("hi")], (), options, Dialect(), {"top_k": 5}))
    assert (sent["temperature"], sent["top_k"]) == (0.1, 5)
