"""Whatever a house sends: deltas that keep their rules, or a ``ProviderError``."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import given, seed, settings
from hypothesis import strategies as st

from salon.base.chat import Delta, Finished, ReasoningDelta, References, TextDelta, ToolCallDelta
from salon.base.errors import ProviderError
from salon.base.ids import counting
from salon.wire.openai_chat import ChunkReader, failure

QUICK = settings(max_examples=300, deadline=None, derandomize=True)

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


texts = st.none() | st.text(max_size=12) | st.sampled_from(["<think>", "</think>", "<th", "ink>", "\n"])
pieces = maybe(
    index=st.none() | st.integers(0, 2),
    id=st.none() | st.sampled_from(["", "a", "b"]),
    function=st.none()
    | maybe(
        name=st.none() | st.sampled_from(["", "f", "g"]),
        arguments=st.none() | st.sampled_from(["", "{}", '{"x":', "1}"]),
    ),
)
deltas = maybe(
    content=texts,
    reasoning=texts,
    reasoning_content=texts,
    refusal=texts,
    tool_calls=st.lists(pieces, max_size=3) | pieces,
)
choices = maybe(
    index=st.integers(0, 1),
    delta=st.none() | deltas,
    finish_reason=st.none() | st.sampled_from(["stop", "length", "tool_calls", "content_filter", "other"]),
)
chunks = maybe(
    choices=st.none() | st.lists(choices, max_size=2), usage=values, id=values, code=st.sampled_from([0, None])
)
lines = st.one_of(
    chunks.map(lambda chunk: b"data: " + json.dumps(chunk).encode()),
    values.map(lambda value: b"data:" + json.dumps(value).encode()),
    st.binary(max_size=30).map(lambda rubbish: b"data: " + rubbish),
    st.binary(max_size=30),
    st.sampled_from([b": keep-alive", b"", b"data: [DONE]", b"event: x"]),
)
good_lines = chunks.map(lambda chunk: b"data: " + json.dumps(chunk).encode())


def read(stream: bytes, cuts: list[int]) -> list[Delta] | str:
    """The deltas, or the message of the error; whichever, adjacent text joined so that cuts do not show."""
    reader, out = ChunkReader("house:m", new_id=counting()), list[Delta]()
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    try:
        for start, end in pairwise(places):
            out += reader.feed(stream[start:end])
        out += reader.finish()
    except ProviderError as error:
        return str(error)
    return out


def check(out: list[Delta]) -> None:
    assert isinstance(out[-1], Finished)
    assert not any(isinstance(delta, Finished) for delta in out[:-1])
    begun: set[int] = set()
    for delta in out:
        match delta:
            case TextDelta(text) | ReasoningDelta(text):
                assert text
            case ToolCallDelta(index, call_id, name, arguments):
                if index in begun:
                    assert not call_id
                    assert not name
                    assert arguments
                else:
                    assert call_id
                    assert name
                    assert index == len(begun)
                    begun.add(index)
            case References(references):
                assert references
    assert not begun or out[-1].reason in ("tool_calls", "content_filter")


@seed(1)
@QUICK
@given(
    st.lists(lines, max_size=8), st.lists(st.integers(0, 2000), max_size=5), st.sampled_from([b"\n", b"\r\n", b"\n\n"])
)
def test_any_stream(parts: list[bytes], cuts: list[int], end: bytes) -> None:
    stream = end.join([*parts, b""])
    whole = read(stream, [])
    if not isinstance(whole, str):
        check(whole)
    assert read(stream, cuts) == whole


@seed(2)
@QUICK
@given(st.lists(good_lines, max_size=8))
def test_no_thought_becomes_an_answer_and_nothing_is_lost(parts: list[bytes]) -> None:
    out = read(b"\n".join([*parts, b"data: [DONE]", b""]), [])
    if isinstance(out, str):
        assert "without a name" in out
        return
    check(out)
    sent = thought = ""
    for part in parts:
        for choice in json.loads(part[6:]).get("choices") or ():
            delta = choice.get("delta") or {}
            thought += delta.get("reasoning_content") or delta.get("reasoning") or ""
            sent += (delta.get("content") or "") + (delta.get("refusal") or "")
    answered = "".join(delta.text for delta in out if isinstance(delta, TextDelta))
    reasoned = "".join(delta.text for delta in out if isinstance(delta, ReasoningDelta))
    if "<think>" not in sent:
        assert "".join(answered.split()) == "".join(sent.split())
        assert reasoned == thought


@seed(3)
@QUICK
@given(st.integers(0, 999), st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()), texts)
def test_any_failure(status: int, body: bytes, retry_after: str | None) -> None:
    error = failure(status, body, house="house", retry_after=retry_after)
    assert isinstance(error, ProviderError)
    assert error.message.startswith("house ")
    assert len(error.message) < 320
