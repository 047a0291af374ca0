"""One answer, from its first delta to its end.

Deltas of a model go in; the events of a response come out, in the order that the Realtime protocol prescribes: every item,
and every part of it, is added before its deltas and done after them, whatever ends the answer.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from salon.base.chat import (
    Delta,
    Finished,
    ReasoningDelta,
    Reference,
    References,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from salon.base.errors import ContentBlocked, ProviderError
from salon.base.events import (
    ArgumentsDelta,
    ArgumentsDone,
    ContentPartAdded,
    ContentPartDone,
    Event,
    OutputAudioDelta,
    OutputAudioDone,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    OutputTextDone,
    OutputTranscriptDelta,
    OutputTranscriptDone,
    ReasoningSeen,
    Response,
    ResponseStatus,
)
from salon.base.ids import NewId
from salon.base.items import FunctionCall, Item, MessageItem, OutputAudio, OutputText, Status


class Served(msgspec.Struct, frozen=True):
    """A call of the server's own tools that the client is not shown: it goes into the history without an event."""

    item: FunctionCall


Output = Event | Served


class _Message:
    """A message being written."""

    __slots__ = ("id", "index", "pieces")

    def __init__(self, item_id: str, index: int) -> None:
        self.id = item_id
        self.index = index
        self.pieces: list[str] = []


class _Call:
    """A call being written. ``index`` is None where the client is not shown it."""

    __slots__ = ("call_id", "id", "index", "name", "pieces", "served")

    def __init__(self, item_id: str, index: int | None, call: ToolCallDelta, served: bool) -> None:
        self.id = item_id
        self.index = index
        self.call_id = call.id
        self.name = call.name
        self.pieces: list[str] = []
        self.served = served


class ResponseMachine:
    """``served`` names the tools that this server runs; ``show_served`` whether the client sees those calls."""

    def __init__(self, start: Response, *, new_id: NewId, served: frozenset[str], show_served: bool) -> None:
        self._now = start
        self._modality = start.output_modalities[0]
        self._delta = OutputTextDelta if self._modality == "text" else OutputTranscriptDelta
        self._new_id = new_id
        self._served = served
        self._show_served = show_served
        self._message: _Message | None = None
        self._calls: dict[int, _Call] = {}
        self._output: dict[int, Item] = {}
        self._indexes = 0
        self._reasoning: list[str] = []
        self._references: tuple[Reference, ...] = ()
        self._usage = Usage()
        self.to_serve: list[ToolCall] = []
        self.asks_client = False

    @property
    def response(self) -> Response:
        return self._now

    def feed(self, delta: Delta) -> list[Output]:
        """Any delta but ``Finished``, which is ``end_round``'s."""
        if delta.__class__ is TextDelta:
            return self._text(delta.text)
        if isinstance(delta, ToolCallDelta):
            return self._call(delta)
        if isinstance(delta, ReasoningDelta):
            self._reasoning.append(delta.text)
            return [ReasoningSeen(self._now.id, delta.text)] if self._show_served else []
        if isinstance(delta, References):
            self._references += delta.references
        return []

    def sound(self, audio: bytes) -> list[Output]:
        """PCM, 24 kHz, of the message that is being spoken; its words have been fed before."""
        message = self._message
        return [] if message is None else [OutputAudioDelta(self._now.id, message.id, message.index, 0, audio)]

    @property
    def message_id(self) -> str | None:
        """Of the message that is being written."""
        return self._message.id if self._message is not None else None

    def end_round(self, finished: Finished) -> list[Output]:
        """The model has said all it says for now. Afterwards ``to_serve`` has the calls that the server must run before the
        model goes on, ``asks_client`` tells whether it waits for the client's tools."""
        outputs = self._close("completed" if finished.reason in ("stop", "tool_calls") else "incomplete")
        if finished.usage is not None:
            self._usage += finished.usage
        self._now = msgspec.structs.replace(self._now, answered_by=finished.model)
        return outputs

    def complete(self, reason: Literal["stop", "length", "tool_calls", "content_filter"]) -> list[Output]:
        """End well, or as well as the model could."""
        if reason == "length":
            return self._end("incomplete", reason="max_output_tokens")
        if reason == "content_filter":
            return self._end("incomplete", reason="content_filter")
        return self._end("completed")

    def cancel(self, reason: str) -> list[Output]:
        """``reason`` is ``client_cancelled`` or ``turn_detected``. What was said so far stays."""
        return self._close("incomplete") + self._end("cancelled", reason=reason)

    def fail(self, error: ProviderError) -> list[Output]:
        if isinstance(error, ContentBlocked):
            if error.withdraw and self._message is not None:
                self._message.pieces.clear()
            return self._close("incomplete") + self._end("incomplete", reason="content_filter", error=error)
        return self._close("incomplete") + self._end("failed", error=error)

    def _text(self, text: str) -> list[Output]:
        message = self._message
        if message is not None:
            message.pieces.append(text)
            return [self._delta(self._now.id, message.id, message.index, 0, text)]
        message = self._message = _Message(self._new_id("item"), self._next_index())
        message.pieces.append(text)
        item = MessageItem(id=message.id, role="assistant", status="in_progress")
        return [
            OutputItemAdded(self._now.id, message.index, item),
            ContentPartAdded(self._now.id, message.id, message.index, 0, self._modality),
            self._delta(self._now.id, message.id, message.index, 0, text),
        ]

    def _call(self, delta: ToolCallDelta) -> list[Output]:
        outputs: list[Output] = []
        call = self._calls.get(delta.index)
        if call is None:
            outputs += self._close_message("completed")
            served = delta.name in self._served
            shown = self._show_served or not served
            call = _Call(self._new_id("item"), self._next_index() if shown else None, delta, served)
            self._calls[delta.index] = call
            if call.index is not None:
                outputs.append(OutputItemAdded(self._now.id, call.index, self._call_item(call, "in_progress")))
        if delta.arguments:
            call.pieces.append(delta.arguments)
            if call.index is not None:
                outputs.append(ArgumentsDelta(self._now.id, call.id, call.index, call.call_id, delta.arguments))
        return outputs

    def _close(self, status: Status) -> list[Output]:
        outputs = self._close_message(status)
        for call in self._calls.values():
            item = self._call_item(call, status)
            if status == "completed":
                if call.served:
                    self.to_serve.append(ToolCall(call.call_id, call.name, item.arguments))
                else:
                    self.asks_client = True
            if call.index is None:
                outputs.append(Served(item))
                continue
            if status == "completed":
                outputs.append(
                    ArgumentsDone(self._now.id, call.id, call.index, call.call_id, call.name, item.arguments)
                )
            outputs.append(OutputItemDone(self._now.id, call.index, item))
            self._output[call.index] = item
        self._calls.clear()
        self._reasoning.clear()
        return outputs

    def _close_message(self, status: Status) -> list[Output]:
        message = self._message
        if message is None:
            return []
        self._message = None
        text = "".join(message.pieces)
        item = MessageItem(
            id=message.id,
            role="assistant",
            content=(OutputText(text) if self._modality == "text" else OutputAudio(text),),
            status=status,
            references=self._references,
            reasoning="".join(self._reasoning) or None,
        )
        self._references = ()
        self._output[message.index] = item
        done: list[Output] = (
            [OutputTextDone(self._now.id, message.id, message.index, 0, text)]
            if self._modality == "text"
            else [
                OutputAudioDone(self._now.id, message.id, message.index, 0),
                OutputTranscriptDone(self._now.id, message.id, message.index, 0, text),
            ]
        )
        return [
            *done,
            ContentPartDone(self._now.id, message.id, message.index, 0, self._modality, text),
            OutputItemDone(self._now.id, message.index, item),
        ]

    def _call_item(self, call: _Call, status: Status) -> FunctionCall:
        # No arguments at all means an object without members (Chat Completions providers send "").
        arguments = "".join(call.pieces) or ("{}" if status == "completed" else "")
        return FunctionCall(
            id=call.id,
            call_id=call.call_id,
            name=call.name,
            arguments=arguments,
            status=status,
            served=call.served,
            reasoning="".join(self._reasoning) or None,
        )

    def _end(
        self, status: ResponseStatus, *, reason: str | None = None, error: ProviderError | None = None
    ) -> list[Output]:
        self._now = msgspec.structs.replace(
            self._now,
            status=status,
            reason=reason,
            error_code=error.code if error else None,
            error_message=error.message if error else None,
            # What was begun first may be done last: a call that the model goes on talking after.
            output=tuple(item for _, item in sorted(self._output.items())),
            usage=self._usage,
        )
        return []

    def _next_index(self) -> int:
        self._indexes += 1
        return self._indexes - 1
