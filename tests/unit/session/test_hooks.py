from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from salon.base.errors import Refused
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


def test_plain_functions_are_called_at_once_in_order() -> None:
    hooks, heard = Hooks(), list[str]()
    hooks.on("room.message", lambda happening: heard.append(f"first {happening.topic}"))
    hooks.on("room.message", lambda happening: heard.append(f"second {happening.topic}"))
    works: list[Coroutine[Any, Any, None]] = []
    hooks.fire(message("lobby/a"), works.append)
    hooks.fire(message("lobby/b"), works.append)
    assert heard == ["first a", "second a", "first b", "second b"]
    assert works == []


async def test_what_fails_keeps_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    hooks, heard = Hooks(), list[Happening]()

    def plain(happening: Happening) -> None:
        raise LookupError("in a plain one")

    async def patient(happening: Happening) -> None:
        raise LookupError("in a patient one")

    async def refused(happening: Happening) -> None:
        raise Refused("Not now.", status=503, code="broker_busy")

    for handler in (plain, patient, refused, heard.append):
        hooks.on("room.message", handler)
    async with asyncio.TaskGroup() as group:
        hooks.fire(message(), lambda work: group.create_task(work) and None)
    assert len(heard) == 1
    assert "in a plain one" in caplog.text and "in a patient one" in caplog.text
    assert [record.exc_info is None for record in caplog.records] == [False, False, True], (
        "what is refused is no mistake"
    )


async def test_those_that_run_are_bounded(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "MAX_RUNNING", 2)
    hooks, heard = Hooks(), list[Happening]()
    begun, ended = list[Happening](), asyncio.Event()

    async def hangs(happening: Happening) -> None:
        begun.append(happening)
        await ended.wait()

    hooks.on("room.message", hangs)
    hooks.on("room.message", heard.append)
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            hooks.fire(message(), lambda work: group.create_task(work) and None)
        await asyncio.sleep(0)
        assert (len(begun), len(heard)) == (2, 4), "one that hangs takes nothing from another"
        ended.set()
    async with asyncio.TaskGroup() as group:
        hooks.fire(message(), lambda work: group.create_task(work) and None)
    assert len(begun) == 3
    told = [record.getMessage().rpartition("hangs")[2] for record in caplog.records]
    assert told == [
        " runs 2 times: until fewer do it is not told what happens",
        " was not told 2 times what happened",
    ], "however much happens"


async def test_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", 0.01)
    hooks = Hooks()

    async def hangs(happening: Happening) -> None:
        await asyncio.Event().wait()

    async def out_of_time(happening: Happening) -> None:
        raise TimeoutError("of its own")

    hooks.on("room.message", hangs)
    hooks.on("room.message", out_of_time)
    async with asyncio.TaskGroup() as group:
        hooks.fire(message(), lambda work: group.create_task(work) and None)
    assert "took more than 0.01 s for one event" in caplog.text
    assert "of its own" in caplog.text


def test_a_happening_of_a_room_has_its_name() -> None:
    assert Happening("room.joined", "lobby").channel == "lobby"
