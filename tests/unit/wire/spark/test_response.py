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
from salon.base.errors import BadAnswer
from salon.wire.spark import AnswerEncoder, Frame, decode_frame, encode_error, new_sid
from salon.wire.spark.response import Call

SID = "cht000cb087@dx18793cd421fb894542"
PAGE = Reference(1, "https://example.com", "例")


def frames(*deltas: Delta, **settings: Any) -> list[dict[str, Any]]:
    encoder = AnswerEncoder(SID, **settings)
    return [json.loads(text) for delta in deltas if (text := encoder.feed(delta)) is not None]


def response(**payload: Any) -> str:
    return json.dumps({"header": {"code": 0, "message": "Success", "sid": SID, "status": 1}, "payload": payload})


def test_the_shape_that_suits_every_client() -> None:
    first, second, last = frames(TextDelta("你"), TextDelta("好"), Finished("stop", Usage(20, 2)), question_share=0.5)
    assert first == {
        "header": {"code": 0, "message": "Success", "sid": SID, "status": 0},
        "payload": {"choices": {"status": 0, "seq": 0, "text": [{"content": "你", "role": "assistant", "index": 0}]}},
    }
    assert second["header"]["status"] == 1
    assert second["payload"]["choices"]["seq"] == 1
    assert last == {
        "header": {"code": 0, "message": "Success", "sid": SID, "status": 2},
        "payload": {
            "choices": {"status": 2, "seq": 2, "text": [{"content": "", "role": "assistant", "index": 0}]},
            "usage": {"text": {"question_tokens": 10, "prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22}},
        },
    }


def test_an_answer_without_words_is_one_frame() -> None:
    (only,) = frames(Finished("stop"))
    assert only["header"]["status"] == 2
    assert only["payload"]["usage"]["text"]["total_tokens"] == 0


def test_thoughts_come_apart() -> None:
    thought, text, _ = frames(ReasoningDelta("hm"), TextDelta("yes"), Finished("stop"))
    assert thought["payload"]["choices"]["text"] == [
        {"content": "", "reasoning_content": "hm", "role": "assistant", "index": 0}
    ]
    # langchain keeps the last reasoning_content it sees, so that an empty one would wipe out the thoughts.
    assert "reasoning_content" not in text["payload"]["choices"]["text"][0]


def test_a_function_call_is_in_the_last_frame() -> None:
    (only,) = frames(
        ToolCallDelta(0, "call_1", "weather", '{"ci'),
        ToolCallDelta(0, arguments='ty":1}'),
        Finished("tool_calls", Usage(1, 1)),
    )
    assert only["payload"]["choices"] == {
        "status": 2,
        "seq": 0,
        "text": [
            {
                "content": "",
                "role": "assistant",
                "index": 0,
                "function_call": {"name": "weather", "arguments": '{"city":1}'},
            }
        ],
    }


def test_of_several_calls_the_first_is_sent() -> None:
    (only,) = frames(ToolCallDelta(0, "1", "a"), ToolCallDelta(1, "2", "b", "{1}"), Finished("tool_calls"))
    assert only["payload"]["choices"]["text"][0]["function_call"] == {"name": "a", "arguments": "{}"}


def test_references_only_for_those_who_asked() -> None:
    assert frames(References((PAGE,))) == []
    (plugins,) = frames(References((PAGE,)), labels=True)
    assert plugins["header"]["status"] == 1
    assert "choices" not in plugins["payload"]
    (text,) = plugins["payload"]["plugins"]["text"]
    assert (text["name"], text["role"]) == ("ifly_search", "tool")
    assert json.loads(text["content"]) == [{"index": 1, "url": "https://example.com", "title": "例"}]


def test_an_error() -> None:
    text = encode_error(11200, "AppIdNoAuthError", SID)
    assert json.loads(text) == {"header": {"code": 11200, "message": "AppIdNoAuthError", "sid": SID, "status": 2}}
    assert decode_frame(text) == Frame(code=11200, message="AppIdNoAuthError", sid=SID, last=True)


def test_what_is_written_is_read() -> None:
    encoder = AnswerEncoder(SID, labels=True)
    answer: list[Delta] = [
        References((PAGE,)),
        ReasoningDelta("hm"),
        TextDelta("你"),
        ToolCallDelta(0, "1", "f", "{}"),
        Finished("tool_calls", Usage(3, 4)),
    ]
    assert [decode_frame(text) for delta in answer if (text := encoder.feed(delta)) is not None] == [
        Frame(sid=SID, references=(PAGE,)),
        Frame(sid=SID, reasoning="hm"),
        Frame(sid=SID, text="你"),
        Frame(sid=SID, last=True, call=Call("f", "{}"), usage=Usage(3, 4)),
    ]


@pytest.mark.parametrize(
    ("payload", "frame"),
    [
        pytest.param({}, Frame(sid=SID), id="empty"),
        pytest.param({"choices": {"status": 2, "text": []}}, Frame(sid=SID, last=True), id="no text"),
        pytest.param(
            {"choices": {"status": 2, "text": [{"content": "x"}]}},
            Frame(sid=SID, last=True, text="x"),
            id="text in the last",
        ),
        pytest.param(
            {"choices": {"text": [{"content": None, "function_call": {"name": "f", "arguments": {"a": 1}}}]}},
            Frame(sid=SID, call=Call("f", '{"a": 1}')),
            id="arguments as an object",
        ),
        pytest.param(
            {"choices": {"text": [{"function_call": {"name": "f", "arguments": None}}]}},
            Frame(sid=SID, call=Call("f", "{}")),
            id="no arguments",
        ),
        pytest.param({"choices": {"text": [{"function_call": {"name": None}}]}}, Frame(sid=SID), id="no name"),
        pytest.param({"usage": {"text": {"prompt_tokens": None}}}, Frame(sid=SID, usage=Usage()), id="null tokens"),
        pytest.param({"usage": {}}, Frame(sid=SID), id="empty usage"),
        pytest.param({"plugins": {"text": [{"content": "[{"}]}}, Frame(sid=SID), id="broken references"),
        pytest.param(
            {"plugins": {"text": [{"content": [1, {"url": 2}, {"url": "u", "index": "x", "title": None}]}]}},
            Frame(sid=SID, references=(Reference(1, "u", ""),)),
            id="odd references",
        ),
    ],
)
def test_frames_of_others(payload: dict[str, Any], frame: Frame) -> None:
    assert decode_frame(response(**payload)) == frame


def test_the_headers_status_is_enough() -> None:
    assert decode_frame('{"header": {"code": 0, "status": 2}}').last
    assert not decode_frame('{"header": {}}').last


@pytest.mark.parametrize("data", ["", "{", "[]", "{}", '{"header": {"code": "x"}}', b"\xff\xfe"])
def test_what_is_no_frame(data: str | bytes) -> None:
    with pytest.raises(BadAnswer) as caught:
        decode_frame(data)
    assert caught.value.house == "spark"


def test_says_something() -> None:
    assert not Frame(usage=Usage(1, 1), last=True).says_something
    assert Frame(reasoning="x").says_something


def test_sid_has_sparks_form() -> None:
    sid = new_sid(bytes.fromhex("000cb087b89454"), 0x18793CD421F)
    assert sid == SID
    assert len(new_sid(bytes(7), 0)) == len(SID)
