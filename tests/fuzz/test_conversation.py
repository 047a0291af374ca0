"""Anything may be asked of a conversation and said to it, in any order: what the client is told always makes sense.

The client here believes what it is told and nothing else: it keeps its own list of items by ``previous_item_id``, and its
own picture of every response. Both must be those of the machine.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salon.base.chat import (
    Delta,
    Finished,
    Message,
    ReasoningDelta,
    Reference,
    References,
    TextDelta,
    ToolCallDelta,
    Usage,
)
from salon.base.commands import (
    CancelResponse,
    Command,
    CreateItem,
    CreateResponse,
    DeleteItem,
    RetrieveItem,
    TruncateItem,
    UpdateSession,
)
from salon.base.errors import ContentBlocked, Overloaded, ProviderError
from salon.base.events import (
    ArgumentsDelta,
    ArgumentsDone,
    ContentPartAdded,
    ContentPartDone,
    ErrorSeen,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    RateLimits,
    ReasoningSeen,
    Response,
    ResponseCreated,
    ResponseDone,
)
from salon.base.items import FunctionCall, FunctionCallOutput, InputText, Item, ItemReference, MessageItem
from salon.base.session import ResponseParams, SessionPatch, Truncation
from salon.turn.actions import Abort, Ask, RunTool
from salon.turn.running import Output
from tests.fakes.talk import CLOCK, SEARCH, WEATHER, Talk

NAMES = ("clock", "weather", "search", "unheard_of")
ITEM_IDS = ("", "a", "b", "c", "d", "item_999")

number = st.integers(0, 7)
text = st.text("ab你", min_size=1, max_size=4)
item_id = st.sampled_from(ITEM_IDS)
operation = st.one_of(
    st.tuples(st.just("user"), item_id, st.one_of(st.none(), st.just("root"), st.sampled_from(ITEM_IDS), number)),
    st.tuples(st.just("result"), item_id, number),
    st.tuples(st.just("their call"), item_id, number),
    st.tuples(st.just("delete"), number),
    st.tuples(st.just("retrieve"), number),
    st.tuples(st.just("truncate"), number),
    st.tuples(st.just("session"), st.sampled_from(("auto", "disabled", "retention_ratio"))),
    st.tuples(
        st.just("create"), st.sampled_from(("auto", "auto", "none")), st.one_of(st.none(), st.lists(number, max_size=3))
    ),
    st.tuples(st.just("cancel"), st.one_of(st.none(), number)),
    st.tuples(st.just("text"), number, text),
    st.tuples(st.just("text"), number, text),
    st.tuples(st.just("call"), number, st.integers(0, 2), st.sampled_from(NAMES), st.sampled_from(("", "{}", '{"a":'))),
    st.tuples(st.just("think"), number, text),
    st.tuples(st.just("refer"), number),
    st.tuples(st.just("finish"), number, st.sampled_from(("stop", "stop", "tool_calls", "length", "content_filter"))),
    st.tuples(st.just("fail"), number, st.sampled_from(("overloaded", "blocked", "withdrawn"))),
    st.tuples(st.just("tool"), number),
    st.tuples(st.just("tool"), number),
)

ERRORS: dict[str, ProviderError] = {
    "overloaded": Overloaded("Busy."),
    "blocked": ContentBlocked("No."),
    "withdrawn": ContentBlocked("No.", withdraw=True),
}


class Picture:
    """A response as its client sees it."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.items: dict[int, Item] = {}
        self.open: dict[str, int] = {}
        self.parts: dict[str, str] = {}
        self.told: dict[str, str] = {}
        self.arguments: dict[str, str] = {}
        self.over = False


class Believer:
    """A client that is told things, and objects where they do not fit with what it was told before."""

    def __init__(self, show_served: bool) -> None:
        self.shows_served = show_served
        self.order: list[str] = []
        self.items: dict[str, Item] = {}
        self.unfinished: set[str] = set()
        self.responses: dict[str, Picture] = {}
        self.waiting: list[RunTool] = []

    @property
    def active(self) -> list[Picture]:
        return [picture for picture in self.responses.values() if not picture.over]

    def hear(self, outputs: list[Output]) -> None:
        for output, following in pairwise([*outputs, None]):
            self.one(output)
            assert isinstance(output, ResponseDone) == isinstance(following, RateLimits)
            if isinstance(output, OutputItemAdded) and self.responses[output.response_id].response.conversation_id:
                assert isinstance(following, ItemAdded)
                assert following.item == output.item
            if isinstance(output, OutputItemDone) and self.responses[output.response_id].response.conversation_id:
                assert isinstance(following, ItemDone)
                assert following.item == output.item

    def one(self, output: Output) -> None:
        response_id = getattr(output, "response_id", None)
        if response_id is not None:
            assert not self.responses[response_id].over, "nothing after done"
            self.of_response(output, self.responses[response_id])
        match output:
            case ResponseCreated(response):
                assert response.id not in self.responses
                assert (response.status, response.output, response.usage) == ("in_progress", (), None)
                if response.conversation_id:
                    assert not [each for each in self.active if each.response.conversation_id]
                self.responses[response.id] = Picture(response)
            case ResponseDone(response):
                picture = self.responses[response.id]
                assert not picture.over, "exactly one done"
                assert not picture.open
                assert not picture.parts
                assert response.status != "in_progress"
                assert response.usage is not None
                assert list(response.output) == [picture.items[index] for index in range(len(picture.items))]
                assert response.metadata == picture.response.metadata
                assert response.conversation_id == picture.response.conversation_id
                picture.over = True
            case ItemAdded(item, previous):
                assert item.id not in self.items
                assert self.shows_served or not getattr(item, "served", False)
                self.order.insert(0 if previous is None else self.order.index(previous) + 1, item.id)
                self.items[item.id] = item
                self.unfinished.add(item.id)
            case ItemDone(item, previous):
                self.unfinished.remove(item.id)
                self.items[item.id] = item
                index = self.order.index(item.id)
                assert previous == (self.order[index - 1] if index else None)
                assert item.status != "in_progress"
            case ItemDeleted(gone):
                assert gone not in self.unfinished
                self.order.remove(gone)
                del self.items[gone]

    def of_response(self, output: Output, picture: Picture) -> None:
        match output:
            case Ask():
                well_formed(output.messages)
            case RunTool():
                self.waiting.append(output)
            case OutputItemAdded():
                assert output.output_index == len(picture.items), "contiguous"
                assert output.item.status == "in_progress"
                picture.items[output.output_index] = output.item
                picture.open[output.item.id] = output.output_index
                if isinstance(output.item, FunctionCall):
                    assert output.item.arguments == ""
                    picture.arguments[output.item.id] = ""
            case OutputItemDone():
                assert picture.open.pop(output.item.id) == output.output_index
                assert output.item.id not in picture.parts
                picture.items[output.output_index] = output.item
            case ContentPartAdded():
                assert picture.open[output.item_id] == output.output_index
                assert output.item_id not in picture.parts
                picture.parts[output.item_id] = ""
            case OutputTextDelta():
                assert picture.open[output.item_id] == output.output_index
                assert output.delta
                assert output.item_id not in picture.told
                picture.parts[output.item_id] += output.delta
            case OutputTextDone():
                assert output.text in ("", picture.parts[output.item_id])
                picture.told[output.item_id] = output.text
            case ContentPartDone():
                assert output.text == picture.told[output.item_id]
                del picture.parts[output.item_id]
            case ArgumentsDelta():
                assert picture.open[output.item_id] == output.output_index
                picture.arguments[output.item_id] += output.delta
            case ArgumentsDone():
                assert picture.open[output.item_id] == output.output_index
                assert output.arguments == (picture.arguments[output.item_id] or "{}")
            case ReasoningSeen():
                assert self.shows_served


def well_formed(messages: tuple[Message, ...]) -> None:
    """What every house demands: results right behind their calls, one for each, and none without."""
    expected: list[str] = []
    for message in messages:
        if message.role == "tool":
            assert message.tool_call_id == expected.pop(0)
        else:
            assert not expected
            expected = [call.id for call in message.tool_calls]
            assert message.content or message.tool_calls
    assert not expected


class Drive:
    def __init__(self, show_served: bool, context: int | None) -> None:
        self.talk = Talk(
            served=(CLOCK, WEATHER),
            tools=(SEARCH,),
            show_served=show_served,
            character={"context": context, "max_rounds": 3},
        )
        self.client = Believer(show_served)
        self.results = 0

    def known(self, index: int) -> str:
        order = self.client.order
        return order[index % len(order)] if order else "nothing"

    def response(self, index: int) -> str:
        """Mostly one under way, sometimes one that is over."""
        active, everything = self.client.active, list(self.client.responses)
        if active and index < 6:
            return active[index % len(active)].response.id
        return everything[index % len(everything)] if everything else "resp_none"

    def command(self, step: Any) -> Command | None:
        match step:
            case ("user", name, previous):
                item = MessageItem(id=name, role="user", content=(InputText("hi"),))
                return CreateItem(
                    item=item, previous_item_id=self.known(previous) if isinstance(previous, int) else previous
                )
            case ("result", name, index):
                return CreateItem(item=FunctionCallOutput(id=name, call_id=f"c{index}", output="theirs"))
            case ("their call", name, index):
                return CreateItem(item=FunctionCall(id=name, call_id=f"c{index}", name="search", arguments="{}"))
            case ("delete", index):
                return DeleteItem(item_id=self.known(index))
            case ("retrieve", index):
                return RetrieveItem(item_id=self.known(index))
            case ("truncate", index):
                return TruncateItem(item_id=self.known(index), content_index=0, audio_end_ms=5)
            case ("session", kind):
                return UpdateSession(patch=SessionPatch(truncation=Truncation(kind, 0.5)))
            case ("create", conversation, given):
                context = None if given is None else tuple(ItemReference(self.known(index)) for index in given)
                params = ResponseParams(conversation=conversation, input=context, metadata={"a": "b"})
                return CreateResponse(params=params)
            case ("cancel", index):
                return CancelResponse(response_id=None if index is None else self.response(index))
        return None

    def delta(self, step: Any) -> Delta | None:
        match step:
            case ("text", _, words):
                return TextDelta(words)
            case ("call", index, position, name, arguments):
                return ToolCallDelta(position, f"c{index}", name, arguments)
            case ("think", _, words):
                return ReasoningDelta(words)
            case ("refer", _):
                return References((Reference(1, "https://x"),))
            case ("finish", _, reason):
                return Finished(reason, Usage(1, 1))
        return None

    def step(self, step: Any) -> list[Output]:
        self.talk.now += 1
        if (command := self.command(step)) is not None:
            outputs = self.talk.feed(command)
            assert len([output for output in outputs if isinstance(output, ErrorSeen)]) in (0, len(outputs))
        elif (delta := self.delta(step)) is not None:
            outputs = self.talk.delta(self.response(step[1]), delta)
        elif step[0] == "fail":
            outputs = self.talk.fail(ERRORS[step[2]], self.response(step[1]))
        elif self.client.waiting:
            done = self.client.waiting.pop(step[1] % len(self.client.waiting))
            outputs = self.talk.tool(done.call.id, "ours", done.response_id)
        else:
            outputs = []
        self.client.hear(outputs)
        return outputs

    def check(self) -> None:
        machine, client = self.talk.machine, self.client
        ids = [item.id for item in machine.items]
        assert len(ids) == len(set(ids))
        shown = [item for item in machine.items if client.shows_served or not getattr(item, "served", False)]
        assert [item.id for item in shown] == client.order
        # An item may have been added to since it was told; where it was told to be done, it is as it was told.
        assert [item for item in shown if item.id not in client.unfinished] == [
            client.items[name] for name in client.order if name not in client.unfinished
        ]
        assert machine.busy == bool(client.active)


@pytest.mark.parametrize("show_served", [False, True], ids=["hidden", "shown"])
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(operation, max_size=60), context=st.sampled_from([None, 60, 400]))
def test_what_the_client_is_told_always_makes_sense(show_served: bool, context: int | None, steps: list[Any]) -> None:
    drive = Drive(show_served, context)
    for step in [("create", "auto", None), *steps]:
        drive.step(step)
        drive.check()
    # Whatever is still under way can be ended.
    for picture in drive.client.active:
        outputs = drive.talk.cancel(picture.response.id)
        assert outputs[0] == Abort(picture.response.id)
        drive.client.hear(outputs)
    drive.check()
    assert not drive.talk.machine.busy
    assert not drive.client.unfinished


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(steps=st.lists(operation, max_size=60))
def test_the_same_inputs_give_the_same_outputs(steps: list[Any]) -> None:
    one, other = Drive(True, 400), Drive(True, 400)
    for step in steps:
        assert one.step(step) == other.step(step)
