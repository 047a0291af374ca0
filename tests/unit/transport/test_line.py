"""Frames over a real socket."""

from __future__ import annotations

import asyncio
import socket

import pytest

from salon.transport import line as module
from salon.transport.line import Line
from salon.wire.workers import Began, Frame, Taken, encode


async def pair() -> tuple[Line, Line, list[Frame]]:
    ours, theirs = socket.socketpair()
    heard: list[Frame] = []
    return await Line.open(ours, lambda frame: None), await Line.open(theirs, heard.append), heard


async def test_frames_come_in_order_and_what_was_said_before_the_end_comes_too() -> None:
    one, other, heard = await pair()
    said: list[Frame] = [Taken(number) for number in range(1000)]
    for frame in said:
        one.send(frame)
    one.close()
    await other.over.wait()
    assert heard == said
    other.send(Taken(1))  # nobody is there, and nobody minds
    await one.over.wait()


async def test_who_does_not_read_is_cut_off(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 1 << 20)
    ours, theirs = socket.socketpair()
    with theirs:
        line = await Line.open(ours, lambda frame: None)
        for _ in range(100):
            line.send(Began("x" * 100_000))
        async with asyncio.timeout(5):
            await line.over.wait()
    assert "does not read" in caplog.text


@pytest.mark.parametrize("data", [b"\0\0\0\1\xc1", encode(Taken(1))])
async def test_what_cannot_be_understood_ends_it(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    def take(frame: Frame) -> None:
        raise LookupError(frame)

    ours, theirs = socket.socketpair()
    with theirs:
        line = await Line.open(ours, take)
        theirs.sendall(data)
        await line.over.wait()
    assert "cannot be understood" in caplog.text
