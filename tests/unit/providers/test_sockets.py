from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from salon.base.errors import BadAnswer, TimedOut
from salon.providers.sockets import Socket, Sockets


@asynccontextmanager
async def vendor(*, reads: bool = True) -> AsyncIterator[tuple[str, asyncio.Queue[int | None]]]:
    """An address, and how each connection was closed there."""
    ended: asyncio.Queue[int | None] = asyncio.Queue()
    done = asyncio.Event()

    async def answer(connection: ServerConnection) -> None:
        if not reads:
            connection.transport.pause_reading()
            await done.wait()
        with suppress(ConnectionClosed):
            while True:
                frame = await connection.recv()
                if frame == "bye":
                    await connection.close()
                else:
                    await connection.send(frame)
        ended.put_nowait(connection.close_code)

    async with serve(answer, "127.0.0.1", 0, close_timeout=0.1) as server:
        yield f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", ended
        done.set()


async def test_frames_go_out_and_in_until_the_vendor_closes() -> None:
    async with vendor() as (url, _), Sockets("Vendor", "vendor", 5).held(connect(url)) as socket:
        for frame in ("text", b"bytes"):
            assert await socket.send(frame)
            assert await socket.receive() == frame
        assert await socket.send("bye")
        await over(socket)


async def test_leaving_aborts_and_closing_ends_all_that_are_open() -> None:
    sockets = Sockets("Vendor", "vendor", 5)
    async with vendor() as (url, ended):
        async with sockets.held(connect(url)):
            pass
        assert await ended.get() == 1006
        async with sockets.held(connect(url)) as one, sockets.held(connect(url)) as other:
            await sockets.aclose()
            await over(one)
            await over(other)


async def test_a_vendor_that_takes_nothing_is_given_up() -> None:
    async with vendor(reads=False) as (url, _), Sockets("Vendor", "vendor", 0.05).held(connect(url)) as socket:
        with pytest.raises(TimedOut, match=r"Vendor has not taken anything for 0.05 s") as caught:
            while True:
                await socket.send(b"\0" * 1_000_000)
        assert (caught.value.house, caught.value.phase) == ("vendor", "stall")


async def over(socket: Socket) -> None:
    with pytest.raises(BadAnswer, match="Vendor closed the connection") as caught:
        await socket.receive()
    assert caught.value.house == "vendor"
    assert not await socket.send("late")
