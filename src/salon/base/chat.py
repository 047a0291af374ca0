"""What is said between a conversation and a language model, in no vendor's dialect.

A request is a list of ``Message``, a list of ``ToolSpec`` and ``Options``. An answer is a stream of ``Delta``.
Every provider translates these, and nothing above the providers knows more.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Role = Literal["system", "user", "assistant", "tool"]
BEGIN = "(The conversation begins.)"
"""What stands in the user's turn for houses that want one where nobody has said anything yet: an agent that greets first."""

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Text(msgspec.Struct, frozen=True, tag="text"):
    text: str


class Image(msgspec.Struct, frozen=True, tag="image"):
    """``url`` is ``https:`` or a ``data:`` URI (PNG or JPEG). ``detail`` is auto, low or high."""

    url: str
    detail: str = "auto"


Part = Text | Image


class ToolCall(msgspec.Struct, frozen=True):
    """``arguments`` is a JSON text as the model wrote it; it may not parse."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One turn of the context.

    ``tool_calls`` only on the assistant; ``tool_call_id`` only on role ``tool``. ``reasoning`` is what the model thought
    before it answered: some houses want it back in the turn after a tool call.
    """

    role: Role
    content: tuple[Part, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    reasoning: str | None = None

    @property
    def text(self) -> str:
        """All text parts, joined."""
        return "".join(part.text for part in self.content if isinstance(part, Text))


class ToolSpec(msgspec.Struct, frozen=True):
    """``parameters`` is a JSON Schema of type object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How to answer. ``None`` leaves the choice to the house.

    ``tool_choice`` is ``auto``, ``none``, ``required`` or the name of one function as ``function:<name>``.
    ``reasoning`` is ``none`` (conversation's default: answer at once), ``minimal``, ``low``, ``medium``, ``high`` or
    ``xhigh``. ``web_search`` asks the houses that can search to do so and to give their references.
    ``extra`` goes to the house as it is, for parameters that only one house has.
    """

    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tool_choice: str = "auto"
    parallel_tool_calls: bool | None = None
    reasoning: str = "none"
    web_search: bool = False
    user: str | None = None
    extra: dict[str, Any] = msgspec.field(default_factory=dict)


class Usage(msgspec.Struct, frozen=True):
    """Tokens. ``cached`` is part of ``input``, ``reasoning`` part of ``output``."""

    input: int = 0
    output: int = 0
    cached: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input + other.input,
            self.output + other.output,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
        )


class TextDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of the answer; never empty, never reasoning."""

    text: str


class ReasoningDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of what the model thinks; never part of the answer."""

    text: str


class ToolCallDelta(msgspec.Struct, frozen=True, gc=False):
    """A piece of a call. The first of an ``index`` has ``id`` and ``name`` (made up by the provider where the house gives
    none); later ones add to ``arguments``."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Reference(msgspec.Struct, frozen=True):
    """A web page that the house searched."""

    index: int
    url: str
    title: str = ""


class References(msgspec.Struct, frozen=True):
    references: tuple[Reference, ...]


class Finished(msgspec.Struct, frozen=True):
    """Always the last delta, exactly once. ``usage`` is None where the house does not tell. ``model`` is the name that
    answered, as ``house:model``: with a fallback chain it may not be the first."""

    reason: FinishReason
    usage: Usage | None = None
    model: str = ""


Delta = TextDelta | ReasoningDelta | ToolCallDelta | References | Finished
