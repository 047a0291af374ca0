"""Rounds of model and tools, and what of them joins which timeline."""

from __future__ import annotations

from typing import Any

import pytest

from salon.base.chat import Finished, Options, TextDelta, ToolCall, ToolCallDelta, ToolSpec, Usage
from salon.base.errors import Overloaded
from salon.base.events import ItemAdded, ItemDone, RateLimits, Response, ResponseCreated, ResponseDone
from salon.base.ids import counting
from salon.base.items import FunctionCallOutput
from salon.base.session import Truncation
from salon.turn.actions import Abort, Ask, RunTool
from salon.turn.history import History
from salon.turn.running import Plan, Running
from salon.turn.timeline import Timeline
from tests.fakes.talk import CLOCK, SEARCH, WEATHER, asked, kinds, user

START = Response(id="r", status="in_progress", conversation_id="conv_1", output_modalities=("text",))
STOP = Finished("stop", Usage(3, 2), "house:model")
CALLS = Finished("tool_calls", Usage(3, 2), "house:model")


def running(
    context: Timeline | None = None,
    *,
    joins: Timeline | None = None,
    tools: tuple[ToolSpec, ...] = (),
    served: tuple[str, ...] = (),
    show: bool = False,
    **plan: Any,
) -> Running:
    whole = {
        "instructions": "",
        "tools": tools,
        "served": frozenset(served),
        "options": Options(tool_choice="required"),
        "limit": None,
        "truncation": Truncation(),
        **plan,
    }
    context = Timeline() if context is None else context
    return Running(START, Plan(**whole), context, History(), joins=joins, new_id=counting(), show_served=show)


def conversation(text: str = "hi") -> Timeline:
    made = Timeline()
    made.insert(user(text, "u"))
    return made


def begun(made: Running) -> Running:
    made.begin(0)
    return made


def in_conversation(**how: Any) -> Running:
    talk = conversation()
    return begun(running(talk, joins=talk, **how))


def test_it_begins_by_asking() -> None:
    talk = conversation()
    made = running(talk, joins=talk, tools=(CLOCK,), instructions="Be kind.")
    created, ask = made.begin(5)
    assert created == ResponseCreated(START)
    assert isinstance(ask, Ask)
    assert [message.text for message in ask.messages] == ["Be kind.", "hi"]
    assert (ask.response_id, ask.tools, ask.options) == ("r", (CLOCK,), Options(tool_choice="required"))
    assert made.in_conversation


def test_each_item_joins_the_conversation_right_after_it_is_added_and_is_done_right_after_it_is_done() -> None:
    talk = conversation()
    made = begun(running(talk, joins=talk))
    first = made.delta(TextDelta("Hello"), 3)
    assert kinds(first) == ["OutputItemAdded", "ItemAdded", "ContentPartAdded", "OutputTextDelta"]
    assert made.writes("item_1")
    assert kinds(made.delta(TextDelta("!"), 4)) == ["OutputTextDelta"]
    last = made.delta(STOP, 9)
    assert kinds(last) == [
        *("OutputTextDone", "ContentPartDone", "OutputItemDone", "ItemDone"),
        *("ResponseDone", "RateLimits"),
    ]
    assert isinstance(first[1], ItemAdded)
    assert isinstance(last[3], ItemDone)
    assert (first[1].previous_item_id, last[3].previous_item_id) == ("u", "u")
    assert talk.get("item_1") == last[3].item
    assert made.over
    assert not made.writes("item_1")


def test_times_are_told_when_it_is_done() -> None:
    talk = conversation()
    made = running(talk, joins=talk)
    made.begin(100)
    made.delta(TextDelta("a"), 130)
    made.delta(TextDelta("b"), 150)
    done = made.delta(STOP, 180)[-2]
    assert isinstance(done, ResponseDone)
    assert (done.response.first_token_ms, done.response.duration_ms) == (30, 80)


def test_out_of_band_nothing_joins() -> None:
    talk = conversation()
    made = begun(running(talk.copy()))
    outputs = made.delta(TextDelta("Hello"), 0) + made.delta(STOP, 0)
    assert not made.in_conversation
    assert [kind for kind in kinds(outputs) if kind.startswith("Item")] == []
    assert [item.id for item in talk] == ["u"]


def test_the_servers_tools_run_and_the_model_is_asked_again() -> None:
    made = in_conversation(tools=(CLOCK, WEATHER), served=("clock", "weather"))
    assert made.delta(ToolCallDelta(0, "c1", "clock", "{}"), 0) == []
    assert made.delta(ToolCallDelta(1, "c2", "weather", '{"a":1}'), 0) == []
    assert made.delta(CALLS, 0) == [
        RunTool(response_id="r", call=ToolCall("c1", "clock", "{}")),
        RunTool(response_id="r", call=ToolCall("c2", "weather", '{"a":1}')),
    ]
    assert made.tool_done("c2", '{"error": {}}', 0) == []
    again = made.tool_done("c1", "noon", 0)
    assert kinds(again) == ["Ask"]
    assert [(message.role, message.text) for message in asked(again).messages] == [
        ("user", "hi"),
        ("assistant", ""),
        ("tool", "noon"),
        ("tool", '{"error": {}}'),
    ]
    # A forced call was for the first round.
    assert asked(again).options.tool_choice == "auto"
    assert not made.over


def test_shown_calls_and_results_are_items_of_the_conversation() -> None:
    made = in_conversation(tools=(CLOCK,), served=("clock",), show=True)
    added = made.delta(ToolCallDelta(0, "c", "clock", "{}"), 0)
    assert kinds(added) == ["OutputItemAdded", "ItemAdded", "ArgumentsDelta"]
    assert kinds(made.delta(CALLS, 0)) == ["ArgumentsDone", "OutputItemDone", "ItemDone", "RunTool"]
    result = FunctionCallOutput(id="item_2", call_id="c", output="noon", served=True)
    outputs = made.tool_done("c", "noon", 0)
    assert outputs[:2] == [ItemAdded(result, "item_1"), ItemDone(result, "item_1")]
    assert kinds(outputs[2:]) == ["Ask"]


def test_a_result_that_nobody_waits_for_is_dropped() -> None:
    made = in_conversation(tools=(CLOCK,), served=("clock",))
    assert made.tool_done("c", "early", 0) == []
    made.delta(ToolCallDelta(0, "c", "clock"), 0)
    made.delta(CALLS, 0)
    assert kinds(made.tool_done("c", "noon", 0)) == ["Ask"]
    assert made.tool_done("c", "twice", 0) == []


def test_with_the_clients_tools_in_the_same_round_the_answer_ends_when_the_servers_are_done() -> None:
    made = in_conversation(tools=(CLOCK, SEARCH), served=("clock",))
    made.delta(ToolCallDelta(0, "c1", "clock"), 0)
    made.delta(ToolCallDelta(1, "c2", "search"), 0)
    assert kinds(made.delta(CALLS, 0)) == ["ArgumentsDone", "OutputItemDone", "ItemDone", "RunTool"]
    ended = made.tool_done("c1", "noon", 0)
    assert kinds(ended) == ["ResponseDone", "RateLimits"]
    assert isinstance(ended[0], ResponseDone)
    assert ended[0].response.status == "completed"
    assert [item.id for item in ended[0].response.output] == ["item_2"]


def test_the_clients_tools_alone_end_the_answer() -> None:
    made = in_conversation(tools=(SEARCH,))
    made.delta(ToolCallDelta(0, "c", "search"), 0)
    assert kinds(made.delta(CALLS, 0))[-2:] == ["ResponseDone", "RateLimits"]


def test_in_the_last_round_the_model_may_call_no_more() -> None:
    made = in_conversation(tools=(CLOCK,), served=("clock",), max_rounds=3)
    choices = []
    for number in range(2):
        made.delta(ToolCallDelta(0, f"c{number}", "clock"), 0)
        made.delta(CALLS, 0)
        choices.append(asked(made.tool_done(f"c{number}", "noon", 0)).options.tool_choice)
    assert choices == ["auto", "none"]
    made.delta(ToolCallDelta(0, "c9", "clock"), 0)
    assert kinds(made.delta(CALLS, 0)) == ["ResponseDone", "RateLimits"]


def test_indexes_are_contiguous_over_the_rounds() -> None:
    made = in_conversation(tools=(CLOCK,), served=("clock",))
    seen = made.delta(TextDelta("Wait."), 0) + made.delta(ToolCallDelta(0, "c", "clock"), 0) + made.delta(CALLS, 0)
    seen += made.tool_done("c", "noon", 0) + made.delta(TextDelta("Noon."), 0)
    assert [getattr(event, "output_index", None) for event in seen if "Item" in type(event).__name__] == [
        *(0, None, 0, None),
        *(1, None),
    ]
    added = [event for event in seen if isinstance(event, ItemAdded)]
    assert [event.previous_item_id for event in added] == ["u", "item_1"]


def test_usage_is_that_of_all_rounds() -> None:
    made = in_conversation(tools=(CLOCK,), served=("clock",))
    made.delta(ToolCallDelta(0, "c", "clock"), 0)
    made.delta(CALLS, 0)
    made.tool_done("c", "noon", 0)
    done = made.delta(STOP, 0)[-2]
    assert isinstance(done, ResponseDone)
    assert done.response.usage == Usage(6, 4)


@pytest.mark.parametrize("waiting_for_tool", [False, True])
def test_cancelling_stops_what_runs_and_closes_what_is_open(waiting_for_tool: bool) -> None:
    made = in_conversation(tools=(CLOCK,), served=("clock",))
    if waiting_for_tool:
        made.delta(ToolCallDelta(0, "c", "clock"), 0)
        made.delta(CALLS, 0)
        closed = []
    else:
        made.delta(TextDelta("Hel"), 0)
        closed = ["OutputTextDone", "ContentPartDone", "OutputItemDone", "ItemDone"]
    outputs = made.cancel("turn_detected", 0)
    assert outputs[0] == Abort("r")
    assert kinds(outputs) == ["Abort", *closed, "ResponseDone", "RateLimits"]
    done = outputs[-2]
    assert isinstance(done, ResponseDone)
    assert (done.response.status, done.response.reason) == ("cancelled", "turn_detected")


def test_failing_ends_it() -> None:
    made = in_conversation()
    outputs = made.failed(Overloaded("Busy."), 4)
    assert kinds(outputs) == ["ResponseDone", "RateLimits"]
    assert outputs[1] == RateLimits()
    assert made.over


def test_a_conversation_that_does_not_fit_fails_before_the_model_is_asked() -> None:
    talk = conversation("x" * 400)
    talk.insert(user("y" * 400, "v"))
    made = running(talk, joins=talk, limit=50, truncation=Truncation("disabled"))
    outputs = made.begin(0)
    assert kinds(outputs) == ["ResponseCreated", "ResponseDone", "RateLimits"]
    assert isinstance(outputs[1], ResponseDone)
    assert (outputs[1].response.status, outputs[1].response.error_code) == ("failed", "context_length_exceeded")


def test_a_full_conversation_forgets_the_answer_but_gives_it() -> None:
    talk = Timeline(max_items=1)
    talk.insert(user("hi", "u"))
    made = begun(running(talk, joins=talk))
    outputs = made.delta(TextDelta("Hello"), 0) + made.delta(STOP, 0)
    assert kinds(outputs) == [
        *("OutputItemAdded", "ContentPartAdded", "OutputTextDelta"),
        *("OutputTextDone", "ContentPartDone", "OutputItemDone", "ResponseDone", "RateLimits"),
    ]
    assert [item.id for item in talk] == ["u"]


def test_with_a_context_of_its_own_the_answer_joins_the_conversation_too() -> None:
    talk, context = conversation(), conversation("other")
    made = running(context, joins=talk, tools=(CLOCK,), served=("clock",))
    assert [message.text for message in asked(made.begin(0)).messages] == ["other"]
    made.delta(ToolCallDelta(0, "c", "clock"), 0)
    made.delta(CALLS, 0)
    assert [message.text for message in asked(made.tool_done("c", "noon", 0)).messages] == ["other", "", "noon"]
    made.delta(TextDelta("Noon."), 0)
    made.delta(STOP, 0)
    assert [item.id for item in talk] == ["u", "item_1", "item_2", "item_3"]
    assert talk.get("item_3") == context.get("item_3")
