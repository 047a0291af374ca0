from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from salon.base.rooms import Who
from salon.session import hooks as module
from salon.session.hooks import Happening, Hooks


def message(channel: str = "lobby/chat", data: bytes = b'{"a":1}') -> Happening:
    room, _, topic = channel.partition("/")
    return Happening("room.message", room, topic, Who("alice"), data)


async def test_who_wants_to_know_is_told() -> None:
    hooks, heard = Hooks(), []

    def plain(happening: Happening) -> None:
        heard.append(("plain", happening.channel))

    async def patient(happening: Happening) -> None:
        await asyncio.sleep(0)
        heard.append(("patient", happening.json))

    hooks.on("room.message", plain, "*/chat")
    hooks.on("room.message", patient)
    assert hooks.wanted("room.message") and not hooks.wanted("room.left")
    async with asyncio.TaskGroup() as group:
        for channel in ("lobby/chat", "lobby/feed"):
            hooks.fire(message(channel), lambda work: group.create_task(work) and None)
    assert sorted(heard, key=str) == sorted(
        [("plain", "lobby/chat"), ("patient", {"a": 1}), ("patient", {"a": 1})], key=str
    )


def test_an_event_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"room\.joined"):
        Hooks().on("room.entered", lambda happening: None)


async def test_those_that_run_are_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "MAX_RUNNING", 2)
    hooks, works = Hooks(), list[Coroutine[Any, Any, None]]()
    heard: list[Happening] = []
    hooks.on("room.message", heard.append)
    for _ in range(4):
        hooks.fire(message(), works.append)
    assert len(works) == 2
    for work in works:
        await work
    hooks.fire(message(), works.append)
    await works[2]
    assert len(heard) == 3
    assert [record.getMessage() for record in caplog.records] == [
        "2 handlers run: what happens until fewer do is not told",
        "2 times a handler was not told what happened",
    ], "however much happens"


def test_a_happening_of_a_room_has_its_name() -> None:
    assert Happening("room.joined", "lobby").channel == "lobby"
