"""What a crowd leaves behind is given back, once, and not for a few."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import platform
import threading
import weakref

import pytest

from salon.app.clock import SystemClock
from salon.media import memory
from salon.media.engine import Engine, Settings
from salon.media.memory import CROWD, Memory, malloc_trim, settle
from salon.ports.media import Wants
from salon.rtc import sdp
from tests.fakes.light_peer import Light


class Knot:
    """What only the search for cycles frees."""

    def __init__(self) -> None:
        self.self = self


def tied() -> weakref.ref[Knot]:
    """One that has been there for long: the search of the young would not find it."""
    knot = Knot()
    gc.collect()
    return weakref.ref(knot)


def test_behind_a_crowd_what_hangs_together_is_freed_and_malloc_gives_back_what_it_has() -> None:
    asked: list[int] = []
    found = Memory(asked.append)
    knot = tied()
    for _ in range(CROWD):
        found.came()
    beside = found.empty()
    assert beside is not None
    beside.join()
    assert (knot(), asked) == (None, [0])
    assert found.empty() is None, "it was done"
    assert asked == [0]


def test_a_few_are_not_worth_it_and_add_up() -> None:
    asked: list[int] = []
    found = Memory(asked.append)
    for _ in range(CROWD - 1):
        found.came()
        assert found.empty() is None
    found.came()
    beside = found.empty()
    assert beside is not None
    beside.join()
    assert asked == [0]


def test_where_malloc_is_another_nothing_is_searched_for() -> None:
    found = Memory(None)
    gc.disable()
    try:
        knot = tied()
        for _ in range(2 * CROWD):
            found.came()
        assert found.empty() is None
        assert knot() is not None
    finally:
        gc.enable()


def test_glibc_s_own_can_be_called(monkeypatch: pytest.MonkeyPatch) -> None:
    trim = malloc_trim()
    if platform.libc_ver()[0] == "glibc":
        assert trim is not None
        assert trim(0) in (0, 1)

    def without(_: object) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", without)
    assert malloc_trim() is None


def test_what_is_there_when_a_process_is_ready_is_not_searched_again() -> None:
    before, knot = Knot(), tied()
    try:
        settle()
        assert knot() is None, "but for what nobody needs"
        assert not any(each is before for each in gc.get_objects())
        after = Knot()
        assert any(each is after for each in gc.get_objects())
    finally:
        gc.unfreeze()


async def test_an_engine_does_it_when_the_last_has_left_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CROWD", 2)
    engine = Engine(Settings(host="127.0.0.1", limit=1e9), SystemClock())
    asked: list[int] = []
    done = threading.Event()

    def trim(_: int) -> None:
        asked.append(len(engine.peers))
        done.set()

    engine._memory = Memory(trim)
    await engine.start()
    peers = []
    for _ in range(3):
        light = Light("sendrecv")
        peers.append((await engine.accept(sdp.parse(light.offer), Wants(voice=True))).peer)
        light.close()
    knot = tied()
    for peer in peers:
        assert engine._tick()
        assert knot() is not None
        peer.close()
    assert not engine._tick()
    assert knot() is None
    assert await asyncio.to_thread(done.wait, 10)
    assert asked == [0]
    await engine.aclose()
