from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from salon.base.chat import Image, Message, Options, Text, ToolSpec
from salon.base.errors import ClientError
from salon.wire.spark import Dialect, Question, decode_request, encode_request

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n....").decode()
JPEG = base64.b64encode(b"\xff\xd8\xff\xe0....").decode()


def frame(text: Any = None, *, header: Any = None, functions: Any = None, **chat: Any) -> dict[str, Any]:
    return {
        "header": header or {"app_id": "app", "uid": "u"},
        "parameter": {"chat": {"domain": "generalv3.5", **chat}},
        "payload": {
            "message": {"text": [{"role": "user", "content": "hi"}] if text is None else text},
            "functions": functions,
        },
    }


def decode(*args: Any, **kwargs: Any) -> Question:
    return decode_request(json.dumps(frame(*args, **kwargs)))


def test_a_question() -> None:
    question = decode(
        [
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "hello"},
            {"role": "user", "content": "why?"},
        ],
        temperature=0.5,
        max_tokens=2048,
        top_k=4,
        top_p=0.9,
        auditing="default",
    )
    assert (question.app_id, question.uid, question.domain) == ("app", "u", "generalv3.5")
    assert [(message.role, message.text) for message in question.messages] == [
        ("system", "Be short."),
        ("user", "hi"),
        ("assistant", "hello"),
        ("user", "why?"),
    ]
    assert question.options == Options(max_output_tokens=2048, temperature=0.5, top_p=0.9, user="u")
    assert question.question_share == 4 / 20
    assert question.tools == ()
    assert not question.labels


def test_null_is_as_good_as_nothing() -> None:
    """sparkapi-python sends null for what it does not set."""
    header = {"app_id": "app", "uid": None, "patch_id": None}
    question = decode(header=header, chat_id=None, temperature=None, max_tokens=None, tools=None, thinking=None)
    assert question.uid is None
    assert question.options == Options()


def test_a_uid_may_be_a_number() -> None:
    assert decode(header={"app_id": "app", "uid": 1234}).uid == "1234"


def test_unknown_fields_are_passed_over() -> None:
    assert decode(header={"app_id": "app", "later": [1]}, later={"x": 1}).app_id == "app"


def test_functions() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    question = decode(functions={"text": [{"name": "a", "description": "b", "parameters": schema}, {"name": "c"}]})
    assert question.tools == (ToolSpec("a", "b", schema), ToolSpec("c"))


def test_langchain_sends_its_own_call_without_content() -> None:
    call = {"name": "weather", "arguments": "{}"}
    question = decode(
        [{"role": "assistant", "content": None, "function_call": call}, {"role": "user", "content": "sunny"}]
    )
    assert json.loads(question.messages[0].text) == {"function_call": call}


@pytest.mark.parametrize(
    ("chat", "searches", "labels"),
    [
        ({}, False, False),
        ({"tools": [{"type": "web_search"}]}, True, False),
        ({"tools": [{"type": "web_search", "web_search": {"enable": True, "show_ref_label": True}}]}, True, True),
        ({"tools": [{"type": "web_search", "web_search": {"enable": False, "show_ref_label": True}}]}, False, False),
        ({"tools": [{"type": "other"}]}, False, False),
        ({"show_ref_label": True}, True, True),
        ({"show_ref_label": False}, False, False),
    ],
)
def test_web_search(chat: dict[str, Any], searches: bool, labels: bool) -> None:
    question = decode(**chat)
    assert (question.options.web_search, question.labels) == (searches, labels)


@pytest.mark.parametrize(
    ("chat", "reasoning"),
    [
        ({}, "none"),
        ({"domain": "spark-x"}, "medium"),
        ({"domain": "x1", "thinking": {"type": "disabled"}}, "none"),
        ({"thinking": {"type": "enabled"}}, "medium"),
        ({"thinking": {"type": "auto"}}, "medium"),
        ({"thinking": {}}, "none"),
        ({"enable_thinking": True}, "medium"),
        ({"domain": "x1", "enable_thinking": False}, "none"),
    ],
)
def test_thinking(chat: dict[str, Any], reasoning: str) -> None:
    assert decode(**chat).options.reasoning == reasoning


@pytest.mark.parametrize(("data", "kind"), [(PNG, "png"), (JPEG, "jpeg")])
def test_an_image_belongs_to_the_words_that_follow(data: str, kind: str) -> None:
    question = decode(
        [
            {"role": "user", "content": data, "content_type": "image"},
            {"role": "user", "content": "What is this?", "content_type": "text"},
        ]
    )
    assert question.messages == (
        Message(role="user", content=(Image(f"data:image/{kind};base64,{data}"), Text("What is this?"))),
    )


def test_an_image_alone_and_one_that_is_an_address_of_data() -> None:
    uri = f"data:image/png;base64,{PNG}"
    question = decode([{"role": "user", "content": uri, "content_type": "image"}])
    assert question.messages == (Message(role="user", content=(Image(uri),)),)
    assert question.question_share == 0


@pytest.mark.parametrize(
    ("text", "code", "param"),
    [
        pytest.param("{", "10003", None, id="not JSON"),
        pytest.param("", "10003", None, id="empty"),
        pytest.param('{"x":' + "[" * 100_000, "10003", None, id="too deep"),
        pytest.param(b"\xff", "10003", None, id="not UTF-8"),
        pytest.param("\ud800", "10003", None, id="half a letter"),
        pytest.param("[]", "10004", None, id="a list"),
        pytest.param("{}", "10004", None, id="empty object"),
        pytest.param(frame(header={"app_id": 7}), "10004", "header.app_id", id="app_id"),
        pytest.param(frame(header={"uid": "u"}), "10004", "header", id="no app_id"),
        pytest.param(frame(domain=None), "10004", "parameter.chat.domain", id="no domain"),
        pytest.param(frame(temperature="hot"), "10004", "parameter.chat.temperature", id="temperature's type"),
        pytest.param(frame([{"content": "x"}]), "10004", "payload.message.text[0]", id="no role"),
        pytest.param(frame([]), "10005", "payload.message.text", id="no question"),
        pytest.param(frame(temperature=2.1), "10005", "parameter.chat.temperature", id="temperature"),
        pytest.param(frame(top_p=1.1), "10005", "parameter.chat.top_p", id="top_p"),
        pytest.param(frame(top_k=7), "10005", "parameter.chat.top_k", id="top_k"),
        pytest.param(frame(max_tokens=0), "10005", "parameter.chat.max_tokens", id="max_tokens"),
        pytest.param(frame([{"role": "robot", "content": ""}]), "10005", "payload.message.text[0].role", id="role"),
        pytest.param(
            frame([{"role": "user", "content": "R0lGODlh", "content_type": "image"}]),
            "10022",
            "payload.message.text[0]",
            id="GIF",
        ),
        pytest.param(
            frame([{"role": "user", "content": "!", "content_type": "image"}]),
            "10022",
            "payload.message.text[0]",
            id="not Base64",
        ),
    ],
)
def test_errors(text: Any, code: str, param: str | None) -> None:
    with pytest.raises(ClientError) as caught:
        decode_request(json.dumps(text) if isinstance(text, dict) else text)
    assert (caught.value.code, caught.value.param) == (code, param)


def test_our_own_client_is_understood() -> None:
    messages = (
        Message(role="system", content=(Text("Be short."),)),
        Message(role="user", content=(Text("你好"),)),
    )
    tools = (ToolSpec("weather", "…"),)
    options = Options(max_output_tokens=99, temperature=0.5, top_p=0.5, reasoning="medium", web_search=True, user="u")
    dialect = Dialect(domain="spark-x", system=True, tools=True, search=True, thinking=True)
    question = decode_request(encode_request(messages, tools, options, dialect=dialect, app_id="app"))
    assert (question.messages, question.tools, question.options) == (messages, tools, options)
    assert question.labels
