"""Function calls in all the shapes in which houses send them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from salon.base.chat import Delta, ToolCallDelta
from salon.base.errors import BadAnswer
from salon.base.ids import counting
from salon.wire.openai_chat.calls import Calls, Piece


def pieces_to_deltas(*pieces: dict[str, Any]) -> list[ToolCallDelta]:
    calls, out = Calls("house", counting()), list[Delta]()
    for piece in pieces:
        calls.feed(msgspec.convert(piece, Piece), out)
    calls.finish(out)
    assert all(isinstance(delta, ToolCallDelta) for delta in out)
    return out  # type: ignore[return-value]


def assembled(*pieces: dict[str, Any]) -> list[tuple[str, str, str]]:
    """``(id, name, arguments)`` as a reader of the deltas puts them together; it relies on their rule."""
    calls: dict[int, tuple[str, str, str]] = {}
    for delta in pieces_to_deltas(*pieces):
        if delta.index in calls:
            call_id, name, arguments = calls[delta.index]
            assert not delta.id
            assert not delta.name
            calls[delta.index] = (call_id, name, arguments + delta.arguments)
        else:
            assert delta.id
            assert delta.name
            assert delta.index == len(calls)
            calls[delta.index] = (delta.id, delta.name, delta.arguments)
    return list(calls.values())


def piece(
    index: int | None = None, id: str | None = None, name: str | None = None, arguments: Any = None
) -> dict[str, Any]:
    return {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def test_openais_way() -> None:
    deltas = pieces_to_deltas(
        piece(0, "call_a", "f", ""),
        piece(0, arguments='{"x"'),
        piece(0, arguments=":1}"),
        piece(1, "call_b", "g", "{}"),
    )
    assert deltas == [
        ToolCallDelta(0, "call_a", "f", ""),
        ToolCallDelta(0, arguments='{"x"'),
        ToolCallDelta(0, arguments=":1}"),
        ToolCallDelta(1, "call_b", "g", "{}"),
    ]


@pytest.mark.parametrize(
    ("pieces", "calls"),
    [
        pytest.param([piece(0, "a", "f", '{"x":1}')], [("a", "f", '{"x":1}')], id="whole"),
        pytest.param([piece(0, None, "f", "{}")], [("call_1", "f", "{}")], id="no id"),
        pytest.param([piece(0, "", "f", "{}")], [("call_1", "f", "{}")], id="empty id"),
        pytest.param([piece(0, "a", "f", {"x": 1})], [("a", "f", '{"x":1}')], id="object"),
        pytest.param([piece(0, "a", "f")], [("a", "f", "{}")], id="no arguments"),
        pytest.param([piece(0, "a", "f", " "), piece(0, arguments="\n")], [("a", "f", " \n{}")], id="blank arguments"),
        pytest.param(
            [piece(None, "a", "f", '{"x"'), piece(arguments=":1}"), piece(None, "b", "g", "{}")],
            [("a", "f", '{"x":1}'), ("b", "g", "{}")],
            id="no index",
        ),
        pytest.param(
            [piece(None, "a", "f", '{"x"'), piece(None, "b", "g", '{"y"'), piece(None, "a", None, ":1}")],
            [("a", "f", '{"x":1}'), ("b", "g", '{"y"')],
            id="no index, by id",
        ),
        pytest.param(
            [piece(name="f", arguments="{}"), piece(name="f", arguments="{}")],
            [("call_1", "f", "{}"), ("call_2", "f", "{}")],
            id="neither index nor id",
        ),
        pytest.param(
            [piece(0, "a", "f", "{}"), piece(0, "b", "f", "{}")],
            [("a", "f", "{}"), ("b", "f", "{}")],
            id="one index for two",
        ),
        pytest.param(
            [piece(0, "a", "f"), piece(0, "b", "g")], [("a", "f", "{}"), ("b", "g", "{}")], id="one index, no arguments"
        ),
        pytest.param(
            [piece(0, "a", "f", '{"x'), piece(0, "a", "f", '":1}')], [("a", "f", '{"x":1}')], id="name in each piece"
        ),
        pytest.param(
            [piece(0, "a", "f", '{"x'), piece(0, "b", "f", '":'), piece(0, "c", None, "1}")],
            [("a", "f", '{"x":1}')],
            id="fresh id in each piece",
        ),
        pytest.param(
            [piece(None, "a", "f", '{"x"'), piece(None, "b", None, ":1}")],
            [("a", "f", '{"x":1}')],
            id="fresh id, no index",
        ),
        pytest.param(
            [piece(0, "a", None, '{"x"'), piece(0, None, "f", ":1}")], [("a", "f", '{"x":1}')], id="name comes late"
        ),
        pytest.param(
            [piece(3, "a", "f", "{}"), piece(7, "b", "g", "{}")], [("a", "f", "{}"), ("b", "g", "{}")], id="gaps"
        ),
        pytest.param([piece(0, "a", "f", "{}"), piece(0, ""), {}], [("a", "f", "{}")], id="empty pieces"),
        pytest.param(
            [
                piece(0, "a", "f", '{"x":'),
                piece(1, "b", "g", '{"y":'),
                piece(0, arguments="1}"),
                piece(1, arguments="2}"),
            ],
            [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')],
            id="interleaved",
        ),
    ],
)
def test_shapes(pieces: list[dict[str, Any]], calls: list[tuple[str, str, str]]) -> None:
    assert assembled(*pieces) == calls


def test_a_call_without_a_name_is_no_answer() -> None:
    with pytest.raises(BadAnswer, match="without a name"):
        pieces_to_deltas(piece(0, "a", None, "{}"))
