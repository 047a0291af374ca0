from __future__ import annotations

import json
from typing import Any

import pytest

from salon.base.chat import BEGIN, Image, Message, Options, Role, Text, ToolCall, ToolSpec
from salon.base.errors import BadRequest
from salon.wire.spark import Dialect, encode_request
from salon.wire.spark.request import EARLIER_IMAGE, GO_ON, LOOK

ULTRA = Dialect(domain="4.0Ultra", system=True, tools=True, search=True, max_output=8192)
LITE = Dialect(domain="lite", max_output=4096)
X1 = Dialect(domain="spark-x", system=True, thinking=True, temperature=(0.01, 2.0))
PICTURES = Dialect(domain="imagev3", images=True)
PNG = Image("data:image/png;base64,iVBORw0KGgo=")
WEATHER = ToolSpec("weather", "Today's weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def say(role: Role, text: str) -> Message:
    return Message(role=role, content=(Text(text),))


def encode(
    *messages: Message, dialect: Dialect = ULTRA, tools: tuple[ToolSpec, ...] = (), **options: Any
) -> dict[str, Any]:
    frame = encode_request(messages, tools, Options(**options), dialect=dialect, app_id="app")
    return json.loads(frame)  # type: ignore[no-any-return]


def texts(*messages: Message, dialect: Dialect = ULTRA) -> list[tuple[str, str]]:
    lines = encode(*messages, dialect=dialect)["payload"]["message"]["text"]
    return [(line["role"], line["content"]) for line in lines]


def test_the_smallest_request() -> None:
    assert encode(say("user", "你好")) == {
        "header": {"app_id": "app"},
        "parameter": {"chat": {"domain": "4.0Ultra"}},
        "payload": {"message": {"text": [{"role": "user", "content": "你好"}]}},
    }


def test_history_goes_along() -> None:
    history = [("system", "Be short."), ("user", "Hi"), ("assistant", "Hello"), ("user", "How are you?")]
    assert texts(*(say(role, text) for role, text in history)) == history  # type: ignore[arg-type]


def test_a_model_without_a_system_role_hears_it_from_the_user() -> None:
    assert texts(say("system", "Be short."), say("user", "Hi"), dialect=LITE) == [("user", "Be short.\n\nHi")]


def test_later_system_messages_come_with_what_the_user_says_next() -> None:
    assert texts(say("user", "Hi"), say("assistant", "Hello"), say("system", "It is night."), say("user", "So?")) == [
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "It is night.\n\nSo?"),
    ]


def test_system_messages_in_front_are_joined() -> None:
    assert texts(say("system", "A"), say("system", "B"), say("user", "C")) == [("system", "A\n\nB"), ("user", "C")]


def test_user_and_assistant_take_turns() -> None:
    assert texts(say("user", "a"), say("user", "b"), say("assistant", "c"), say("assistant", ""), say("user", "d")) == [
        ("user", "a\n\nb"),
        ("assistant", "c"),
        ("user", "d"),
    ]


def test_the_user_is_first_and_last() -> None:
    assert texts(say("assistant", "Welcome!"), say("user", "Hi")) == [
        ("user", BEGIN),
        ("assistant", "Welcome!"),
        ("user", "Hi"),
    ]
    assert texts(say("user", "Hi"), say("assistant", "Hello")) == [
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", GO_ON),
    ]
    assert texts(say("system", "Greet the user.")) == [("system", "Greet the user."), ("user", BEGIN)]
    assert texts(say("system", "Greet the user."), dialect=LITE) == [("user", f"Greet the user.\n\n{BEGIN}")]
    assert texts() == [("user", BEGIN)]


def test_a_tools_result_comes_in_the_users_turn() -> None:
    call = ToolCall("call_1", "weather", '{"city": "北京"}')
    assert texts(
        say("user", "Weather?"),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content=(Text('{"sky": "clear"}'),), tool_call_id="call_1"),
    ) == [
        (
            "user",
            'Weather?\n\n[function_result] {"name": "weather", "arguments": {"city": "北京"}, "result": {"sky": "clear"}}',
        )
    ]


def test_results_that_are_no_json_and_calls_that_are_gone() -> None:
    lines = texts(
        Message(role="assistant", content=(Text("Let me look."),), tool_calls=(ToolCall("1", "f", "{oops"),)),
        Message(role="tool", content=(Text("sunny"),), tool_call_id="1"),
        Message(role="tool", content=(Text("late"),), tool_call_id="2"),
    )
    assert lines == [
        ("user", BEGIN),
        ("assistant", "Let me look."),
        (
            "user",
            '[function_result] {"name": "f", "arguments": "{oops", "result": "sunny"}\n\n[function_result] {"result": "late"}',
        ),
    ]


def test_functions() -> None:
    sent = encode(say("user", "Weather?"), tools=(WEATHER,))["payload"]["functions"]
    assert sent == {"text": [{"name": "weather", "description": "Today's weather.", "parameters": WEATHER.parameters}]}


def test_tool_choice_is_what_the_model_is_shown() -> None:
    tools = (WEATHER, ToolSpec("time"))
    assert "functions" not in encode(say("user", "?"), tools=tools, tool_choice="none")["payload"]
    only = encode(say("user", "?"), tools=tools, tool_choice="function:time")["payload"]["functions"]["text"]
    assert [function["name"] for function in only] == ["time"]
    assert len(encode(say("user", "?"), tools=tools, tool_choice="required")["payload"]["functions"]["text"]) == 2


def test_a_model_without_functions_says_so() -> None:
    with pytest.raises(BadRequest, match="no functions") as caught:
        encode(say("user", "?"), tools=(WEATHER,), dialect=LITE)
    assert "4.0Ultra" in caught.value.advice
    assert encode(say("user", "?"), tools=(WEATHER,), dialect=LITE, tool_choice="none")


@pytest.mark.parametrize(
    ("dialect", "options", "chat"),
    [
        (ULTRA, {"temperature": 0}, {"temperature": 0.01}),
        (ULTRA, {"temperature": 1.7}, {"temperature": 1.0}),
        (X1, {"temperature": 1.7}, {"temperature": 1.7, "thinking": {"type": "disabled"}}),
        (X1, {"reasoning": "high"}, {"thinking": {"type": "enabled"}}),
        (ULTRA, {"reasoning": "high"}, {}),
        (ULTRA, {"max_output_tokens": 100_000}, {"max_tokens": 8192}),
        (X1, {"max_output_tokens": 100_000}, {"max_tokens": 100_000, "thinking": {"type": "disabled"}}),
        (ULTRA, {"max_output_tokens": 0}, {"max_tokens": 1}),
        (ULTRA, {"top_p": 0}, {"top_p": 0.01}),
        (ULTRA, {"extra": {"top_k": 6, "auditing": "strict"}}, {"top_k": 6, "auditing": "strict"}),
        (LITE, {"web_search": True}, {}),
        (
            ULTRA,
            {"web_search": True},
            {
                "tools": [
                    {
                        "type": "web_search",
                        "web_search": {"enable": True, "show_ref_label": True, "search_mode": "normal"},
                    }
                ]
            },
        ),
    ],
)
def test_parameters(dialect: Dialect, options: dict[str, Any], chat: dict[str, Any]) -> None:
    assert (
        encode(say("user", "?"), dialect=dialect, **options)["parameter"]["chat"] == {"domain": dialect.domain} | chat
    )


def test_the_header() -> None:
    frame = encode_request([say("user", "?")], (), Options(user="u" * 40), dialect=ULTRA, app_id="a", patch_id="p")
    assert json.loads(frame)["header"] == {"app_id": "a", "uid": "u" * 32, "patch_id": ["p"]}


def test_the_image_stands_in_front() -> None:
    asked = Message(role="user", content=(PNG, Text("What is this?")))
    assert encode(say("system", "Be short."), asked, dialect=PICTURES)["payload"]["message"]["text"] == [
        {"role": "user", "content": "iVBORw0KGgo=", "content_type": "image"},
        {"role": "user", "content": "Be short.\n\nWhat is this?", "content_type": "text"},
    ]


def test_of_several_images_the_newest_is_seen() -> None:
    older = Image("data:image/jpeg;base64,/9j/")
    lines = encode(
        Message(role="user", content=(older, Text("And this?"))),
        say("assistant", "A cat."),
        Message(role="user", content=(Text("And now?"), PNG)),
        dialect=PICTURES,
    )["payload"]["message"]["text"]
    assert [line["content"] for line in lines] == ["iVBORw0KGgo=", f"{EARLIER_IMAGE}And this?", "A cat.", "And now?"]


def test_an_image_without_words() -> None:
    lines = encode(Message(role="user", content=(PNG,)), dialect=PICTURES)["payload"]["message"]["text"]
    assert lines[1]["content"] == LOOK


@pytest.mark.parametrize("url", ["https://example.com/cat.png", "data:image/png,abc", "data:text/plain;base64,YQ=="])
def test_images_by_address_are_refused(url: str) -> None:
    with pytest.raises(BadRequest, match="only as data"):
        encode(Message(role="user", content=(Image(url),)), dialect=PICTURES)


def test_a_model_without_images_says_so() -> None:
    with pytest.raises(BadRequest, match="no images"):
        encode(Message(role="user", content=(PNG,)), dialect=LITE)


def test_what_cannot_be_json_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="cannot be written"):
        encode(say("user", "?"), extra={"top_k": object()})
