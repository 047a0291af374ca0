from __future__ import annotations

import errno
import socket
from collections.abc import Iterator

import pytest

from salon.app import listen
from salon.base.errors import ConfigError


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def close(sockets: list[socket.socket]) -> None:
    for bound in sockets:
        bound.close()


def test_a_free_port_is_found_and_named() -> None:
    sockets = listen.bind("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    assert listen.urls(sockets) == [f"http://127.0.0.1:{port}"]
    assert listen.urls(sockets, "https") == [f"https://127.0.0.1:{port}"]
    close(sockets)


def test_a_taken_port_is_one_clear_sentence(taken: int) -> None:
    with pytest.raises(ConfigError) as caught:
        listen.bind("127.0.0.1", taken)
    assert str(caught.value) == (
        f"Port {taken} on 127.0.0.1 is already in use. Stop the program that uses it, or choose another port: "
        f"--port {taken + 1}."
    )


@pytest.mark.parametrize("host", ["no such host", "host.invalid", "a" * 300])
def test_a_host_without_an_address_is_named(host: str) -> None:
    with pytest.raises(ConfigError, match="has no address here"):
        listen.bind(host, 0)


def test_an_address_of_another_machine_is_told_apart() -> None:
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1 is not an address of this machine"):
        listen.bind("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("number", "says"), [(errno.EACCES, "needs more rights"), (errno.ENOBUFS, "Cannot listen on 127.0.0.1 port 80")]
)
def test_other_failures_are_sentences_too(monkeypatch: pytest.MonkeyPatch, number: int, says: str) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, "the system says no")

    monkeypatch.setattr(listen, "_bind", refuse)
    with pytest.raises(ConfigError, match=says):
        listen.bind("127.0.0.1", 80)


def test_localhost_is_one_port_on_all_its_addresses() -> None:
    sockets = listen.bind("localhost", 0)
    assert len({bound.getsockname()[1] for bound in sockets}) == 1
    assert listen.urls(sockets)[0].startswith("http://127.0.0.1:")
    close(sockets)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6_addresses_stand_in_brackets() -> None:
    sockets = listen.bind("::1", 0)
    assert listen.urls(sockets) == [f"http://[::1]:{sockets[0].getsockname()[1]}"]
    close(sockets)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_all_networks_are_shown_as_addresses_one_can_open(host: str) -> None:
    sockets = listen.bind(host, 0)
    urls = listen.urls(sockets)
    assert urls[0].startswith("http://127.0.0.1:")
    assert not any("0.0.0.0" in url or "[::]" in url for url in urls)
    sockets[0].listen()
    # "::" takes IPv4 as well.
    with socket.create_connection(("127.0.0.1", sockets[0].getsockname()[1])):
        pass
    close(sockets)


def test_accepted_connections_are_ended_by_the_kernel_when_the_peer_is_not_there() -> None:
    sockets = listen.bind("127.0.0.1", 0)
    sockets[0].setblocking(True)
    sockets[0].listen()
    with socket.create_connection(sockets[0].getsockname()):
        accepted, _ = sockets[0].accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 30
    close(sockets)


def test_nothing_stays_bound_when_one_address_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET, ("127.0.0.2", 0))]
    monkeypatch.setattr(listen, "_addresses", lambda host, port: both)
    bind = listen._bind
    made: list[socket.socket] = []

    def second_fails(family: socket.AddressFamily, address: tuple[object, ...], *rest: object) -> socket.socket:
        if made:
            raise OSError(errno.EADDRINUSE, "taken")
        made.append(bind(family, address, "127.0.0.1", 1000))
        return made[0]

    monkeypatch.setattr(listen, "_bind", second_fails)
    with pytest.raises(ConfigError, match="already in use"):
        listen.bind("both", 0)
    assert made[0].fileno() == -1


def test_a_second_address_that_this_machine_does_not_speak_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, ("127.0.0.1", 0)), (socket.AF_INET6, ("2001:db8::1", 0, 0, 0))]
    monkeypatch.setattr(listen, "_addresses", lambda host, port: both)
    sockets = listen.bind("both", 0)
    assert len(sockets) == 1
    close(sockets)
