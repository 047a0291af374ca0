"""A language model that says what a script says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence

import msgspec

from salon.base.chat import Delta, Finished, Message, Options, TextDelta, ToolSpec, Usage
from salon.base.errors import ProviderError
from salon.ports.llm import CheckStep, Traits


class Asked(msgspec.Struct, frozen=True):
    """One request, as it came."""

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...]
    options: Options


#: A delta is said, an event is waited for, an error is raised.
Step = Delta | asyncio.Event | ProviderError
Script = Iterable[Step] | Callable[[Asked], Iterable[Step]]


class ScriptedLlm:
    """Says ``script``: the same for every request, or what the function makes of the request.

    ``Finished`` may be left out. ``asked`` has every request in order. ``open`` counts the streams under way and
    ``opened`` all there were; ``started`` is set while one is under way, ``idle`` while none is.
    """

    def __init__(self, script: Script, *, name: str = "scripted:model", traits: Traits | None = None) -> None:
        self._script = script
        self._name = name
        self._traits = traits or Traits()
        self.asked: list[Asked] = []
        self.open = 0
        self.opened = 0
        self.cancelled = 0
        self.started = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def name(self) -> str:
        return self._name

    @property
    def traits(self) -> Traits:
        return self._traits

    async def stream(
        self, messages: Sequence[Message], tools: Sequence[ToolSpec] = (), options: Options = Options()
    ) -> AsyncGenerator[Delta, None]:
        asked = Asked(tuple(messages), tuple(tools), options)
        self.asked.append(asked)
        self.opened += 1
        self.open += 1
        self.started.set()
        self.idle.clear()
        whole = False
        try:
            for step in self._script(asked) if callable(self._script) else self._script:
                if isinstance(step, asyncio.Event):
                    await step.wait()
                elif isinstance(step, ProviderError):
                    whole = True
                    raise step
                else:
                    whole = isinstance(step, Finished)
                    yield step
            if not whole:
                whole = True
                yield Finished("stop", Usage(2, 1), self._name)
        finally:
            self.cancelled += not whole
            self.open -= 1
            if self.open == 0:
                self.started.clear()
                self.idle.set()

    async def check(self) -> AsyncIterator[CheckStep]:
        yield CheckStep("script", True)

    async def aclose(self) -> None:
        return None


def says(*words: str) -> list[Step]:
    """The script of a plain answer."""
    return [TextDelta(word) for word in words]
