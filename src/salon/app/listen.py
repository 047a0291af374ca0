"""The sockets that clients come to, bound before anything else starts so that a taken port is one clear sentence."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

from salon.base.errors import ConfigError

USER_TIMEOUT_MS = 20_000
KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


def bind(host: str, port: int, *, user_timeout_ms: int = USER_TIMEOUT_MS) -> list[socket.socket]:
    """Sockets bound to every address ``host`` has (``localhost`` has two), not yet listening. Port 0 takes a free one.

    Accepted connections inherit their options. Raises ``ConfigError`` that says what is wrong and what to do.
    """
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            if sockets and port == 0:
                address = (address[0], sockets[0].getsockname()[1], *address[2:])
            try:
                sockets.append(_bind(family, address, host, user_timeout_ms))
            except OSError as error:
                # A name may have an address of a kind this machine does not speak: "localhost" where IPv6 is off.
                if not sockets or error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise ConfigError(_sentence(error, str(address[0]), int(str(address[1])))) from None
    except BaseException:
        for bound in sockets:
            bound.close()
        raise
    return sockets


def urls(sockets: list[socket.socket], scheme: str = "http") -> list[str]:
    """Addresses to open in a browser, the most useful first. A wildcard gives this machine's own addresses."""
    found: dict[str, None] = {}
    for bound in sockets:
        host, port = bound.getsockname()[:2]
        if ip_address(host).is_unspecified:
            hosts = ["127.0.0.1", *_outward()]
        else:
            hosts = [host]
        for each in hosts:
            found[f"{scheme}://{f'[{each}]' if ':' in each else each}:{port}"] = None
    return list(found)


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise ConfigError(
            f"The host {host!r} has no address here. Use 127.0.0.1 for this machine only, 0.0.0.0 for all networks."
        ) from None
    # One entry each: getaddrinfo may repeat an address. IPv4 first, it is the one that people type.
    unique = dict.fromkeys((family, address) for family, _, _, _, address in found)
    return sorted(unique, key=lambda entry: entry[0] != socket.AF_INET)  # type: ignore[arg-type]  # no SOCK_STREAM has others


def _bind(family: socket.AddressFamily, address: tuple[object, ...], host: str, user_timeout_ms: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # "::" alone means all networks of both kinds; beside an IPv4 socket it must leave IPv4 to that.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        _tune(bound, user_timeout_ms)
        bound.bind(address)
        bound.setblocking(False)
    except BaseException:
        bound.close()
        raise
    return bound


def _tune(bound: socket.socket, user_timeout_ms: int) -> None:
    # Small messages leave at once: a delta that waits for the last one's acknowledgement is a stutter.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE:
        if hasattr(socket, name):
            bound.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    # RFC 5482: how long sent data may stay unacknowledged; on Linux also how long a peer may keep its window shut. The
    # kernel then ends connections whose peer has vanished or stopped reading, which closing them would wait for.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, user_timeout_ms)


def _sentence(error: OSError, address: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {address} is already in use. Stop the program that uses it, or choose another port: "
            f"--port {port + 1 if port < 65535 else 8000}."
        )
    if error.errno == errno.EACCES:
        return (
            f"Port {port} on {address} needs more rights than this user has. Choose a port from 1024 up: --port 8000."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} is not an address of this machine. Use 127.0.0.1 for this machine only, 0.0.0.0 for all networks."
    return f"Cannot listen on {address} port {port}: {error.strerror}."


def _outward() -> list[str]:
    """This machine's address towards other networks. Connecting a UDP socket sends nothing; it asks the routing table."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return [str(probe.getsockname()[0])]
        except OSError:
            return []
