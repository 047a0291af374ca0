"""A model asked before it is certain what was asked.

At the first pause somebody may be done or may go on. The question is put as if they were done; if the turn then ends with the
same words, the answer has a head start, and if not, it is dropped and nobody has seen it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any

from salon.base.chat import Delta, Finished, Message, Options, ToolSpec
from salon.base.errors import BadAnswer, ProviderError
from salon.ports.llm import CheckStep, Llm, Traits
from salon.turn.actions import Ask

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]

AHEAD = 256
"""Deltas that are read before anybody wants them."""


class SpeculatingLlm:
    """An ``Llm`` that answers what it has been asked in advance from what has come meanwhile."""

    def __init__(self, llm: Llm, spawn: Spawn) -> None:
        self._llm = llm
        self._spawn = spawn
        self._guess: _Guess | None = None
        self.hits = 0

    @property
    def name(self) -> str:
        return self._llm.name

    @property
    def traits(self) -> Traits:
        return self._llm.traits

    def ask(self, ask: Ask) -> None:
        """Ask in advance; what was asked before is dropped."""
        if self._guess is not None and self._guess.fits(ask.messages, ask.tools, ask.options):
            return
        self.drop()
        guess = self._guess = _Guess(ask)
        guess.task = self._spawn(guess.read(self._llm))

    def drop(self) -> None:
        """It was not the end. What has come is forgotten, and the model's connection closed."""
        guess, self._guess = self._guess, None
        if guess is not None and guess.task is not None:
            guess.task.cancel()

    def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        guess, self._guess = self._guess, None
        if guess is not None and not guess.fits(messages, tools, options):
            self._guess = guess
            self.drop()
            guess = None
        if guess is None:
            return self._llm.stream(messages, tools, options)
        self.hits += 1
        return guess.told()

    def check(self) -> AsyncIterator[CheckStep]:
        return self._llm.check()

    async def aclose(self) -> None:
        """The model belongs to somebody else."""
        self.drop()


class _Guess:
    def __init__(self, ask: Ask) -> None:
        self.asked = (tuple(ask.messages), tuple(ask.tools), ask.options)
        self.queue: asyncio.Queue[Delta | ProviderError] = asyncio.Queue(AHEAD)
        self.task: asyncio.Task[None] | None = None

    def fits(self, messages: Sequence[Message], tools: Sequence[ToolSpec], options: Options) -> bool:
        return self.asked == (tuple(messages), tuple(tools), options)

    async def told(self) -> AsyncGenerator[Delta, None]:
        try:
            while True:
                each = await self.queue.get()
                if isinstance(each, ProviderError):
                    raise each
                yield each
                if isinstance(each, Finished):
                    return
        finally:
            if self.task is not None:
                self.task.cancel()

    async def read(self, llm: Llm) -> None:
        try:
            async with aclosing(llm.stream(*self.asked)) as deltas:
                async for delta in deltas:
                    await self.queue.put(delta)
                    if isinstance(delta, Finished):
                        return
            raise BadAnswer("The model's answer ended without saying that it was finished.")
        except ProviderError as error:
            await self.queue.put(error)
        except Exception:
            # As in a conversation: a provider that breaks its promise costs one answer.
            await self.queue.put(ProviderError("The model could not be used: an error inside the server."))
