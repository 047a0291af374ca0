"""A WebSocket client that can do what well-behaved ones do not: stop reading, vanish, say nothing."""

from __future__ import annotations

import asyncio
import base64
import os
import socket
import struct
from collections.abc import Sequence


class RawWebSocket:
    """A socket after its handshake. It reads only when told to, into a small buffer, so that the server soon blocks."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    @classmethod
    async def connect(
        cls, host: str, port: int, path: str = "/", headers: Sequence[tuple[str, str]] = (), buffer: int = 4096
    ) -> RawWebSocket:
        loop = asyncio.get_running_loop()
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.setblocking(False)
        await loop.sock_connect(connection, (host, port))
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {host}:{port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            *(f"{name}: {value}" for name, value in headers),
        ]
        await loop.sock_sendall(connection, ("\r\n".join(lines) + "\r\n\r\n").encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += await loop.sock_recv(connection, 1)
        assert head.startswith(b"HTTP/1.1 101"), head
        return cls(connection)

    async def send(self, opcode: int, payload: bytes, *, times: int = 1, final: bool = True) -> None:
        """So many masked frames of at most 64 KiB, their masks being zero."""
        size = len(payload)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
        frame = bytes([(0x80 if final else 0) | opcode]) + length + bytes(4) + payload
        await asyncio.get_running_loop().sock_sendall(self._socket, frame * times)

    async def send_bytes(self, data: bytes) -> None:
        """A part of a frame, or what is none."""
        await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def read_some(self) -> bytes:
        """What has come, at least one byte of it."""
        return await asyncio.get_running_loop().sock_recv(self._socket, 65536)

    async def read_to_end(self) -> bytes:
        """What the server sent until it closed or reset the connection."""
        data = b""
        try:
            while more := await asyncio.get_running_loop().sock_recv(self._socket, 65536):
                data += more
        except ConnectionResetError:
            pass
        return data

    async def read_until(self, ending: bytes) -> bytes:
        """What the server sent, up to the first time that this is the last of it."""
        data = b""
        while not data.endswith(ending):
            more = await asyncio.get_running_loop().sock_recv(self._socket, 65536)
            assert more, f"the server ended after {data[-100:]!r}"
            data += more
        return data

    def reset(self) -> None:
        """End without a goodbye: a TCP reset, as from a process that was killed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        self._socket.close()
