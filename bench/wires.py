"""WebSocket clients that cost next to nothing, so that what is measured is the server: masked frames out, frames counted in."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
from collections.abc import Callable
from typing import cast

_ANSWERS = {b"{}": "{}", b"2": "3"}
"""Pings of Centrifuge's protocol and of Engine.IO's, and their pongs."""


def handshake(path: str, port: int) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def frame(text: str, opcode: int = 1) -> bytes:
    """A client's frame (RFC 6455 section 5.2) under a mask of zeros."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        head = bytes((0x80 | opcode, 0x80 | size))
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + bytes(4) + payload


class Wire(asyncio.Protocol):
    """``on_text`` is called with the payload of each text frame, ``on_open`` when the handshake is done."""

    def __init__(self, path: str, port: int, on_text: Callable[[bytes], None]) -> None:
        self._hello = handshake(path, port)
        self._on_text = on_text
        self._open = False
        self._buffer = b""
        self.raw: Callable[[bytes], None] | None = None
        """Where it is set, bytes go there as they come, and frames are not looked at; pings are answered all the same."""
        self.opened = asyncio.get_running_loop().create_future()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self.transport.write(self._hello)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)

    def send(self, text: str) -> None:
        self.transport.write(frame(text))

    def data_received(self, data: bytes) -> None:
        if self.raw is not None:
            self.raw(data)
            for ping, pong in _ANSWERS.items():
                if bytes((0x81, len(ping))) + ping in data:
                    self.send(pong)
            # All else is ASCII: this byte begins a ping, and uvicorn's have four bytes.
            if (at := data.find(b"\x89\x04")) >= 0:
                self.transport.write(bytes((0x8A, 0x84)) + bytes(4) + data[at + 2 : at + 6])
            return
        buffer = self._buffer + data if self._buffer else data
        if not self._open:
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._open = True
            self.opened.set_result(None)
        at, size = 0, len(buffer)
        while size - at >= 2:
            length, begin = buffer[at + 1], at + 2
            if length == 126:
                if size - at < 4:
                    break
                length, begin = buffer[at + 2] << 8 | buffer[at + 3], at + 4
            elif length == 127:
                if size - at < 10:
                    break
                length, begin = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if size < begin + length:
                break
            opcode, payload = buffer[at] & 15, buffer[begin : begin + length]
            at = begin + length
            if opcode == 1:
                if payload in _ANSWERS:
                    self.send(_ANSWERS[payload])
                else:
                    self._on_text(payload)
            elif opcode == 9:
                self.transport.write(bytes((0x8A, 0x80 | length)) + bytes(4) + payload)
        self._buffer = buffer[at:]


async def open_wire(path: str, port: int, on_text: Callable[[bytes], None]) -> Wire:
    """Connected, and the handshake done."""
    loop = asyncio.get_running_loop()
    _, wire = await loop.create_connection(lambda: Wire(path, port, on_text), "127.0.0.1", port)
    await wire.opened
    return wire
