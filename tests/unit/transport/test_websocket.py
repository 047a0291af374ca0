from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError

from salon.transport.frames import Shared
from salon.transport.outbox import Outbox
from salon.transport.websocket import ABORT_EXTENSION, WRITE_EXTENSION, WebSocketLink
from tests.fakes.raw_websocket import RawWebSocket
from tests.fakes.serving import Noting, lone_websocket, serving

STEPS = 2000


class Door:
    """Accepts every WebSocket and runs a link on it; ``links`` has those that came in, ``codes`` how they ended."""

    def __init__(
        self, hear: Callable[[WebSocketLink, str], Iterable[None] | None] = WebSocketLink.send, **settings: Any
    ) -> None:
        self.hear = hear
        self.run: dict[str, Any] = {name: settings.pop(name) for name in ("on_binary", "pace") if name in settings}
        self.max_messages = settings.pop("max_messages", 4096)
        self.can_abort = settings.pop("can_abort", True)
        self.can_write = settings.pop("can_write", True)
        self.settings = settings
        self.observer = Noting()
        self.links: asyncio.Queue[WebSocketLink] = asyncio.Queue()
        self.codes: asyncio.Queue[int] = asyncio.Queue()
        self.app = lone_websocket(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        if not self.can_abort:
            del scope["extensions"][ABORT_EXTENSION]
        if not self.can_write:
            del scope["extensions"][WRITE_EXTENSION]
        outbox = Outbox(max_messages=self.max_messages)
        link = WebSocketLink(scope, receive, send, door="test", observer=self.observer, outbox=outbox, **self.settings)
        self.links.put_nowait(link)
        self.codes.put_nowait(await link.run(lambda text: self.hear(link, text), **self.run))


async def test_carries_messages_both_ways_in_order() -> None:
    door = Door()
    async with serving(door.app) as server, connect(server.ws) as client:
        for text in ("one", "二", "three"):
            await client.send(text)
        assert [await client.recv() for _ in range(3)] == ["one", "二", "three"]
        await client.close(4001, "done")
        assert await door.codes.get() == 4001
    assert door.observer.seen == [("connected", "test"), ("disconnected", "test", "4001")]


async def test_what_takes_longer_goes_by_steps_between_which_others_have_their_turn() -> None:
    done: list[str] = []
    begun = asyncio.Event()

    def steps(link: WebSocketLink, text: str) -> Iterator[None] | None:
        def walk() -> Iterator[None]:
            for number in range(STEPS):
                done.append(f"{text}{number}")
                begun.set()
                yield
            link.send(text)

        if text == "quick":
            return link.send(f"quick after {len(done)}")
        return walk()

    door = Door(steps)
    async with serving(door.app) as server, connect(server.ws) as long, connect(server.ws) as other:
        await long.send("long")
        await long.send("behind")
        await begun.wait()
        await other.send("quick")
        assert int(str(await other.recv()).removeprefix("quick after ")) < STEPS
        assert [await long.recv(), await long.recv()] == ["long", "behind"]
        assert done == [f"{text}{number}" for text in ("long", "behind") for number in range(STEPS)]


async def test_steps_that_break_close_like_any_callback() -> None:
    def steps(link: WebSocketLink, text: str) -> Iterator[None]:
        yield
        raise KeyError("mine")

    door = Door(steps)
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send("go")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1011


async def test_closes_after_what_is_queued_and_only_once() -> None:
    def leave(link: WebSocketLink, _: str) -> None:
        link.send("last")
        link.close(1012, "restarting")
        link.close(1011, "never said")
        link.send("never sent")

    door = Door(leave)
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send("go")
        assert await client.recv() == "last"
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert (client.close_code, client.close_reason) == (1012, "restarting")
        assert await door.codes.get() == 1012
        await server.let_go()


async def test_may_be_closed_before_it_runs() -> None:
    observer = Noting()

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        link = WebSocketLink(scope, receive, send, door="test", observer=observer)
        link.send("no")
        link.close(4000, "beta")
        await link.run(lambda text: None)

    async with serving(lone_websocket(endpoint)) as server, connect(server.ws) as client:
        assert await client.recv() == "no"
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 4000


async def test_a_long_reason_fits_into_its_frame() -> None:
    door = Door(lambda link, text: link.close(1000, "界" * 100))
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send("go")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_reason == "界" * 41


async def test_binary_messages_go_to_their_own_callback() -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    door = Door(on_binary=heard.put_nowait)
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send(b"\x00\x01")
        assert await heard.get() == b"\x00\x01"


async def test_binary_messages_are_refused_where_nobody_takes_them() -> None:
    door = Door()
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send(b"\x00\x01")
        with pytest.raises(ConnectionClosedError):
            await client.recv()
        assert client.close_code == 1003


async def test_a_failing_callback_closes_its_own_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    def hear(link: WebSocketLink, text: str) -> None:
        if text == "bad":
            raise RuntimeError("a mistake of ours")
        link.send(text)

    door = Door(hear)
    async with serving(door.app) as server, connect(server.ws) as other, connect(server.ws) as client:
        with caplog.at_level(logging.ERROR, "salon"):
            await client.send("bad")
            with pytest.raises(ConnectionClosedError):
                await client.recv()
        assert (client.close_code, client.close_reason) == (1011, "internal error")
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        await other.send("still here")
        assert await other.recv() == "still here"


async def test_a_message_over_the_servers_limit_closes_with_1009() -> None:
    door = Door()
    async with serving(door.app, max_message_bytes=1000) as server, connect(server.ws) as client:
        await client.send("x" * 1001)
        with pytest.raises(ConnectionClosedError):
            await client.recv()
        assert client.close_code == 1009
        assert await door.codes.get() == 1009


async def test_a_client_that_is_killed_is_noticed_while_nothing_is_sent() -> None:
    door = Door()
    async with serving(door.app) as server:
        client = await RawWebSocket.connect(server.host, server.port)
        await door.links.get()
        client.reset()
        assert await door.codes.get() == 1006
        await server.let_go()
    assert door.observer.seen[-1] == ("disconnected", "test", "1006")


async def test_a_client_that_is_killed_is_noticed_in_the_middle_of_an_answer() -> None:
    door = Door()
    async with serving(door.app) as server:
        client = await RawWebSocket.connect(server.host, server.port)
        link = await door.links.get()
        gone = asyncio.Event()

        async def answer() -> None:
            while not link.closing:
                link.send("word")
                await asyncio.sleep(0)
            gone.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(answer())
            client.reset()
            assert await door.codes.get() == 1006
            await gone.wait()


async def test_a_slow_reader_is_bounded_and_others_do_not_notice() -> None:
    door = Door(max_messages=100, close_seconds=0.2)
    async with serving(door.app) as server, connect(server.ws) as other:
        await door.links.get()
        stuck = await RawWebSocket.connect(server.host, server.port)
        link = await door.links.get()
        while not link.closing:
            link.send("x" * 10_000)
            await asyncio.sleep(0)
        await other.send("hello")
        assert await other.recv() == "hello"
        assert await door.codes.get() == 1013
        await other.send("again")
        assert await other.recv() == "again"
        await server.let_go(remaining=1)
        stuck.close()


async def test_a_burst_that_overflows_is_told_why() -> None:
    def flood(link: WebSocketLink, _: str) -> None:
        for _ in range(11):
            link.send("x")

    door = Door(flood, max_messages=10, can_write=False)
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send("go")
        with pytest.raises(ConnectionClosedError):
            await client.recv()
        assert (client.close_code, client.close_reason) == (1013, "reader too slow")


async def test_what_the_kernel_takes_does_not_wait_in_the_outbox() -> None:
    def flood(link: WebSocketLink, _: str) -> None:
        for number in range(11):
            link.send(str(number))

    door = Door(flood, max_messages=10)
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send("go")
        assert [await client.recv() for _ in range(11)] == [str(number) for number in range(11)]


@pytest.mark.parametrize("can_write", [True, False])
async def test_messages_of_every_length_arrive_whole(can_write: bool) -> None:
    texts = ["", "é" * 62 + "x", "x" * 125, "x" * 126, "字" * 42, "x" * 65535, "x" * 65536, "😀" * 20000]
    door = Door(can_write=can_write)
    async with serving(door.app) as server, connect(server.ws) as client:
        for text in texts:
            await client.send(text)
        assert [await client.recv() for _ in texts] == texts


async def test_the_order_stays_when_a_reader_falls_behind_and_catches_up() -> None:
    count = 3000

    def talk(link: WebSocketLink, _: str) -> None:
        for number in range(count):
            # More than the kernel keeps: the first go straight to it, the others wait, those said later wait behind them.
            link.send(f"{number} " + "x" * 1500)

    door = Door(talk)
    async with serving(door.app) as server, connect(server.ws, max_queue=1) as client:
        link = await door.links.get()
        for turn in range(2):
            await client.send("go")
            seen = [int((await client.recv()).split()[0]) for _ in range(count)]
            assert seen == list(range(count)), f"turn {turn}"
        await client.close(1000)
        assert await door.codes.get() == 1000
        link.send("nobody is there")


async def test_a_message_that_does_not_leave_in_time_aborts_the_connection() -> None:
    door = Door(write_seconds=0.2)
    async with serving(door.app) as server:
        stuck = await RawWebSocket.connect(server.host, server.port)
        link = await door.links.get()
        # Far more than the kernel keeps for a client that reads nothing; far less than the outbox holds.
        for _ in range(400):
            link.send("x" * 10_000)
            await asyncio.sleep(0)
        assert await door.codes.get() == 1013
        await server.let_go()
        stuck.close()


async def test_closing_does_not_wait_for_a_reader_that_never_reads() -> None:
    door = Door(close_seconds=0.2)
    async with serving(door.app) as server:
        stuck = await RawWebSocket.connect(server.host, server.port)
        link = await door.links.get()
        for _ in range(400):
            link.send("x" * 10_000)
            await asyncio.sleep(0)
        link.close(1012, "restarting")
        assert await door.codes.get() == 1012
        await server.let_go()
        stuck.close()


async def test_ends_without_a_server_that_can_abort() -> None:
    door = Door(write_seconds=0.2, can_abort=False)
    async with serving(door.app, user_timeout_ms=500) as server:
        stuck = await RawWebSocket.connect(server.host, server.port)
        link = await door.links.get()
        for _ in range(400):
            link.send("x" * 10_000)
            await asyncio.sleep(0)
        assert await door.codes.get() == 1013
        # Nothing of ours holds the socket now but the transport's unsent bytes; the kernel ends that.
        await server.let_go()
        stuck.close()


async def test_who_sends_too_fast_is_read_more_slowly() -> None:
    waits = iter([0, 0, 20, 20])
    asked: list[int] = []

    def pace() -> int:
        asked.append(next(waits))
        return asked[-1]

    door = Door(pace=pace)
    async with serving(door.app) as server, connect(server.ws) as client:
        for number in range(4):
            await client.send(str(number))
        assert [await client.recv() for _ in range(4)] == ["0", "1", "2", "3"]
    assert asked == [0, 0, 20, 20]


async def test_cancelling_the_door_ends_the_link() -> None:
    observer = Noting()
    over = asyncio.Event()
    running: asyncio.Queue[asyncio.Task[Any] | None] = asyncio.Queue()

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        link = WebSocketLink(scope, receive, send, door="test", observer=observer)
        running.put_nowait(asyncio.current_task())
        try:
            with suppress(asyncio.CancelledError):
                await link.run(lambda text: None)
        finally:
            over.set()

    async with serving(lone_websocket(endpoint)) as server, connect(server.ws):
        task = await running.get()
        assert task is not None
        task.cancel()
        await over.wait()
    assert observer.seen == [("connected", "test"), ("disconnected", "test", "1006")]


class Publisher:
    """Hears a number and shares as many messages, between messages of the link's own."""

    def __init__(self, size: int = 100) -> None:
        self.size = size
        self.expected: list[str] = []

    def __call__(self, link: WebSocketLink, text: str) -> None:
        for index in range(int(text)):
            said = f"{index} ".ljust(self.size, "x")
            if index % 7 == 3:
                link.send(said)
            else:
                link.share(Shared(said))
            self.expected.append(said)


@pytest.mark.parametrize("can_write", [True, False])
async def test_shared_messages_keep_their_place_among_the_others(can_write: bool) -> None:
    publisher = Publisher()
    door = Door(publisher, can_write=can_write)
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send("500")
        assert [await client.recv() for _ in range(500)] == publisher.expected


async def test_shared_messages_go_past_the_outbox_while_there_is_room() -> None:
    door = Door(lambda link, text: [link.share(Shared(text)) for _ in range(3)] and None)
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send("hello")
        assert [await client.recv() for _ in range(3)] == ["hello"] * 3
    assert not door.observer.depths


async def test_a_slow_reader_of_shared_messages_is_bounded() -> None:
    door = Door(Publisher(size=4096), max_messages=64, close_seconds=0.2)
    async with serving(door.app) as server:
        client = await RawWebSocket.connect(server.host, server.port)
        await client.send(1, b"20000")
        assert await door.codes.get() == 1013
        # The buffers were filled first: 64 and no more waited behind them.
        assert max(door.observer.depths) == 64
        got = await client.read_to_end()
        # A frame is 4 bytes of header and 4096 of text: whatever came of them is the beginning, without a hole.
        # The last may be the close (opcode 8).
        heads = [got[at + 4 : at + 12].split(b" ")[0] for at in range(0, len(got) - 12, 4100) if got[at] == 0x81]
        assert heads == [str(index).encode() for index in range(len(heads))]
        client.close()


async def test_a_closed_link_shares_nothing() -> None:
    def leave(link: WebSocketLink, _: str) -> None:
        link.close(4000, "over")
        link.share(Shared("late"))

    door = Door(leave)
    async with serving(door.app) as server, connect(server.ws) as client:
        await client.send("go")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 4000


async def test_a_message_that_waits_for_its_reader_is_seen_to_be_stuck() -> None:
    door = Door()
    async with serving(door.app) as server:
        client = await RawWebSocket.connect(server.host, server.port)
        link = await door.links.get()
        await link.unstuck()
        while not link.stuck:
            link.send("x" * 100_000)
            await asyncio.sleep(0)
        async with asyncio.TaskGroup() as group, asyncio.timeout(20):
            waiting = group.create_task(link.unstuck())
            while not waiting.done():
                await client.read_some()
        assert not link.stuck
        client.reset()
        await door.codes.get()
        await link.unstuck()
