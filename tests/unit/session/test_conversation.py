"""A conversation at work: streams and tools that end, fail, hang or are stopped, and what the client hears of it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from salon.base.chat import Delta, Finished, Message, Options, TextDelta, ToolCallDelta, ToolSpec
from salon.base.commands import CancelResponse, CreateItem, CreateResponse, RetrieveItem
from salon.base.errors import (
    AuthFailed,
    BadAnswer,
    BadRequest,
    ClientError,
    ContentBlocked,
    ContextTooLong,
    Overloaded,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    Unreachable,
)
from salon.base.events import ErrorSeen, Event, ItemDone, OutputTextDelta, Response, ResponseDone
from salon.base.ids import counting
from salon.base.items import FunctionCallOutput, MessageItem
from salon.base.session import ResponseParams, Session
from salon.session.conversation import Conversation
from salon.session.tools import Tool, tool
from salon.turn.character import Character
from salon.turn.conversation import ConversationMachine
from tests.fakes.clock import FakeClock
from tests.fakes.counts import Counts
from tests.fakes.scripted_llm import Asked, Script, ScriptedLlm, says
from tests.fakes.talk import user

CREATE = CreateResponse()


class Ears:
    """Hears every event, and lets a test wait for one."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._news.set()

    async def until(self, meets: Callable[[Event], bool]) -> Event:
        while True:
            for event in self.events:
                if meets(event):
                    return event
            self._news.clear()
            await self._news.wait()

    async def response(self, number: int = 1) -> Response:
        event = await self.until(
            lambda event: isinstance(event, ResponseDone) and event.response.id == f"resp_{number}"
        )
        assert isinstance(event, ResponseDone)
        return event.response

    @property
    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]


class Stage:
    """A conversation with everything around it. ``tasks`` are those that it started."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        llm: ScriptedLlm,
        tools: Sequence[Tool[..., Any]] = (),
        *,
        show_served: bool = False,
        emit: Callable[[Event], None] | None = None,
        **settings: Any,
    ) -> None:
        self.llm = llm
        self.ears = Ears()
        self.counts = Counts()
        self.tasks: list[asyncio.Task[None]] = []
        session = Session(id="sess_1", model="host", output_modalities=("text",))
        self.machine = ConversationMachine(
            session,
            Character(tools=tuple(each.spec for each in tools)),
            new_id=counting(),
            show_served=show_served,
        )

        def spawn(work: Any) -> asyncio.Task[None]:
            self.tasks.append(group.create_task(work))
            return self.tasks[-1]

        self.conversation = Conversation(
            self.machine,
            llm,
            {each.name: each for each in tools},
            emit=emit or self.ears,
            spawn=spawn,
            clock=FakeClock(),
            observer=self.counts,
            **settings,
        )

    def ask(self, text: str = "Hi") -> None:
        self.conversation.submit(CreateItem(item=user(text)))
        self.conversation.submit(CREATE)


@asynccontextmanager
async def stage(script: Script | ScriptedLlm, *args: Any, **settings: Any) -> AsyncIterator[Stage]:
    """Leaving it fails where a task is still running after the conversation has ended."""
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        llm = script if isinstance(script, ScriptedLlm) else ScriptedLlm(script)
        made = Stage(group, llm, *args, **settings)
        yield made
        made.conversation.end()
    assert made.llm.open == 0


def calls(*names: str) -> Callable[[Asked], list[Any]]:
    """Calls those tools at once, then says what they gave."""

    def script(asked: Asked) -> list[Any]:
        results = [message.text for message in asked.messages if message.role == "tool"]
        if results:
            return says("; ".join(results))
        return [ToolCallDelta(index, f"call_{index}", name, "{}") for index, name in enumerate(names)]

    return script


class Unruly(ScriptedLlm):
    """A provider that does what it should not."""

    def __init__(self, *steps: Delta | BaseException) -> None:
        super().__init__([])
        self.steps = steps
        self.given = 0
        self.closed = 0

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        try:
            for step in self.steps:
                if isinstance(step, BaseException):
                    raise step
                self.given += 1
                yield step
        finally:
            self.closed += 1


@tool
async def clock() -> str:
    "The time."
    return "noon"


async def test_it_begins_with_what_the_session_is() -> None:
    async with stage([]) as made:
        made.conversation.open()
        assert made.ears.kinds == ["SessionCreated"]


async def test_an_answer_is_heard_piece_by_piece() -> None:
    more = asyncio.Event()
    async with stage([TextDelta("Hel"), more, TextDelta("lo")]) as made:
        made.ask()
        await made.ears.until(lambda event: isinstance(event, OutputTextDelta))
        assert made.conversation.busy
        assert made.ears.kinds[-1] == "OutputTextDelta"
        more.set()
        done = await made.ears.response()
        assert done.status == "completed"
        assert isinstance(done.output[0], MessageItem)
        assert done.output[0].text == "Hello"
        assert done.answered_by == "scripted:model"
        assert not made.conversation.busy
        assert made.ears.kinds[-2:] == ["ResponseDone", "RateLimits"]
        await made.llm.idle.wait()
    assert made.counts.seen == [
        ("started", "scripted:model"),
        ("first token", "scripted:model"),
        ("deltas", 2),
        ("ended", "completed"),
    ]


@pytest.mark.parametrize(
    "error",
    [
        AuthFailed("The key is wrong. Set SPARK_API_KEY."),
        QuotaExhausted("Nothing is left."),
        RateLimited("Too many."),
        Overloaded("Busy."),
        Unreachable("No route."),
        TimedOut("Too slow.", phase="stall"),
        BadAnswer("Nonsense."),
        BadRequest("Rejected."),
        ContextTooLong("Too long."),
        ProviderError("Broken."),
    ],
    ids=lambda error: error.code,
)
async def test_a_provider_that_fails_costs_one_answer(error: ProviderError) -> None:
    answers: list[list[Any]] = [[TextDelta("Hel"), error], says("Hello")]
    async with stage(lambda asked: answers.pop(0)) as made:
        made.ask()
        failed = await made.ears.response()
        assert (failed.status, failed.error_code, failed.error_message) == ("failed", error.code, error.message)
        assert made.counts.seen[-1] == ("ended", error.code)
        made.ask("Again?")
        assert (await made.ears.response(2)).status == "completed"
        # What was said before it failed is part of the history.
        assert [message.text for message in made.llm.asked[1].messages] == ["Hi", "Hel", "Again?"]


async def test_blocked_content_makes_the_answer_incomplete() -> None:
    async with stage([TextDelta("Hel"), ContentBlocked("No.", withdraw=True)]) as made:
        made.ask()
        done = await made.ears.response()
        assert (done.status, done.reason, done.error_message) == ("incomplete", "content_filter", "No.")
        assert isinstance(done.output[0], MessageItem)
        assert done.output[0].text == ""


@pytest.mark.parametrize("error", [ValueError("secret-key-123"), RecursionError(), asyncio.CancelledError()], ids=repr)
async def test_a_provider_that_breaks_its_promise_costs_one_answer_too(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    llm = Unruly(TextDelta("Hel"), error)
    async with stage(llm) as made:
        made.ask()
        done = await made.ears.response()
        assert (done.status, done.error_code) == ("failed", "server_error")
        assert "secret" not in (done.error_message or "")
        assert [record.levelno for record in caplog.records] == [logging.ERROR]
        assert made.counts.seen[-1] == ("ended", "server_error")
        made.ask()
        assert (await made.ears.response(2)).status == "failed"


async def test_an_answer_that_just_stops_is_no_answer() -> None:
    async with stage(Unruly(TextDelta("Hel"))) as made:
        made.ask()
        done = await made.ears.response()
        assert (done.status, done.error_code) == ("failed", "provider_bad_answer")


async def test_nothing_is_read_after_the_end() -> None:
    llm = Unruly(TextDelta("Hello"), Finished("stop"), TextDelta("?"), Finished("stop"), ValueError())
    async with stage(llm) as made:
        made.ask()
        assert (await made.ears.response()).status == "completed"
        await asyncio.wait(made.tasks)
        assert (llm.given, llm.closed) == (2, 1)
        assert made.ears.kinds.count("ResponseDone") == 1


async def test_cancelling_closes_the_stream_at_once() -> None:
    async with stage([TextDelta("Hel"), asyncio.Event()]) as made:
        made.ask()
        await made.ears.until(lambda event: isinstance(event, OutputTextDelta))
        made.conversation.submit(CancelResponse())
        # The client is told in the same breath; the stream is closed as soon as its task runs.
        assert (made.ears.kinds[-2:], made.conversation.busy) == (["ResponseDone", "RateLimits"], False)
        await made.llm.idle.wait()
        assert made.llm.cancelled == 1
        assert (await made.ears.response()).reason == "client_cancelled"
        assert made.counts.seen[-1] == ("ended", "cancelled")


async def test_cancelling_what_has_not_begun_opens_no_stream() -> None:
    async with stage(says("Hello")) as made:
        made.ask()
        made.conversation.submit(CancelResponse())
        await asyncio.wait(made.tasks)
        assert made.llm.opened == 0
        assert (await made.ears.response()).status == "cancelled"


async def test_cancelling_one_of_two_leaves_the_other() -> None:
    go = asyncio.Event()
    async with stage([go, TextDelta("x")]) as made:
        made.conversation.submit(CreateResponse(params=ResponseParams(conversation="none")))
        made.conversation.submit(CREATE)
        await made.llm.started.wait()
        made.conversation.submit(CancelResponse())
        go.set()
        assert (await made.ears.response(1)).status == "completed"
        assert (await made.ears.response(2)).status == "cancelled"


async def test_tools_run_side_by_side_and_the_model_goes_on() -> None:
    met = asyncio.Barrier(2)

    @tool
    async def left() -> str:
        await met.wait()
        return "L"

    @tool
    async def right() -> str:
        await met.wait()
        return "R"

    async with stage(calls("left", "right"), [left, right]) as made:
        made.ask()
        done = await made.ears.response()
        assert [item.text for item in done.output if isinstance(item, MessageItem)] == ["L; R"]
        assert {entry for entry in made.counts.seen if entry[0] == "tool"} == {
            ("tool", "left", "completed"),
            ("tool", "right", "completed"),
        }


async def leaks() -> str:
    asyncio.get_running_loop()
    raise asyncio.CancelledError


async def hangs() -> str:
    await asyncio.Event().wait()
    return "never"


async def raises() -> str:
    raise ValueError("no such city")


@pytest.mark.parametrize(
    ("function", "code"),
    [(hangs, "tool_timeout"), (raises, "tool_failed"), (leaks, "tool_failed")],
)
async def test_a_tool_that_goes_wrong_is_told_to_the_model(function: Any, code: str) -> None:
    async with stage(calls(function.__name__, "clock"), [tool(function), clock], tool_timeout=0.01) as made:
        made.ask()
        done = await made.ears.response()
        assert done.status == "completed"
        results = [message.text for message in made.llm.asked[1].messages if message.role == "tool"]
        assert json.loads(results[0])["error"]["code"] == code
        assert results[1] == "noon"
        assert ("tool", function.__name__, "failed") in made.counts.seen


async def test_a_tool_that_is_not_there_is_told_to_the_model() -> None:
    async with stage(calls("clock"), [clock]) as made:
        made.conversation._tools = {}  # the one way in which machine and driver could disagree
        made.ask()
        await made.ears.response()
        (result,) = [message.text for message in made.llm.asked[1].messages if message.role == "tool"]
        assert json.loads(result)["error"]["code"] == "unknown_tool"


async def test_text_that_utf8_cannot_carry_does_not_reach_the_model() -> None:
    @tool
    async def names() -> str:
        return "caf\udce9.txt"

    async with stage(calls("names"), [names]) as made:
        made.ask()
        await made.ears.response()
        (result,) = [message.text for message in made.llm.asked[1].messages if message.role == "tool"]
        assert result == "caf?.txt"


async def test_shown_results_are_heard_when_they_come() -> None:
    async with stage(calls("clock"), [clock], show_served=True) as made:
        made.ask()
        event = await made.ears.until(
            lambda event: isinstance(event, ItemDone) and isinstance(event.item, FunctionCallOutput)
        )
        assert isinstance(event, ItemDone)
        assert isinstance(event.item, FunctionCallOutput)
        assert event.item.output == "noon"


async def test_cancelling_stops_the_tools() -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    @tool
    async def waits() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return ""

    async with stage(calls("waits"), [waits]) as made:
        made.ask()
        await begun.wait()
        made.conversation.submit(CancelResponse())
        await stopped.wait()
        await asyncio.wait(made.tasks)
        assert (await made.ears.response()).status == "cancelled"
        assert made.llm.opened == 1


async def test_a_tool_that_will_not_stop_starts_nothing_new() -> None:
    begun = asyncio.Event()

    @tool
    async def stubborn() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "not yet"
        return ""

    async with stage(calls("stubborn"), [stubborn]) as made:
        made.ask()
        await begun.wait()
        before = list(made.ears.events)
        made.conversation.end()
        await asyncio.wait(made.tasks)
        assert made.llm.opened == 1
        assert made.ears.events == before


async def test_a_slow_client_slows_its_own_model() -> None:
    room = asyncio.Event()
    waits = 0

    async def drained() -> None:
        nonlocal waits
        waits += 1
        await room.wait()

    crowded = [False, True, False]
    llm = Unruly(*(TextDelta(f"{number}") for number in range(4)), Finished("stop"))
    async with stage(llm, pace=lambda: drained() if crowded and crowded.pop(0) else None) as made:
        made.ask()
        await made.ears.until(lambda event: isinstance(event, OutputTextDelta) and event.delta == "1")
        await asyncio.sleep(0)
        assert (waits, llm.given) == (1, 2)
        room.set()
        assert (await made.ears.response()).status == "completed"
        assert waits == 1


async def test_a_slow_client_can_still_cancel() -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    async with stage(says("a", "b"), pace=never) as made:
        made.ask()
        await made.ears.until(lambda event: isinstance(event, OutputTextDelta))
        made.conversation.submit(CancelResponse())
        await made.llm.idle.wait()
        assert made.llm.cancelled == 1


async def test_after_the_end_nothing_is_said_and_nothing_begun() -> None:
    async with stage([TextDelta("Hel"), asyncio.Event()]) as made:
        made.ask()
        await made.ears.until(lambda event: isinstance(event, OutputTextDelta))
        before = list(made.ears.events)
        made.conversation.end()
        await asyncio.wait(made.tasks)
        assert made.llm.open == 0
        made.ask()
        made.conversation.complain(ClientError("No."))
        assert made.ears.events == before
        assert len(made.tasks) == 1


async def test_what_cannot_be_read_is_answered_and_counted() -> None:
    async with stage([]) as made:
        made.conversation.complain(ClientError("No.", code="invalid_value", param="type", event_id="mine"))
        made.conversation.submit(RetrieveItem(item_id="gone"))
        first, second = made.ears.events
        assert first == ErrorSeen(code="invalid_value", message="No.", param="type", client_event_id="mine")
        assert isinstance(second, ErrorSeen)
        assert made.counts.seen == [
            ("client error", "invalid_value"),
            ("client error", "item_retrieve_invalid_item_id"),
        ]


async def test_a_fault_of_its_own_ends_it_and_nobody_else(caplog: pytest.LogCaptureFixture) -> None:
    broken = asyncio.Event()

    def emit(event: Event) -> None:
        if isinstance(event, OutputTextDelta | ResponseDone):
            raise KeyError("a fault")

    async with stage(says("Hello"), emit=emit, broken=broken.set) as made:
        made.ask()
        await broken.wait()
        assert "conversation broke" in caplog.text
        made.ask()
        assert made.llm.opened == 1
