"""Frames of RFC 4571 on accepted connections; who proves nothing or reads nothing is let go."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from salon.media import tcp
from salon.media.srtp import Buffer
from salon.media.tcp import MAX_FRAME, MAX_WAITING, Connection, TcpPort


class Port:
    def __init__(self) -> None:
        self.buffer = Buffer()
        self.got: list[tuple[bytes, Connection]] = []
        self.ended: list[Connection] = []
        self.news = asyncio.Event()
        self.port = TcpPort(self.buffer, self.receive, lambda: None, self.lost)

    async def start(self) -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            number: int = probe.getsockname()[1]
        assert await self.port.start("127.0.0.1", number)
        return number

    def receive(self, size: int, connection: Connection) -> None:
        self.got.append((bytes(self.buffer.view[:size]), connection))
        self.news.set()

    def lost(self, connection: Connection) -> None:
        self.ended.append(connection)
        self.news.set()

    async def until(self, condition: Any) -> None:
        while not condition():
            self.news.clear()
            await self.news.wait()


def framed(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


async def test_frames_are_found_however_they_are_cut() -> None:
    port = Port()
    _, writer = await asyncio.open_connection("127.0.0.1", await port.start())
    stream = framed(b"one") + framed(b"") + framed(b"three" * 100)
    for at in range(0, len(stream), 7):
        writer.write(stream[at : at + 7])
        await writer.drain()
    await port.until(lambda: len(port.got) == 3)
    assert [data for data, _ in port.got] == [b"one", b"", b"three" * 100]
    assert len({connection for _, connection in port.got}) == 1
    writer.close()
    await port.until(lambda: port.ended)
    await port.port.aclose()


async def test_what_is_sent_is_framed() -> None:
    port = Port()
    reader, writer = await asyncio.open_connection("127.0.0.1", await port.start())
    writer.write(framed(b"hello"))
    await port.until(lambda: port.got)
    connection = port.got[0][1]
    assert connection.address[:2] == writer.get_extra_info("sockname")[:2]
    assert connection.send(b"and you")
    assert await reader.readexactly(9) == framed(b"and you")
    await port.port.aclose()
    assert await reader.read() == b""
    writer.close()


async def test_a_frame_too_long_ends_the_connection() -> None:
    port = Port()
    reader, writer = await asyncio.open_connection("127.0.0.1", await port.start())
    writer.write((MAX_FRAME + 1).to_bytes(2, "big"))
    assert await reader.read() == b""
    await port.until(lambda: port.ended)
    assert port.got == []
    writer.close()
    await port.port.aclose()


async def test_a_slow_reader_loses_packets_and_holds_a_bounded_amount() -> None:
    port = Port()
    _, writer = await asyncio.open_connection("127.0.0.1", await port.start())
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(framed(b"hello"))
    await port.until(lambda: port.got)
    connection = port.got[0][1]
    while connection.send(bytes(1_200)):
        pass
    assert MAX_WAITING < connection.waiting < MAX_WAITING + 2_000
    assert connection.dropped == 1
    writer.close()
    await port.port.aclose()


async def test_who_proves_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "PROVE_SECONDS", 0.0)
    port = Port()
    _, writer = await asyncio.open_connection("127.0.0.1", await port.start())
    await port.until(lambda: port.ended)
    assert port.port.connections == set()
    writer.close()
    await port.port.aclose()


async def test_no_more_connections_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp, "MAX_CONNECTIONS", 1)
    port = Port()
    number = await port.start()
    _, first = await asyncio.open_connection("127.0.0.1", number)
    first.write(framed(b"hello"))
    await port.until(lambda: port.got)
    _, second = await asyncio.open_connection("127.0.0.1", number)
    await port.until(lambda: port.ended)
    assert len(port.port.connections) == 1
    first.close()
    second.close()
    await port.port.aclose()


async def test_a_taken_port_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert not await Port().port.start("127.0.0.1", taken.getsockname()[1])
