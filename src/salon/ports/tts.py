"""A speech synthesiser."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from salon.base.speech import Frame, TtsOptions
from salon.ports.llm import CheckStep


class TtsTraits(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a synthesiser.

    ``languages`` are BCP 47, empty for many. ``voices`` are those known by name, the default first; others may work too.
    ``words``: it tells when each word is spoken. ``joins``: it takes one text in many pieces, as a model writes it, and speaks
    them as one; others speak each piece by itself. ``note`` is for people: what it is.
    """

    languages: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    words: bool = False
    joins: bool = False
    note: str = ""


class TtsSession(Protocol):
    """One answer: text in, as it is written; audio out, as it is spoken."""

    def push(self, text: str) -> None:
        """More of the text, a clause or a sentence at a time: where the house speaks each piece by itself, a piece should end
        where a pause is natural. Never waits and never fails; 100,000 characters at most, and what is more makes ``frames`` raise
        ``BadRequest``. What comes after ``finish`` is dropped."""
        ...

    def finish(self) -> None:
        """There is no more text. May be called more than once."""
        ...

    def frames(self) -> AsyncGenerator[Frame, None]:
        """Any number of ``Speech``, as soon as each is there and in the order of the text; then ``Spoken``, exactly once. To be
        iterated once.

        It comes faster than it can be played, and waits for a reader who is slow. Text without anything to speak gives no
        ``Speech``. Raises ``ProviderError`` and nothing else; a ``TimedOut`` has the phase ``connect``, ``first_audio`` or
        ``stall``.
        """
        ...


class Tts(Protocol):
    @property
    def name(self) -> str:
        """``house:model``."""
        ...

    @property
    def traits(self) -> TtsTraits: ...

    def session(self, options: TtsOptions = TtsOptions()) -> AbstractAsyncContextManager[TtsSession]:
        """Speak one answer. Entering never waits: the house is connected to meanwhile. Leaving aborts at once, and nothing is
        handed out afterwards.

        Enter and leave in the same task; ``push`` and ``finish`` may be called from any task of the loop.
        """
        ...

    def check(self) -> AsyncIterator[CheckStep]:
        """Let it say something, step by step. Stops after the first step that fails. Never raises."""
        ...

    async def aclose(self) -> None:
        """Give back what is pooled. Sessions under way fail with ``ProviderError``."""
        ...
