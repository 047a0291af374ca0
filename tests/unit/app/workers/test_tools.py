"""Tools that run in the parent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from salon.app.workers.tools import Asking, calling, elsewhere
from salon.session.agent import Agent
from salon.session.tools import Tool, tool
from salon.wire.workers import GiveUp, Ran, Run


@tool(name="sky", timeout=7)
def weather(city: str, days: int = 1) -> dict[str, Any]:
    "The weather."
    return {"city": city, "days": days}


def untouched(city: str) -> str:
    "Never called in a worker."
    raise AssertionError(city)


async def test_an_agent_looks_the_same_and_asks() -> None:
    asked: list[tuple[str, str, str, float]] = []

    async def ask(agent: str, name: str, arguments: str, within: float) -> str:
        asked.append((agent, name, arguments, within))
        return "an output"

    host = Agent("host", tools=[weather, untouched], temperature=0.5)
    (there,) = elsewhere([host], ask)
    assert (there.name, there.temperature) == (host.name, host.temperature)
    assert [each.spec for each in there.toolbox.values()] == [each.spec for each in host.toolbox.values()]
    assert await there.toolbox["untouched"].run('{"city": "Hangzhou"}', within=3) == "an output"
    assert asked == [("host", "untouched", '{"city": "Hangzhou"}', 3)]


async def test_the_parent_calls_the_tool_of_that_agent() -> None:
    call = calling([Agent("host", tools=[weather]), Agent("other", tools=[Tool(lambda city: "no", name="sky")])])
    assert await call("host", "sky", '{"city": "Hangzhou"}', 5) == '{"city":"Hangzhou","days":1}'
    assert "invalid_arguments" in await call("host", "sky", "{", 5)
    assert "tool_failed" in await call("host", "nothing", "{}", 5)


async def test_a_worker_waits_for_its_own_output() -> None:
    told: list[Any] = []
    asking = Asking(told.append)
    async with asyncio.TaskGroup() as group:
        one, other = (group.create_task(asking.ask("host", name, "{}", 9)) for name in ("a", "b"))
        await asyncio.sleep(0)
        assert told == [Run(1, "host", "a", "{}", 9), Run(2, "host", "b", "{}", 9)]
        for frame in (Ran(2, "second"), Ran(2, "again"), Ran(9, "nobody's"), Ran(1, "first")):
            asking.take(frame)
    assert (one.result(), other.result()) == ("first", "second")


async def test_who_waits_no_more_says_so() -> None:
    told: list[Any] = []
    asking = Asking(told.append)
    waiting = asyncio.get_running_loop().create_task(asking.ask("host", "a", "{}", 9))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert told[-1] == GiveUp(1)
    asking.take(Ran(1, "too late"))
