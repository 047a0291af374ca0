"""One session, several ways out."""

from __future__ import annotations

import asyncio

from salon.transport.fan import FanLink
from tests.fakes.outbox_link import OutboxLink


def test_everybody_hears_everything_while_they_are_there() -> None:
    fan, one, other = FanLink(), OutboxLink(), OutboxLink()
    fan.send("nobody")
    fan.add(one)
    fan.send("a")
    fan.add(other)
    fan.send("b")
    fan.remove(one)
    fan.remove(one)
    fan.send("c")
    assert (one.read(), other.read()) == (["a", "b"], ["b", "c"])


async def test_the_slowest_sets_the_pace() -> None:
    fan, slow = FanLink(), OutboxLink(max_messages=4)
    fan.add(OutboxLink())
    fan.add(slow)
    assert not fan.crowded
    for _ in range(3):
        fan.send("x")
    assert fan.crowded
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        waiting = group.create_task(fan.drained())
        await asyncio.sleep(0)
        assert not waiting.done()
        slow.read()
        await waiting


def test_it_closes_once_and_all() -> None:
    closed: list[tuple[int, str]] = []
    fan, link = FanLink(lambda code, reason: closed.append((code, reason))), OutboxLink()
    fan.add(link)
    fan.close(1012, "restart")
    fan.close(1000, "again")
    assert closed == [(1012, "restart")]
    assert link.code == 1012
