from __future__ import annotations

import asyncio

import pytest

from salon.transport.outbox import Outbox


def drained(outbox: Outbox) -> list[str]:
    texts = []
    while (text := outbox.take()) is not None:
        texts.append(text)
    return texts


def test_keeps_order_and_counts_bytes_of_utf8() -> None:
    outbox = Outbox()
    for text in ("one", "二", "three"):
        assert outbox.put(text)
    assert (len(outbox), outbox.bytes) == (3, 3 + 3 + 5)
    assert drained(outbox) == ["one", "二", "three"]
    assert (len(outbox), outbox.bytes) == (0, 0)


def test_too_many_messages_drop_all_and_close() -> None:
    outbox = Outbox(max_messages=2)
    assert outbox.put("a")
    assert outbox.put("b")
    assert not outbox.put("c")
    assert outbox.closing == (1013, "reader too slow")
    assert outbox.overflowed
    assert outbox.take() is None
    assert outbox.bytes == 0


@pytest.mark.parametrize(("text", "fits"), [("x" * 10, True), ("x" * 11, False), ("é" * 5, True), ("é" * 6, False)])
def test_bytes_are_bounded_too(text: str, fits: bool) -> None:
    assert Outbox(max_bytes=10).put(text) is fits


def test_room_comes_back_when_messages_are_taken() -> None:
    outbox = Outbox(max_messages=1, max_bytes=4)
    for _ in range(3):
        assert outbox.put("1234")
        assert outbox.take() == "1234"


def test_closing_keeps_what_waits_and_takes_nothing_more() -> None:
    outbox = Outbox()
    outbox.put("last")
    outbox.close(1000, "bye")
    outbox.close(1011, "too late")
    assert not outbox.put("never")
    assert outbox.closing == (1000, "bye")
    assert not outbox.overflowed
    assert drained(outbox) == ["last"]


async def test_wait_returns_on_a_message_and_on_close() -> None:
    outbox = Outbox()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(outbox.wait())
        await asyncio.sleep(0)
        assert not task.done()
        outbox.put("x")
        outbox.put("y")
    await outbox.wait()
    assert drained(outbox) == ["x", "y"]
    async with asyncio.TaskGroup() as group:
        task = group.create_task(outbox.wait())
        await asyncio.sleep(0)
        assert not task.done()
        outbox.close(1000, "")
