"""A response under way: rounds of model and tools until there is an answer, and what of it goes into the history.

A round is one question to the model. Where it ends in calls of the server's own tools, those are run and the model is asked
again, up to ``MAX_ROUNDS``; in the last one it may call no more. Calls of the client's tools end the response: the client
brings their results in a request of its own.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from salon.base.chat import Delta, Finished, FinishReason, Options, TextDelta, ToolCallDelta, ToolSpec
from salon.base.errors import ContextTooLong, ProviderError
from salon.base.events import (
    Event,
    ItemAdded,
    ItemDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    RateLimits,
    Response,
    ResponseCreated,
    ResponseDone,
)
from salon.base.ids import NewId
from salon.base.items import FunctionCallOutput, Item
from salon.base.session import Truncation
from salon.turn import history
from salon.turn.actions import Abort, Action, Ask, RunTool
from salon.turn.response import Output as Said
from salon.turn.response import ResponseMachine, Served
from salon.turn.timeline import Timeline, TimelineFull

MAX_ROUNDS = 8

Output = Event | Action


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a response was asked to be. ``limit`` is the room for instructions, tools and history, in tokens."""

    instructions: str
    tools: tuple[ToolSpec, ...]
    served: frozenset[str]
    options: Options
    limit: int | None
    truncation: Truncation
    max_rounds: int = MAX_ROUNDS
    spoken: bool = False
    voice: str = ""
    speed: float = 1.0
    say: str = ""


class Running:
    """``context`` is what the model is shown, and grows with each round; ``joins`` is the conversation that the answer
    becomes part of, mostly the same, and None out of band."""

    def __init__(
        self,
        start: Response,
        plan: Plan,
        context: Timeline,
        past: history.History,
        *,
        joins: Timeline | None,
        new_id: NewId,
        show_served: bool,
    ) -> None:
        self.id = start.id
        self.over = False
        self._plan = plan
        self._context = context
        self._joins = joins
        self._past = past
        self._new_id = new_id
        self._show_served = show_served
        self._machine = ResponseMachine(start, new_id=new_id, served=plan.served, show_served=show_served)
        self._round = 0
        self._waiting: set[str] = set()
        self._reason: FinishReason = "stop"
        self._began = 0
        self._first_token: int | None = None
        self._writing: set[str] = set()

    @property
    def in_conversation(self) -> bool:
        return self._joins is not None

    def writes(self, item_id: str) -> bool:
        """Whether that item is still being written by this response."""
        return item_id in self._writing

    def begin(self, now: int) -> list[Output]:
        self._began = now
        return [ResponseCreated(self._machine.response), *self._ask(now)]

    def delta(self, delta: Delta, now: int) -> list[Output]:
        if self._first_token is None and isinstance(delta, TextDelta | ToolCallDelta):
            self._first_token = now - self._began
        if delta.__class__ is Finished:
            return self._end_round(delta, now)
        said = self._machine.feed(delta)
        # Nearly every delta is one piece of text, and nothing else comes of it.
        if len(said) == 1 and said[0].__class__ is OutputTextDelta:
            return said  # type: ignore[return-value]  # no Served among them
        return self._place(said)

    def sound(self, audio: bytes) -> list[Output]:
        return self._machine.sound(audio)  # type: ignore[return-value]  # no Served among them

    @property
    def message_id(self) -> str | None:
        """Of the message that is being written now."""
        return self._machine.message_id

    def failed(self, error: ProviderError, now: int) -> list[Output]:
        return [*self._place(self._machine.fail(error)), *self._over(now)]

    def cancel(self, reason: str, now: int) -> list[Output]:
        return [Abort(self.id), *self._place(self._machine.cancel(reason)), *self._over(now)]

    def tool_done(self, call_id: str, output: str, now: int) -> list[Output]:
        if call_id not in self._waiting:
            return []
        self._waiting.remove(call_id)
        item = FunctionCallOutput(id=self._new_id("item"), call_id=call_id, output=output, served=True)
        outputs = [*self._add(item), *self._done(item)]
        if self._waiting:
            return outputs
        if self._machine.asks_client:
            return [*outputs, *self._complete(now)]
        return [*outputs, *self._ask(now)]

    def _ask(self, now: int) -> list[Output]:
        plan = self._plan
        self._round += 1
        if plan.say:
            return [_given(self.id, plan)]
        options = plan.options
        if self._round > 1:
            # A forced call was for the first round: forced again it would never end.
            last = self._round >= plan.max_rounds
            options = msgspec.structs.replace(options, tool_choice="none" if last else "auto")
        try:
            return [ask(self.id, plan, options, self._past, self._context)]
        except ContextTooLong as error:
            return self.failed(error, now)

    def _end_round(self, finished: Finished, now: int) -> list[Output]:
        outputs = self._place(self._machine.end_round(finished))
        self._reason = finished.reason
        calls = self._machine.to_serve
        if not calls or self._round >= self._plan.max_rounds:
            return [*outputs, *self._complete(now)]
        self._waiting = {call.id for call in calls}
        outputs += [RunTool(response_id=self.id, call=call) for call in calls]
        calls.clear()
        return outputs

    def _complete(self, now: int) -> list[Output]:
        return [*self._place(self._machine.complete(self._reason)), *self._over(now)]

    def _over(self, now: int) -> list[Output]:
        self.over = True
        response = msgspec.structs.replace(
            self._machine.response, first_token_ms=self._first_token, duration_ms=now - self._began
        )
        return [ResponseDone(response), RateLimits()]

    def _place(self, said: list[Said]) -> list[Output]:
        """Write into the timelines what is new there, and tell the client of items that joined its conversation."""
        outputs: list[Output] = []
        for event in said:
            if isinstance(event, Served):
                self._add(event.item)
                continue
            outputs.append(event)
            if isinstance(event, OutputItemAdded):
                self._writing.add(event.item.id)
                outputs += self._add(event.item)
            elif isinstance(event, OutputItemDone):
                self._writing.discard(event.item.id)
                self._context.replace(event.item)
                if self._joins is not None:
                    self._joins.replace(event.item)
                outputs += self._done(event.item)
        return outputs

    def _add(self, item: Item) -> list[Output]:
        # A conversation that is full forgets the answer; it is given all the same.
        with suppress(TimelineFull):
            self._context.insert(item)
            if self._joins is not None and self._joins is not self._context:
                self._joins.insert(item)
        return [ItemAdded(item, self._previous(item))] if self._shows(item) else []

    def _done(self, item: Item) -> list[Output]:
        return [ItemDone(item, self._previous(item))] if self._shows(item) else []

    def _shows(self, item: Item) -> bool:
        shown = self._show_served or not getattr(item, "served", False)
        return shown and self._joins is not None and item.id in self._joins

    def _previous(self, item: Item) -> str | None:
        assert self._joins is not None
        return self._joins.previous_id(item.id, served=self._show_served)


def _given(response_id: str, plan: Plan) -> Ask:
    """What is to be said is known."""
    return Ask(
        response_id=response_id,
        messages=(),
        tools=(),
        options=plan.options,
        spoken=plan.spoken,
        voice=plan.voice,
        speed=plan.speed,
        say=plan.say,
    )


def ask(response_id: str, plan: Plan, options: Options, past: history.History, context: Timeline) -> Ask:
    """The question to the model. Raises ``ContextTooLong``."""
    messages = past.messages(context, plan.instructions, plan.tools, limit=plan.limit, truncation=plan.truncation)
    return Ask(
        response_id=response_id,
        messages=tuple(messages),
        tools=plan.tools,
        options=options,
        spoken=plan.spoken,
        voice=plan.voice,
        speed=plan.speed,
    )
