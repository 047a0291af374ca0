"""Spoken conversations by a script, in virtual time; and what holds in every one of them, whatever happens in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from salon.base.events import (
    Ducked,
    Event,
    InputCommitted,
    InputSpeechStarted,
    InputSpeechStopped,
    OutputBufferCleared,
    OutputBufferStarted,
    OutputBufferStopped,
    OutputItemAdded,
    OutputItemDone,
    ResponseCreated,
    ResponseDone,
    TranscriptionCompleted,
    Unducked,
    WordsTimed,
)
from salon.testing import Simulation, run

LONG = "Paris is the capital of France, and it is a very large city, with many old houses, and a famous tower in it."
Script = Callable[[Simulation], Awaitable[None]]

# Told by what is heard, which goes on after the answer is written.
HEARD = (OutputBufferStarted, OutputBufferStopped, OutputBufferCleared, WordsTimed, Ducked, Unducked)


def play(script: Script, **how: Any) -> None:
    async def main() -> None:
        async with Simulation(**how) as talk:
            await talk.wait(300)
            await script(talk)
            found = breaches([event for _, event in talk.events])
            assert not found, found

    run(main())


def breaches(events: list[Event]) -> list[str]:
    """What may not be in any conversation: an answer that speaks after its end, two ends, an item that was never begun, a turn
    that is over twice."""
    found: list[str] = []
    open_items: dict[str, set[str]] = {}
    over: set[str] = set()
    turns: dict[str, Counter[type[Event]]] = {}
    for event in events:
        match event:
            case ResponseCreated(response):
                open_items[response.id] = set()
            case ResponseDone(response):
                if open_items.pop(response.id, {"never begun"}):
                    found.append(f"{response.id} is done before its items, or twice")
                over.add(response.id)
            case OutputItemAdded(response_id, _, item):
                open_items.get(response_id, set()).add(item.id)
            case OutputItemDone(response_id, _, item):
                open_items.get(response_id, set()).discard(item.id)
            case InputSpeechStarted() | InputSpeechStopped() | InputCommitted() | TranscriptionCompleted():
                told = turns.setdefault(event.item_id, Counter())
                told[type(event)] += 1
                if told[type(event)] > 1:
                    found.append(f"{event.item_id}: {type(event).__name__} twice")
                if isinstance(event, InputSpeechStopped) and not told[InputSpeechStarted]:
                    found.append(f"{event.item_id} stopped and never began")
                if isinstance(event, TranscriptionCompleted) and not told[InputCommitted]:
                    found.append(f"{event.item_id} has words before its place")
        if isinstance(event, HEARD):
            continue
        if getattr(event, "response_id", None) in over:
            found.append(f"{type(event).__name__} of {event.response_id}, which is over")  # type: ignore[union-attr]
        item_id = getattr(event, "item_id", None)
        response_id = getattr(event, "response_id", None)
        if response_id is not None and item_id is not None and item_id not in open_items.get(response_id, ()):
            found.append(f"{type(event).__name__} of {item_id}, which is not being written")
    return found
