"""A conversation's machine to talk to: identifiers count, the clock stands where it is put, nothing is awaited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from salon.base.chat import Delta, Finished, TextDelta, ToolCallDelta, ToolSpec, Usage
from salon.base.commands import CancelResponse, Command, CreateItem, CreateResponse
from salon.base.errors import ProviderError
from salon.base.events import ErrorSeen
from salon.base.ids import counting
from salon.base.items import InputText, Item, ItemRole, MessageItem, OutputText
from salon.base.session import ResponseParams, Session
from salon.turn.actions import Ask
from salon.turn.character import Character
from salon.turn.conversation import ConversationMachine
from salon.turn.running import Output

CLOCK = ToolSpec("clock", "The time.")
WEATHER = ToolSpec("weather", "The weather.")
SEARCH = ToolSpec("search", "The client's own search.")
SPENT = Usage(3, 2)


def user(text: str, item_id: str = "") -> MessageItem:
    return MessageItem(id=item_id, role="user", content=(InputText(text),))


def said(text: str, item_id: str, **rest: Any) -> MessageItem:
    return MessageItem(id=item_id, role="assistant", content=(OutputText(text),), **rest)


class Talk:
    """``served`` are the tools of the server, ``tools`` those of the client. ``seen`` has every output in order."""

    def __init__(
        self,
        *,
        served: Sequence[ToolSpec] = (),
        show_served: bool = False,
        character: dict[str, Any] | None = None,
        **session: Any,
    ) -> None:
        settings = {"id": "sess_1", "model": "host", "output_modalities": ("text",), **session}
        self.machine = ConversationMachine(
            Session(**settings),
            Character(tools=tuple(served), **(character or {})),
            new_id=counting(),
            show_served=show_served,
        )
        self.now = 0
        self.seen: list[Output] = []

    def _keep(self, outputs: list[Output]) -> list[Output]:
        self.seen += outputs
        return outputs

    def feed(self, command: Command) -> list[Output]:
        return self._keep(self.machine.feed(command, self.now))

    def refused(self, command: Command) -> ErrorSeen:
        """The error that answers a command, and that it is the only answer and changed no item."""
        before = self.machine.items
        (error,) = self.feed(command)
        assert isinstance(error, ErrorSeen)
        assert self.machine.items == before
        return error

    def item(self, item: Item, previous: str | None = None) -> list[Output]:
        return self.feed(CreateItem(item=item, previous_item_id=previous))

    def say(self, text: str) -> list[Output]:
        role: ItemRole = "user"
        return self.item(MessageItem(id="", role=role, content=(InputText(text),)))

    def create(self, **params: Any) -> list[Output]:
        return self.feed(CreateResponse(params=ResponseParams(**params)))

    def ask(self, **params: Any) -> Ask:
        """Create a response; what the model is asked."""
        return asked(self.create(**params))

    def cancel(self, response_id: str | None = None) -> list[Output]:
        return self.feed(CancelResponse(response_id=response_id))

    def delta(self, response_id: str, delta: Delta) -> list[Output]:
        return self._keep(self.machine.delta(response_id, delta, self.now))

    def text(self, text: str, response_id: str = "resp_1") -> list[Output]:
        return self.delta(response_id, TextDelta(text))

    def call(self, index: int, name: str, arguments: str = "{}", response_id: str = "resp_1") -> list[Output]:
        return self.delta(response_id, ToolCallDelta(index, f"call_{name}_{index}", name, arguments))

    def finish(self, reason: Any = "stop", usage: Usage | None = SPENT, response_id: str = "resp_1") -> list[Output]:
        return self.delta(response_id, Finished(reason, usage, "house:model"))

    def fail(self, error: ProviderError, response_id: str = "resp_1") -> list[Output]:
        return self._keep(self.machine.failed(response_id, error, self.now))

    def tool(self, call_id: str, output: str, response_id: str = "resp_1") -> list[Output]:
        return self._keep(self.machine.tool_done(response_id, call_id, output, self.now))


def kinds(outputs: Sequence[Output]) -> list[str]:
    return [type(output).__name__ for output in outputs]


def asked(outputs: Sequence[Output]) -> Ask:
    """The one question among the outputs."""
    (ask,) = [output for output in outputs if isinstance(output, Ask)]
    return ask
