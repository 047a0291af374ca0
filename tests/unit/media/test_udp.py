"""The one socket: drained in batches, sent to directly, never raising."""

from __future__ import annotations

import asyncio
import socket

import pytest
from pylibsrtp._binding import ffi

from salon.base.errors import ConfigError
from salon.media.batch import SIZE, destination
from salon.media.srtp import Buffer
from salon.media.udp import BATCH, MAX_QUEUED, Address, UdpPort


class Port:
    def __init__(self, host: str = "127.0.0.1") -> None:
        self.buffer = Buffer()
        self.port = UdpPort(host, 0, self.buffer)
        self.got: list[tuple[bytes, Address]] = []
        self.batches = 0
        self.came = asyncio.Event()
        self.port.start(asyncio.get_running_loop(), self.receive, self.after)

    def receive(self, size: int, source: Address) -> None:
        self.got.append((bytes(self.buffer.view[:size]), source))

    def after(self) -> None:
        self.batches += 1
        self.came.set()

    async def wait_for(self, count: int) -> None:
        while len(self.got) < count:
            self.came.clear()
            await self.came.wait()


@pytest.mark.parametrize(("host", "own"), [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("", "127.0.0.1"), ("", "::1")])
async def test_it_takes_and_sends_on_both_families(host: str, own: str) -> None:
    port = Port(host)
    with socket.socket(socket.AF_INET6 if ":" in own else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.sendto(b"hello", (own, port.port.port))
        await port.wait_for(1)
        data, source = port.got[0]
        assert data == b"hello"
        port.port.send(b"and you", source)
        assert await asyncio.get_running_loop().sock_recv(client, 100) == b"and you"
    port.port.close()


async def test_a_batch_ends_so_that_others_get_their_turn() -> None:
    port = Port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(BATCH + 10):
            client.sendto(b"x", ("127.0.0.1", port.port.port))
        await port.wait_for(BATCH + 10)
    assert port.batches >= 2
    port.port.close()


async def test_an_address_that_cannot_be_reached_is_its_own_affair() -> None:
    port = Port()
    port.port.send(b"x" * 70_000, ("127.0.0.1", 9))  # larger than any datagram
    assert port.port.dropped == 1
    port.port.close()


@pytest.mark.parametrize("batched", [True, False])
async def test_media_goes_out_at_the_end_of_a_turn_or_when_there_is_much(batched: bool) -> None:
    port = Port()
    if not batched:
        port.port._batch = None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.setblocking(False)
        to = destination(client.getsockname())
        for number in range(SIZE + 1):
            port.port.add(ffi.from_buffer(bytearray(bytes((number, 99)))), 1, to)
        got = [client.recv(100) for _ in range(SIZE)]
        if batched:
            with pytest.raises(BlockingIOError):
                client.recv(100)
        port.port.flush()
        port.port.flush()
        got.append(client.recv(100))
        assert got == [bytes((number,)) for number in range(SIZE + 1)]
    port.port.close()
    port.port.flush()


async def test_what_the_kernel_does_not_take_waits_and_the_oldest_goes() -> None:
    port = Port()
    udp, real = port.port, port.port.sendto

    def full(*_: object) -> int:
        raise BlockingIOError

    udp.sendto = full  # type: ignore[assignment]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind(("127.0.0.1", 0))
        client.setblocking(False)
        for number in range(MAX_QUEUED + 5):
            udp.send(str(number).encode(), client.getsockname())
        assert (udp.queued, udp.dropped) == (MAX_QUEUED, 5)
        udp.sendto = real
        first = await asyncio.get_running_loop().sock_recv(client, 100)
        assert first == b"5"
    port.port.close()


async def test_closed_twice_is_closed() -> None:
    port = Port()
    port.port.close()
    port.port.close()
    assert port.port.socket.fileno() == -1


def test_a_taken_port_is_told_in_a_sentence() -> None:
    first = UdpPort("127.0.0.1", 0, Buffer())
    with pytest.raises(ConfigError) as caught:
        UdpPort("127.0.0.1", first.port, Buffer())
    assert caught.value.code == "udp_port_taken"
    assert str(first.port) in str(caught.value)
    first.close()
