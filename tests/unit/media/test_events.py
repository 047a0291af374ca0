"""Who hears what, and who waits for the end."""

from __future__ import annotations

import asyncio
from typing import Any

from salon.media.events import MAX_EVENTS, Events
from salon.ports.media import Closed, Connected, Disconnected, PeerEvent


async def test_listeners_hear_until_they_stop_and_nothing_after_the_end() -> None:
    events, one, two = Events(), list[PeerEvent](), list[PeerEvent]()
    stop = events.listen(one.append)
    events.listen(two.append)
    events.tell(Connected())
    stop()
    stop()
    events.end("left")
    events.tell(Connected())
    assert one == [Connected()]
    assert two == [Connected(), Closed("left")]


async def test_who_waits_learns_the_reason_and_stopping_disturbs_nobody() -> None:
    events = Events()
    async with asyncio.TaskGroup() as tasks:
        impatient = tasks.create_task(events.over())
        patient = tasks.create_task(events.over())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.sleep(0)
        events.end("vanished")
        assert await patient == "vanished"
    assert await events.over() == "vanished"


async def test_an_iterator_gets_all_to_the_end() -> None:
    events = Events()
    seen: list[Any] = []

    async def read() -> None:
        async for event in events.iterate():
            seen.append(event)  # noqa: PERF401  # as it comes

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        await asyncio.sleep(0)
        events.tell(Connected())
        events.tell(Disconnected())
        events.end("vanished")
    assert seen == [Connected(), Disconnected(), Closed("vanished")]


async def test_one_that_begins_after_the_end_gets_the_end() -> None:
    events = Events()
    events.end("closed")
    assert [event async for event in events.iterate()] == [Closed("closed")]


async def test_a_reader_too_slow_is_ended() -> None:
    events = Events()
    reader = events.iterate()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(anext(reader))
        await asyncio.sleep(0)
        for _ in range(2 * MAX_EVENTS):
            events.tell(Connected())
        assert await first == Connected()
    assert len([event async for event in reader]) == MAX_EVENTS - 2
