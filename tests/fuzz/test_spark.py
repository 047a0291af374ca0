"""Spark's frames and signatures under input that nobody planned."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.base.chat import (
    Delta,
    Finished,
    Message,
    Options,
    ReasoningDelta,
    Reference,
    References,
    Text,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from salon.base.errors import BadAnswer, ClientError
from salon.wire import spark_auth
from salon.wire.spark import AnswerEncoder, Dialect, Frame, decode_frame, decode_request, encode_request
from salon.wire.spark_auth import Claim, Rejection

few = settings(max_examples=300, deadline=None)

words = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)

REQUEST: dict[str, Any] = {
    "header": {"app_id": "a", "uid": "u"},
    "parameter": {
        "chat": {
            "domain": "d",
            "temperature": 0.5,
            "top_k": 4,
            "thinking": {"type": "enabled"},
            "tools": [{"type": "web_search", "web_search": {"enable": True}}],
        }
    },
    "payload": {
        "message": {"text": [{"role": "user", "content": "x", "content_type": "text"}]},
        "functions": {"text": [{"name": "f", "parameters": {}}]},
    },
}
RESPONSE: dict[str, Any] = {
    "header": {"code": 0, "message": "Success", "sid": "cht1", "status": 2},
    "payload": {
        "choices": {"status": 2, "seq": 0, "text": [{"content": "x", "function_call": {"name": "f", "arguments": ""}}]},
        "usage": {"text": {"prompt_tokens": 1, "completion_tokens": 1}},
        "plugins": {"text": [{"name": "ifly_search", "content": '[{"url": "u"}]'}]},
    },
}


@st.composite
def bent(draw: st.DrawFn, frame: dict[str, Any]) -> str:
    """``frame`` with one value, somewhere in it, that is something else."""
    frame = json.loads(json.dumps(frame))
    here: Any = frame
    while True:
        key = draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here))))
        if isinstance(here[key], dict | list) and here[key] and draw(st.booleans()):
            here = here[key]
        else:
            here[key] = draw(values)
            return json.dumps(frame)


@few
@given(bent(REQUEST) | words | st.binary(max_size=40) | values.map(json.dumps))
def test_a_request_is_read_or_refused_with_a_code(frame: str | bytes) -> None:
    try:
        question = decode_request(frame)
    except ClientError as error:
        assert error.code in {"10003", "10004", "10005", "10022"}
        assert str(error)
    else:
        assert question.messages
        assert 0 <= question.question_share <= 1


@few
@given(bent(RESPONSE) | words | st.binary(max_size=40) | values.map(json.dumps))
def test_a_frame_is_read_or_is_a_bad_answer(frame: str | bytes) -> None:
    try:
        assert isinstance(decode_frame(frame), Frame)
    except BadAnswer as error:
        assert error.house == "spark"


messages = st.lists(
    st.one_of(
        st.builds(
            lambda role, text: Message(role=role, content=(Text(text),)),
            st.sampled_from(["system", "user", "assistant"]),
            words,
        ),
        st.builds(
            lambda name, arguments: Message(role="assistant", tool_calls=(ToolCall("1", name, arguments),)),
            words,
            words,
        ),
        st.builds(lambda text: Message(role="tool", content=(Text(text),), tool_call_id="1"), words),
    ),
    max_size=8,
)


@few
@given(messages, st.booleans())
def test_whatever_was_said_spark_gets_the_turns_it_wants(said: list[Message], system: bool) -> None:
    frame = encode_request(said, (), Options(), dialect=Dialect(domain="d", system=system), app_id="a")
    lines = json.loads(frame)["payload"]["message"]["text"]
    roles = [line["role"] for line in lines]
    if roles[0] == "system":
        assert system
        roles = roles[1:]
    assert roles[0] == roles[-1] == "user"
    assert all(one != next_one for one, next_one in pairwise(roles))
    assert all(line["content"] for line in lines)
    everything = "\n".join(line["content"] for line in lines)
    assert all(message.text in everything for message in said if message.role != "tool")
    assert len(decode_request(frame).messages) == len(lines)


deltas: st.SearchStrategy[Delta] = st.one_of(
    words.filter(bool).map(TextDelta),
    words.filter(bool).map(ReasoningDelta),
    st.builds(ToolCallDelta, st.integers(0, 2), words, words.filter(bool), words),
    st.builds(lambda url, title: References((Reference(1, url, title),)), words, words),
)
tokens = st.integers(0, 10**9)


@few
@given(st.lists(deltas, max_size=8), tokens, tokens, st.booleans())
def test_an_answer_survives_the_wire(said: list[Delta], asked: int, answered: int, labels: bool) -> None:
    encoder = AnswerEncoder("cht1@dx2", labels=labels)
    frames = [text for delta in [*said, Finished("stop", Usage(asked, answered))] if (text := encoder.feed(delta))]
    read = [decode_frame(text) for text in frames]
    assert "".join(frame.text for frame in read) == "".join(d.text for d in said if isinstance(d, TextDelta))
    assert "".join(frame.reasoning for frame in read) == "".join(d.text for d in said if isinstance(d, ReasoningDelta))
    assert [frame.last for frame in read] == [False] * (len(read) - 1) + [True]
    assert [frame.usage for frame in read if frame.usage] == [Usage(asked, answered)]
    assert read[-1].text == ""
    assert (read[-1].call is not None) == any(isinstance(d, ToolCallDelta) for d in said)
    choices = [choice for text in frames if (choice := json.loads(text)["payload"].get("choices"))]
    assert [choice["seq"] for choice in choices] == list(range(len(choices)))
    assert labels or len(choices) == len(frames)


@few
@given(st.dictionaries(st.sampled_from(["authorization", "date", "host"]), words))
def test_any_query_is_claimed_or_rejected(query: dict[str, str]) -> None:
    assert isinstance(spark_auth.parse(query), Claim | Rejection)


names = st.text(st.characters(exclude_characters='"', exclude_categories=("Cs",)), min_size=1, max_size=20)


@few
@given(names, words, names, st.integers(0, 4_000_000_000), st.integers(-400, 400))
def test_what_is_signed_is_accepted_within_the_window(key: str, secret: str, host: str, unix: int, skew: int) -> None:
    date = spark_auth.http_date(unix)
    signature = spark_auth.sign(secret, host=host, date=date, path="/p")
    query = {"authorization": spark_auth.authorization(key, signature), "date": date, "host": host}
    answer = spark_auth.verify(query, path="/p", secret_of={key: secret}.get, now=unix + skew)
    if abs(skew) <= 300:
        assert isinstance(answer, Claim)
        assert answer.api_key == key
    else:
        assert answer == spark_auth.WRONG_DATE
    other = spark_auth.verify(query, path="/p", secret_of=lambda _: secret + "x", now=unix)
    assert other == spark_auth.WRONG_SIGNATURE
