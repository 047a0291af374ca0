"""A speech recogniser."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import msgspec

from salon.base.speech import AsrOptions, Heard
from salon.ports.llm import CheckStep


class AsrTraits(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a recogniser.

    ``languages`` are BCP 47, empty for many. ``partials``: it tells what it understands while somebody speaks, not only at
    the end. ``detects``: it finds out by itself which language is spoken; where not, it should be told. ``words``: it knows when
    each word was said. ``longest`` is how many ms of audio one session takes; what it takes in several requests counts as one.
    ``note`` is for people: what it cannot do.
    """

    languages: tuple[str, ...] = ()
    partials: bool = True
    detects: bool = True
    words: bool = False
    longest: int = 600_000
    note: str = ""


class AsrSession(Protocol):
    """One utterance: audio in, one ``Final`` out."""

    def push(self, pcm: bytes) -> None:
        """More audio: whole samples, 16 kHz (see ``base.speech``), of any length. Never waits and never fails.

        Until the house is connected the audio waits here, 60 s of it at most; more makes ``results`` raise ``Overloaded``.
        What comes after ``finish`` or after the end is dropped.
        """
        ...

    def finish(self) -> None:
        """The utterance is over: the ``Final`` is wanted now. May be called more than once."""
        ...

    def results(self) -> AsyncGenerator[Heard, None]:
        """Any number of ``Partial``, then exactly one ``Final``, which may have come before ``finish`` where the house hears the
        end by itself. To be iterated once.

        A reader who is slow misses older partials, never the ``Final``. Raises ``ProviderError`` and nothing else; a
        ``TimedOut`` has the phase ``connect``, ``stall`` or ``final``.
        """
        ...


class Asr(Protocol):
    @property
    def name(self) -> str:
        """``house:model``."""
        ...

    @property
    def traits(self) -> AsrTraits: ...

    def session(self, options: AsrOptions = AsrOptions()) -> AbstractAsyncContextManager[AsrSession]:
        """Listen to one utterance. Entering never waits: the house is connected to meanwhile. Leaving aborts at once.

        Enter and leave in the same task; ``push`` and ``finish`` may be called from any task of the loop.
        """
        ...

    def check(self) -> AsyncIterator[CheckStep]:
        """Let it hear a real utterance, step by step. Stops after the first step that fails. Never raises."""
        ...

    async def aclose(self) -> None:
        """Give back what is pooled. Sessions under way fail with ``ProviderError``."""
        ...
