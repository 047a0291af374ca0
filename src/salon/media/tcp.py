"""ICE over TCP (RFC 6544), for networks that block UDP: we listen, the peer connects. Packets are framed as RFC 4571 says:
a length of two bytes in front of each.

It listens on the number of the UDP port. Where that is HTTP's number too, HTTP's listener hands the connections on. Where it is
taken by another program there is no ICE-TCP: the answer then has no candidate for it, and the log says so once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, cast

from salon.media.srtp import Buffer

# A frame is an RTP, DTLS or STUN packet that would have fitted a datagram.
MAX_FRAME: Final = 2_000
# Kept for one slow reader: 256 KiB are a second of 2 Mbit/s. What comes on top is dropped, as UDP would.
MAX_WAITING: Final = 256 * 1024
# Who connects and sends nothing that ICE knows, is cut off.
PROVE_SECONDS: Final = 15.0
MAX_CONNECTIONS: Final = 2_048

log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """One accepted connection: what ICE calls a source, as a UDP address is one. ``proved`` once a valid check came over it."""

    def __init__(self, port: TcpPort) -> None:
        self.address: tuple[Any, ...] = ("", 0)
        self.proved = False
        self.dropped = 0
        self.owner: Any = None
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's only in what they do.
        self._transport = cast(asyncio.Transport, transport)
        self.address = transport.get_extra_info("peername") or ("", 0)
        if len(self._port.connections) >= MAX_CONNECTIONS:
            self._transport.abort()
            return
        self._port.connections.add(self)
        self._timer = asyncio.get_running_loop().call_later(PROVE_SECONDS, self._unproved)

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        position, size = 0, len(received)
        while size - position >= 2:
            length = received[position] << 8 | received[position + 1]
            if length > MAX_FRAME:
                self.close()
                return
            if size - position - 2 < length:
                break
            self._port.take(received[position + 2 : position + 2 + length], self)
            if self._transport is None:
                return
            position += 2 + length
        del received[:position]
        self._port.after()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
        self._port.connections.discard(self)
        self._port.lost(self)
        self.owner = None

    def send(self, data: bytes | bytearray) -> bool:
        """False where the reader is too slow: the packet is dropped."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > MAX_WAITING:
            self.dropped += 1
            return False
        transport.write(len(data).to_bytes(2, "big") + data)
        return True

    @property
    def waiting(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    def close(self) -> None:
        """Send what waits, then end."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _unproved(self) -> None:
        if not self.proved:
            self.abort()


class TcpPort:
    """``take`` gets every frame, in ``buffer``, with its connection; ``lost`` each connection that ended."""

    def __init__(
        self,
        buffer: Buffer,
        receive: Callable[[int, Connection], None],
        after: Callable[[], None],
        lost: Callable[[Connection], None],
    ) -> None:
        self.connections: set[Connection] = set()
        self.after = after
        self.lost = lost
        self._buffer = buffer
        self._receive = receive
        self._server: asyncio.Server | None = None

    def connection(self) -> Connection:
        """For an accepted connection, of this port's listener or another's."""
        return Connection(self)

    async def start(self, host: str, port: int) -> bool:
        """False where the port is taken."""
        try:
            self._server = await asyncio.get_running_loop().create_server(
                self.connection, host or None, port, backlog=512
            )
        except OSError:
            log.info("TCP port %d is taken: clients whose network blocks UDP need another --udp-port", port)
            return False
        return True

    def take(self, frame: bytearray, connection: Connection) -> None:
        size = len(frame)
        self._buffer.data[:size] = frame
        self._receive(size, connection)

    async def aclose(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in tuple(self.connections):
            connection.close()
        # One turn of the loop writes the goodbyes; who does not read them is cut off.
        await asyncio.sleep(0)
        for connection in tuple(self.connections):
            connection.abort()
        if self._server is not None:
            await self._server.wait_closed()
