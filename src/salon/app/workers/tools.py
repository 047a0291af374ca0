"""Tools run where the program runs that defined them: in the parent. A worker asks for it, and gets the output."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from salon.session.agent import Agent
from salon.session.tools import DEFAULT_TIMEOUT, Tool, failure
from salon.wire.workers import GiveUp, Ran, Run

Ask = Callable[[str, str, str, float], Awaitable[str]]
"""The agent's name, the tool's, its arguments, how many seconds it may take."""


class Elsewhere(Tool[..., Any]):
    """Described as ``tool`` is, and called by ``ask``."""

    def __init__(self, agent: str, tool: Tool[..., Any], ask: Ask) -> None:
        super().__init__(tool.function, name=tool.name, timeout=tool.timeout)
        self.spec = tool.spec
        self._agent = agent
        self._ask = ask

    async def run(self, arguments: str, *, within: float = DEFAULT_TIMEOUT) -> str:
        output: str = await self._ask(self._agent, self.name, arguments, within)
        return output


def elsewhere(agents: Sequence[Agent], ask: Ask) -> tuple[Agent, ...]:
    """The same agents, with tools that run in the parent."""
    return tuple(
        replace(agent, tools=[Elsewhere(agent.name, tool, ask) for tool in agent.toolbox.values()]) for agent in agents
    )


class Asking:
    """A worker's end: ``tell`` tells the parent."""

    def __init__(self, tell: Callable[[Run | GiveUp], None]) -> None:
        self._tell = tell
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[str]] = {}

    async def ask(self, agent: str, tool: str, arguments: str, within: float) -> str:
        number = next(self._numbers)
        output: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[number] = output
        self._tell(Run(number, agent, tool, arguments, within))
        try:
            return await output
        except asyncio.CancelledError:
            self._tell(GiveUp(number))
            raise
        finally:
            del self._waiting[number]

    def take(self, frame: Ran) -> None:
        output = self._waiting.get(frame.id)
        if output is not None and not output.done():
            output.set_result(frame.output)


def calling(agents: Sequence[Agent]) -> Ask:
    """The parent's end: runs the tools of these agents."""
    tools: Mapping[tuple[str, str], Tool[..., Any]] = {
        (agent.name, name): tool for agent in agents for name, tool in agent.toolbox.items()
    }

    async def call(agent: str, tool: str, arguments: str, within: float) -> str:
        found = tools.get((agent, tool))
        if found is None:
            return failure("tool_failed", f"{agent} has no tool {tool}")
        return await found.run(arguments, within=within)

    return call
