"""Many packets in one call: each to its own address, and what the kernel does not take is told."""

from __future__ import annotations

import errno
import socket
from typing import Any

import pytest
from pylibsrtp._binding import ffi

from salon.media import batch
from salon.media.batch import SIZE, SUPPORTED, Batch, destination

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="Linux alone has sendmmsg")


def receiver(host: str) -> socket.socket:
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    found.bind((host, 0))
    found.setblocking(False)
    return found


def fill(made: Batch, packets: list[tuple[bytes, tuple[Any, ...]]]) -> list[bool]:
    return [made.add(ffi.from_buffer(bytearray(data)), len(data), destination(address)) for data, address in packets]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_each_packet_goes_to_its_own_address(host: str) -> None:
    one, two = receiver(host), receiver(host)
    made = Batch()
    full = fill(made, [(b"first", one.getsockname()), (b"second", two.getsockname()), (b"third", one.getsockname())])
    assert full == [False, False, False]
    with receiver(host) as sender:
        assert made.send(sender.fileno()) == (3, 0, [])
    assert (one.recv(100), one.recv(100), two.recv(100)) == (b"first", b"third", b"second")
    assert made.count == 0
    one.close()
    two.close()


def test_an_ipv4_peer_of_a_socket_for_both() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sender, receiver("127.0.0.1") as peer:
        sender.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made = Batch()
        fill(made, [(b"hello", ("::ffff:127.0.0.1", peer.getsockname()[1], 0, 0))])
        assert made.send(sender.fileno()) == (1, 0, [])
        assert peer.recv(100) == b"hello"


def test_a_full_one_says_so_and_can_be_used_again() -> None:
    with receiver("127.0.0.1") as peer:
        made = Batch()
        for turn in range(3):
            full = fill(made, [(bytes((turn, number)), peer.getsockname()) for number in range(SIZE)])
            assert full == [False] * (SIZE - 1) + [True]
            assert made.send(peer.fileno())[0] == SIZE
            assert [peer.recv(100) for _ in range(SIZE)] == [bytes((turn, number)) for number in range(SIZE)]


def test_one_that_cannot_be_sent_does_not_stop_those_behind_it() -> None:
    with receiver("127.0.0.1") as peer:
        made = Batch()
        fill(made, [(b"one", peer.getsockname()), (b"x" * 70_000, peer.getsockname()), (b"two", peer.getsockname())])
        assert made.send(peer.fileno()) == (2, 1, [])
        assert (peer.recv(100), peer.recv(100)) == (b"one", b"two")


def test_what_there_is_no_room_for_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def sendmmsg(self, *_: object) -> int:
            batch._ffi.errno = errno.EAGAIN
            return -1

    monkeypatch.setattr(batch, "_lib", Full())
    made = Batch()
    fill(made, [(b"one", ("127.0.0.1", 9)), (b"two", ("127.0.0.1", 10))])
    assert made.send(3) == (0, 0, [(b"one", ("127.0.0.1", 9)), (b"two", ("127.0.0.1", 10))])
    assert made.count == 0
