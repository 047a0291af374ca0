"""Bytes of a stream to deltas."""

from __future__ import annotations

import json
from typing import Any

import pytest

from salon.base.chat import (
    Delta,
    Finished,
    ReasoningDelta,
    Reference,
    References,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from salon.base.errors import BadAnswer, ContentBlocked, ContextTooLong, Overloaded, ProviderError, RateLimited
from salon.base.ids import counting
from salon.wire.openai_chat import ChunkReader
from salon.wire.openai_chat.answer import LONGEST_LINE

DONE = b"data: [DONE]\n\n"


def reader(**more: Any) -> ChunkReader:
    return ChunkReader("house:m", new_id=counting(), **more)


def sse(**chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\n\n"


def said(finish_reason: str | None = None, **delta: Any) -> bytes:
    return sse(id="c", choices=[{"index": 0, "delta": delta, "finish_reason": finish_reason}])


def read(*chunks: bytes) -> list[Delta]:
    machine, out = reader(), list[Delta]()
    for chunk in chunks:
        out += machine.feed(chunk)
    return out + machine.finish()


def test_an_answer_with_usage_at_the_end() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    answer = read(said(role="assistant", content=""), said(content="Hel"), said(content="lo"), said("stop"))
    assert answer == [TextDelta("Hel"), TextDelta("lo"), Finished("stop", None, "house:m")]
    counted = read(said(content="hi"), said("stop"), sse(choices=[], usage=usage), DONE)
    assert counted[-1] == Finished("stop", Usage(10, 5, 4, 2), "house:m")


def test_usage_in_every_chunk_counts_once_and_null_does_not_erase_it() -> None:
    first = sse(choices=[{"delta": {"content": "a"}}], usage={"prompt_tokens": 1, "completion_tokens": 1})
    second = sse(
        choices=[{"delta": {}}], usage={"prompt_tokens": 1, "completion_tokens": 2, "prompt_cache_hit_tokens": 1}
    )
    assert read(first, second, sse(choices=[], usage=None), DONE)[-1] == Finished("stop", Usage(1, 2, 1), "house:m")


def test_unreadable_usage_is_no_usage() -> None:
    assert read(said(content="a"), sse(choices=[], usage={"prompt_tokens": []}), DONE)[-1] == Finished(
        "stop", None, "house:m"
    )


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\n\n", b"\r\n\r\n"])
@pytest.mark.parametrize("space", [b" ", b""])
def test_line_ends_and_the_space_after_the_colon(end: bytes, space: bytes) -> None:
    line = b"data:" + space + b'{"choices":[{"delta":{"content":"x"}}]}' + end
    assert read(line + line + b"data:" + space + b"[DONE]" + end)[:2] == [TextDelta("x"), TextDelta("x")]


def test_bytes_may_be_cut_anywhere() -> None:
    stream = (
        b": hello\r\n\r\n" + said(reasoning="嗯") + said(content="你好") + said(content="🙂!") + said("stop") + DONE
    )
    whole = read(stream)
    assert whole[:-1] == [ReasoningDelta("嗯"), TextDelta("你好"), TextDelta("🙂!")]
    for at in range(len(stream)):
        assert read(stream[:at], stream[at:]) == whole
    assert read(*(bytes([byte]) for byte in stream)) == whole


def test_what_is_not_data_means_nothing() -> None:
    assert read(
        b": keep-alive\n\n",
        b"event: message\nid: 7\nretry: 10\ndata\n\n",
        sse(id="no choices"),
        sse(choices=None),
        sse(choices=[]),
        sse(choices=[{"index": 0, "delta": None}]),
        said(content=None, role="assistant"),
        said(content="x"),
        DONE,
    ) == [TextDelta("x"), Finished("stop", None, "house:m")]


def test_nothing_counts_after_done() -> None:
    machine = reader()
    machine.feed(said(content="x") + DONE + said(content="y") + b"rubbish\n")
    assert machine.done
    assert machine.feed(said(content="z")) == []
    assert machine.finish() == [Finished("stop", None, "house:m")]


def test_the_last_line_needs_no_line_end() -> None:
    assert read(said(content="x"), b"data: [DONE]")[-1] == Finished("stop", None, "house:m")


def test_both_reasoning_fields_and_the_tag() -> None:
    assert read(said(reasoning_content="a"), said(reasoning="b", content="c"), DONE)[:3] == [
        ReasoningDelta("a"),
        ReasoningDelta("b"),
        TextDelta("c"),
    ]
    assert read(said(content="<thi"), said(content="nk>d</th"), said(content="ink>\n\ne"), DONE)[:2] == [
        ReasoningDelta("d"),
        TextDelta("e"),
    ]


def test_content_as_parts_and_a_refusal() -> None:
    assert read(said(content=[{"type": "text", "text": "a"}, {"type": "x"}, "y"]), said(refusal="No."), DONE)[:2] == [
        TextDelta("a"),
        TextDelta("No."),
    ]


@pytest.mark.parametrize("finish", ["tool_calls", "stop", "length", "function_call"])
def test_calls_decide_the_finish(finish: str) -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}
    assert read(said(tool_calls=[call]), said(finish), DONE) == [
        ToolCallDelta(0, "c1", "f", "{}"),
        Finished("tool_calls", None, "house:m"),
    ]


def test_sparks_call_is_an_object() -> None:
    call = {"type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert read(sse(code=0, message="Success", choices=[{"delta": {"tool_calls": call}, "index": 0}]), DONE) == [
        ToolCallDelta(0, "call_1", "f", "{}"),
        Finished("tool_calls", None, "house:m"),
    ]


def test_sparks_search_gives_references() -> None:
    search = {"outputs": [{"index": 3, "url": "https://a", "title": "A"}, {"url": "https://b"}, {"no": 1}, 5]}
    choice = {"index": 1, "delta": {"role": "tool", "tool_calls": [{"type": "web_search", "web_search": search}]}}
    answer = read(sse(code=0, choices=[{"index": 0, "delta": {"content": ""}}, choice]), said(content="x"), DONE)
    assert answer[0] == References((Reference(3, "https://a", "A"), Reference(2, "https://b")))
    assert answer[-1] == Finished("stop", None, "house:m")


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("stop", "stop"), ("length", "length"), ("content_filter", "content_filter"), ("eos", "stop")],
)
def test_finish_reasons(finish: str, reason: str) -> None:
    last = read(said(content="x"), said(finish), DONE)[-1]
    assert isinstance(last, Finished)
    assert last.reason == reason


def test_a_house_that_does_not_stream() -> None:
    whole = {"choices": [{"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}]}
    assert read(json.dumps(whole).encode())[0] == TextDelta("hello")
    assert read(json.dumps(whole).encode() + b"\n")[0] == TextDelta("hello")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (sse(error={"message": "slow", "code": "rate_limit_exceeded"}), RateLimited),
        (sse(error={"message": "m", "type": "server_error"}, choices=[{"delta": {"content": "x"}}]), Overloaded),
        (sse(code=10907, message="too many tokens", sid="cha"), ContextTooLong),
        (sse(code=10014, message="audit", sid="cha"), ContentBlocked),
        (sse(object="error", message="maximum context length", code=400), ContextTooLong),
        (b'{"error":{"message":"m","code":"rate_limit_exceeded"}}\n', RateLimited),
        (b'event: error\ndata: {"error":"broken","choices":7}\n', Overloaded),
        (said("insufficient_system_resource"), Overloaded),
        (b'data: {"choices":\n', BadAnswer),
        (b"data: \xff\n", BadAnswer),
        (b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n', BadAnswer),
        (b"data: " + b"[" * 100_000 + b"\n", BadAnswer),
        (b"data: [1]\n", BadAnswer),
        (b'data: {"choices":[{"delta":{"content":5}}]}\n', BadAnswer),
    ],
)
def test_errors_within_the_stream(line: bytes, kind: type[ProviderError]) -> None:
    machine = reader()
    assert machine.feed(said(content="so far")) == [TextDelta("so far")]
    with pytest.raises(ProviderError) as caught:
        machine.feed(line)
    assert type(caught.value) is kind
    assert caught.value.house == "house"


def test_secrets_do_not_come_back_in_errors() -> None:
    machine = reader(secrets=("hunter22",))
    with pytest.raises(ProviderError) as caught:
        machine.feed(sse(error={"message": "key hunter22 is bad"}))
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("stream", "what"),
    [
        (b"", "empty"),
        (b": keep-alive\n\n", "empty"),
        (said(content="x"), "broke off"),
        (b"<html><body>502 Bad Gateway</body></html>", "502 Bad Gateway"),
        (b'{\n "error": {\n  "message": "out of order"\n }\n}\n', "out of order"),
    ],
)
def test_an_answer_that_is_none(stream: bytes, what: str) -> None:
    machine = reader()
    machine.feed(stream)
    with pytest.raises(ProviderError, match=what):
        machine.finish()


def test_a_line_has_an_end() -> None:
    machine = reader()
    piece = b"data: " + b"x" * (1024 * 1024)
    with pytest.raises(BadAnswer, match="without end"):
        for _ in range(LONGEST_LINE // len(piece) + 2):
            machine.feed(piece)
