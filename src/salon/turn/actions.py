"""What a conversation's machine asks to be done, beside the events it sends."""

from __future__ import annotations

import msgspec

from salon.base.chat import Message, Options, ToolCall, ToolSpec


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Stream an answer from the model; give each delta, or the failure, back under ``response_id``. ``spoken`` ones are to be
    heard, by ``voice`` at ``speed``. ``say`` is the answer where it is known already: then nobody is asked."""

    response_id: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    options: Options
    spoken: bool = False
    voice: str = ""
    speed: float = 1.0
    say: str = ""


class RunTool(msgspec.Struct, frozen=True, kw_only=True):
    """Run one of the server's own tools; give its output back under ``response_id`` and the call's id."""

    response_id: str
    call: ToolCall


class Abort(msgspec.Struct, frozen=True):
    """Stop whatever runs for this response. Nothing that it still gives will be looked at."""

    response_id: str


Action = Ask | RunTool | Abort
