from __future__ import annotations

import asyncio
from typing import Any

import pytest

from salon.base.rooms import Patch, TopicRule
from salon.room.policy import Rules
from salon.session import authority as module
from salon.session.authority import Authority, Tick
from salon.session.rooms import Rooms
from tests.fakes.rooms import Guest, Hearing, Mirror, open_rooms

RULES = Rules([TopicRule(pattern="game/state", mode="state", authority=True, durable=False)])


class Game:
    """Everybody has a number that inputs add to; what happened is kept for the test."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def __call__(self, tick: Tick) -> None:
        for who in tick.joined:
            tick.state[who.identity] = {"score": 0}
            self.seen.append(("joined", who.identity))
        for said in tick.inputs:
            tick.state[said.who.identity]["score"] += said.data
            self.seen.append(("input", said.sequence))
        for who in tick.left:
            tick.state.pop(who.identity, None)
            self.seen.append(("left", who.identity))


def patches(ear: Hearing) -> list[Patch]:
    return [event for _, event in ear.told if isinstance(event, Patch)]


async def test_inputs_change_the_state_and_are_acknowledged() -> None:
    async with open_rooms(rules=RULES) as rooms:
        game = Game()
        held = Authority(rooms, "game/state", game)
        await rooms.broker.follow("game/state", held._hear)
        await rooms.broker.follow("game", held._notice)
        alice, bob = Guest(rooms, "alice"), Guest(rooms, "bob")
        mirrors = {guest: Mirror(await guest.subscribe("game/state")) for guest in (alice, bob)}
        held.step()
        await held.flush()
        await alice.member.input("game/state", 1, b"5")
        await alice.member.input("game/state", 2, b"6")
        await alice.member.input("game/state", 2, b"100")
        held.step()
        await held.flush()
        last = patches(alice.ear)[-1]
        assert last.set == {"alice": b'{"score":11}'}, "nothing of what did not change"
        assert last.acks == {alice.member.who.session: 2}
        held.step()
        await held.flush()
        assert patches(alice.ear)[-1] is last, "nothing changed, nothing is said"
        await bob.member.leave(keep=False)
        held.step()
        await held.flush()
        assert patches(alice.ear)[-1].removed == ("bob",)
        for _, event in alice.ear.told:
            mirrors[alice].hear(event)
        assert mirrors[alice].entries == {"alice": b'{"score":11}'}
        assert game.seen == [("joined", "alice"), ("joined", "bob"), ("input", 1), ("input", 2), ("left", "bob")]


async def test_an_input_that_changes_nothing_is_acknowledged_too() -> None:
    async with open_rooms(rules=RULES) as rooms:
        held = Authority(rooms, "game/state", lambda tick: None)
        await rooms.broker.follow("game/state", held._hear)
        alice = Guest(rooms, "alice")
        await alice.subscribe("game/state")
        await alice.member.input("game/state", 9, b"1")
        held.step()
        await held.flush()
        assert [(patch.set, patch.acks) for patch in patches(alice.ear)] == [({}, {alice.member.who.session: 9})]


async def test_private_keys() -> None:
    async with open_rooms(rules=RULES) as rooms:
        owner = {"name": "alice"}

        def deal(tick: Tick) -> None:
            tick.state["hand"] = 7
            tick.owners["hand"] = owner["name"]

        held = Authority(rooms, "game/state", deal)
        alice, bob = Guest(rooms, "alice"), Guest(rooms, "bob")
        hers, his = Mirror(await alice.subscribe("game/state")), Mirror(await bob.subscribe("game/state"))
        for name in ("alice", "bob"):
            owner["name"] = name
            held.step()
            await held.flush()
        for guest, mirror in ((alice, hers), (bob, his)):
            for _, event in guest.ear.told:
                mirror.hear(event)
        assert hers.entries == {}, "it was taken away from her before he got it"
        assert his.entries == {"hand": b"7"}
        assert all("hand" not in patch.set for patch in patches(bob.ear)[:1])


async def test_a_step_that_fails_is_said_once_and_the_world_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async with open_rooms(rules=RULES) as rooms:

        def bad(tick: Tick) -> None:
            tick.state["n"] = tick.number
            raise RuntimeError("oh")

        held = Authority(rooms, "game/state", bad)
        for _ in range(3):
            held.step()
        await held.flush()
        assert len(caplog.records) == 1
        assert (await rooms.broker.state("game/state", RULES.of("game/state"))).entries["n"].value == b"3"
        held._tick.state["bad"] = object()
        held._failed = False
        await held.flush()
        assert "is not JSON" in caplog.text


async def until(rooms: Rooms, key: str, value: bytes) -> None:
    async with asyncio.timeout(20):
        while True:
            image = await rooms.broker.state("game/state", RULES.of("game/state"))
            if key in image.entries and image.entries[key].value == value:
                return
            await asyncio.sleep(0.001)


async def test_one_process_holds_it_and_the_next_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEASE_MS", 20)
    async with open_rooms(rules=RULES) as rooms, asyncio.TaskGroup() as group:

        def writer(name: str) -> Any:
            def step(tick: Tick) -> None:
                tick.state["holder"] = name
                tick.state.setdefault("made_by", name)

            return step

        first = group.create_task(Authority(rooms, "game/state", writer("a"), tick=200, patch=200).run())
        await until(rooms, "holder", b'"a"')
        second = group.create_task(Authority(rooms, "game/state", writer("b"), tick=200, patch=200).run())
        await until(rooms, "holder", b'"a"')
        first.cancel()
        await until(rooms, "holder", b'"b"')
        await until(rooms, "made_by", b'"a"')
        second.cancel()
