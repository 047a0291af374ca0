"""A language model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Protocol

import msgspec

from salon.base.chat import Delta, Message, Options, ToolSpec


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a model. ``context`` and ``max_output`` are tokens; None where they are not known."""

    context: int | None = None
    max_output: int | None = None
    images: bool = False
    tools: bool = True


class CheckStep(msgspec.Struct, frozen=True):
    """One step of ``salon check``: ``name`` (dns, tls, auth, first token, …), whether it went well, what was seen, and
    what to do if it did not."""

    name: str
    ok: bool
    detail: str = ""
    advice: str = ""


class Llm(Protocol):
    @property
    def name(self) -> str:
        """``house:model``."""
        ...

    @property
    def traits(self) -> Traits: ...

    def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        """Answer. The last delta is ``Finished``, exactly once.

        Closing the generator (``aclose``, or cancelling the task that iterates) closes the request's socket at once.
        Raises ``ProviderError`` and nothing else.
        """
        ...

    def check(self) -> AsyncIterator[CheckStep]:
        """Try the way to the model, step by step. Stops after the first step that fails. Never raises."""
        ...

    async def aclose(self) -> None:
        """Give back pooled connections. Streams under way are ended."""
        ...
