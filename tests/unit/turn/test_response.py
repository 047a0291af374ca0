"""The events of one answer, in the protocol's order, whatever ends it."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.chat import (
    Finished,
    ReasoningDelta,
    Reference,
    References,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from salon.base.errors import ContentBlocked, Overloaded
from salon.base.events import (
    ArgumentsDelta,
    ArgumentsDone,
    ContentPartAdded,
    ContentPartDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    ReasoningSeen,
    Response,
)
from salon.base.ids import counting
from salon.base.items import FunctionCall, MessageItem, OutputText
from salon.turn.response import ResponseMachine, Served

START = Response(id="r", status="in_progress", conversation_id="conv_1", output_modalities=("text",))
STOP = Finished("stop", Usage(3, 2), "house:model")


def machine(*served: str, show: bool = False) -> ResponseMachine:
    return ResponseMachine(START, new_id=counting(), served=frozenset(served), show_served=show)


def message(text: str, item_id: str = "item_1", **rest: Any) -> MessageItem:
    return MessageItem(id=item_id, role="assistant", content=(OutputText(text),), **rest)


def call(item_id: str, arguments: str = "{}", **rest: Any) -> FunctionCall:
    return FunctionCall(id=item_id, call_id="c", name="clock", arguments=arguments, **rest)


def closing(text: str, status: Any = "completed", **rest: Any) -> list[Any]:
    return [
        OutputTextDone("r", "item_1", 0, 0, text),
        ContentPartDone("r", "item_1", 0, 0, "text", text),
        OutputItemDone("r", 0, message(text, status=status, **rest)),
    ]


def test_a_text_is_added_before_its_deltas_and_done_after_them() -> None:
    answer = machine()
    assert answer.feed(TextDelta("He")) == [
        OutputItemAdded("r", 0, MessageItem(id="item_1", role="assistant", status="in_progress")),
        ContentPartAdded("r", "item_1", 0, 0, "text"),
        OutputTextDelta("r", "item_1", 0, 0, "He"),
    ]
    assert answer.feed(TextDelta("llo")) == [OutputTextDelta("r", "item_1", 0, 0, "llo")]
    assert answer.end_round(STOP) == closing("Hello")
    assert answer.complete("stop") == []
    done = answer.response
    assert (done.status, done.reason, done.error_code) == ("completed", None, None)
    assert (done.output, done.usage, done.answered_by) == ((message("Hello"),), Usage(3, 2), "house:model")


def test_a_call_streams_its_arguments() -> None:
    answer = machine()
    assert answer.feed(ToolCallDelta(0, "c", "clock")) == [
        OutputItemAdded("r", 0, call("item_1", "", status="in_progress"))
    ]
    assert answer.feed(ToolCallDelta(0, arguments='{"a"')) == [ArgumentsDelta("r", "item_1", 0, "c", '{"a"')]
    assert answer.feed(ToolCallDelta(0, arguments=":1}")) == [ArgumentsDelta("r", "item_1", 0, "c", ":1}")]
    whole = call("item_1", '{"a":1}')
    assert answer.end_round(Finished("tool_calls")) == [
        ArgumentsDone("r", "item_1", 0, "c", "clock", '{"a":1}'),
        OutputItemDone("r", 0, whole),
    ]
    assert (answer.asks_client, answer.to_serve) == (True, [])
    answer.complete("tool_calls")
    assert (answer.response.status, answer.response.output) == ("completed", (whole,))


def test_a_call_that_comes_whole_is_streamed_all_the_same() -> None:
    answer = machine()
    assert answer.feed(ToolCallDelta(3, "c", "clock", "{}")) == [
        OutputItemAdded("r", 0, call("item_1", "", status="in_progress")),
        ArgumentsDelta("r", "item_1", 0, "c", "{}"),
    ]


def test_no_arguments_at_all_are_an_empty_object() -> None:
    answer = machine()
    answer.feed(ToolCallDelta(0, "c", "clock"))
    assert answer.end_round(STOP)[-1] == OutputItemDone("r", 0, call("item_1", "{}"))


def test_a_message_is_done_before_the_call_that_follows_it() -> None:
    answer = machine()
    answer.feed(TextDelta("Wait."))
    assert answer.feed(ToolCallDelta(0, "c", "clock")) == [
        *closing("Wait."),
        OutputItemAdded("r", 1, call("item_2", "", status="in_progress")),
    ]


def test_output_is_in_the_order_of_its_indexes_whatever_is_done_first() -> None:
    answer = machine()
    answer.feed(ToolCallDelta(0, "c", "clock"))
    answer.feed(TextDelta("Meanwhile."))
    answer.end_round(STOP)
    answer.complete("stop")
    assert [item.id for item in answer.response.output] == ["item_1", "item_2"]


def test_a_hidden_call_takes_no_index_and_makes_no_event() -> None:
    answer = machine("clock")
    assert answer.feed(ToolCallDelta(0, "c", "clock", "{}")) == []
    hidden = call("item_1", served=True)
    assert answer.end_round(Finished("tool_calls", Usage(1, 1))) == [Served(hidden)]
    assert (answer.to_serve, answer.asks_client) == ([ToolCall("c", "clock", "{}")], False)
    assert answer.feed(TextDelta("Noon."))[0] == OutputItemAdded(
        "r", 0, MessageItem(id="item_2", role="assistant", status="in_progress")
    )
    answer.end_round(STOP)
    answer.complete("stop")
    assert answer.response.output == (message("Noon.", "item_2"),)
    assert answer.response.usage == Usage(4, 3)


def test_a_shown_call_of_the_servers_looks_like_any_other() -> None:
    answer = machine("clock", show=True)
    assert answer.feed(ToolCallDelta(0, "c", "clock")) == [
        OutputItemAdded("r", 0, call("item_1", "", status="in_progress", served=True))
    ]
    assert answer.end_round(STOP)[-1] == OutputItemDone("r", 0, call("item_1", served=True))
    assert (answer.to_serve, answer.asks_client) == ([ToolCall("c", "clock", "{}")], False)


def test_reasoning_belongs_to_what_it_led_to_and_is_seen_by_those_who_asked() -> None:
    answer = machine(show=True)
    assert answer.feed(ReasoningDelta("hm")) == [ReasoningSeen("r", "hm")]
    answer.feed(TextDelta("Yes."))
    assert answer.end_round(STOP) == closing("Yes.", reasoning="hm")
    quiet = machine()
    assert quiet.feed(ReasoningDelta("hm")) == []
    quiet.feed(ToolCallDelta(0, "c", "clock"))
    assert quiet.end_round(STOP)[-1] == OutputItemDone("r", 0, call("item_1", reasoning="hm"))
    quiet.feed(TextDelta("Then."))
    assert quiet.end_round(STOP)[-1] == OutputItemDone("r", 1, message("Then.", "item_2"))


def test_references_belong_to_the_message_that_is_said() -> None:
    answer = machine()
    page = Reference(1, "https://x", "X")
    assert answer.feed(References((page,))) == []
    answer.feed(TextDelta("Yes."))
    answer.feed(References((page,)))
    assert answer.end_round(STOP) == closing("Yes.", references=(page, page))


def test_a_stray_end_is_not_a_delta() -> None:
    assert machine().feed(STOP) == []


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        ("stop", "completed", None),
        ("tool_calls", "completed", None),
        ("length", "incomplete", "max_output_tokens"),
        ("content_filter", "incomplete", "content_filter"),
    ],
)
def test_how_the_model_stopped(finish: Any, status: str, reason: str | None) -> None:
    answer = machine()
    answer.feed(TextDelta("Hello"))
    assert answer.end_round(Finished(finish)) == closing("Hello", status)
    answer.complete(finish)
    assert (answer.response.status, answer.response.reason) == (status, reason)


def test_a_call_that_was_cut_off_is_neither_run_nor_asked_for() -> None:
    answer = machine("clock")
    answer.feed(ToolCallDelta(0, "c", "clock", '{"a'))
    answer.feed(ToolCallDelta(1, "d", "search", '{"b'))
    cut = FunctionCall(id="item_2", call_id="d", name="search", arguments='{"b', status="incomplete")
    assert answer.end_round(Finished("length")) == [
        Served(call("item_1", '{"a', status="incomplete", served=True)),
        OutputItemDone("r", 0, cut),
    ]
    assert (answer.to_serve, answer.asks_client) == ([], False)


def test_cancelled_closes_all_that_is_open() -> None:
    answer = machine()
    answer.feed(TextDelta("Hel"))
    assert answer.cancel("client_cancelled") == closing("Hel", "incomplete")
    done = answer.response
    assert (done.status, done.reason) == ("cancelled", "client_cancelled")
    assert done.output == (message("Hel", status="incomplete"),)
    assert done.usage == Usage()


def test_failed_keeps_what_was_said() -> None:
    answer = machine()
    answer.feed(TextDelta("Hel"))
    assert answer.fail(Overloaded("Busy. Try again.")) == closing("Hel", "incomplete")
    done = answer.response
    assert (done.status, done.reason) == ("failed", None)
    assert (done.error_code, done.error_message) == ("provider_overloaded", "Busy. Try again.")


@pytest.mark.parametrize(("withdraw", "kept"), [(False, "Bad"), (True, "")])
def test_blocked_content_is_taken_back_where_the_house_says_so(withdraw: bool, kept: str) -> None:
    answer = machine()
    answer.feed(TextDelta("Bad"))
    assert answer.fail(ContentBlocked("No.", withdraw=withdraw)) == closing(kept, "incomplete")
    done = answer.response
    assert (done.status, done.reason, done.error_code) == ("incomplete", "content_filter", "content_filter")


def test_an_empty_answer_has_no_items() -> None:
    answer = machine()
    assert answer.end_round(STOP) == []
    answer.complete("stop")
    assert (answer.response.status, answer.response.output) == ("completed", ())


def test_references_are_given_once() -> None:
    answer = machine("clock")
    answer.feed(References((Reference(1, "https://x"),)))
    answer.feed(TextDelta("One."))
    answer.end_round(STOP)
    answer.feed(TextDelta("Two."))
    answer.end_round(STOP)
    answer.complete("stop")
    assert [len(item.references) for item in answer.response.output if isinstance(item, MessageItem)] == [1, 0]
