"""A TURN server in few words, over UDP and TCP: what it answers is said before. For a real one see tests/e2e/test_turn.py."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import cast

from salon.app import relay
from salon.rtc import stun

REALM, NONCE = b"salon.test", b"nonce-1"
USERNAME, PASSWORD = "100:salon-check", "password"
KEY = hashlib.md5(f"{USERNAME}:{REALM.decode()}:{PASSWORD}".encode(), usedforsecurity=False).digest()

Answers = Callable[[stun.Message], bytes]


class TurnServer:
    """``code`` is the error that a signed request is answered with, 0 for none. ``silent`` drops the first so many."""

    def __init__(self, code: int = 0, *, silent: int = 0, stale: bool = False, open: bool = False) -> None:
        self.code = code
        self.silent = silent
        self.stale = stale
        self.open = open
        self.lifetimes: list[int] = []

    def answer(self, data: bytes) -> bytes | None:
        asked = stun.parse(data)
        assert asked is not None
        if self.silent:
            self.silent -= 1
            return None
        id = asked.transaction_id
        if asked.type == stun.BINDING_REQUEST:
            mapped = (stun.XOR_MAPPED_ADDRESS, stun.xor_address("198.51.100.7", 4000, id))
            return stun.build(stun.BINDING_SUCCESS, id, [mapped])
        if asked.type == relay.REFRESH:
            self.lifetimes.append(int.from_bytes(asked.attributes[relay.LIFETIME], "big"))
            return stun.build(0x0104, id, [])
        signed = stun.MESSAGE_INTEGRITY in asked.attributes
        code = 0 if self.open else self.code if signed else 401
        if signed and self.stale:
            self.stale, code = False, 438
        if signed:
            # RFC 8489 section 9.2.2: the key is of name, realm and password.
            expected = stun.build(relay.ALLOCATE, id, self._as_asked(asked), KEY)
            assert expected == data
        if code:
            error = (stun.ERROR_CODE, stun.error(code, "No."))
            return stun.build(relay.NOT_ALLOCATED, id, [error, (relay.REALM, REALM), (relay.NONCE, NONCE)])
        return stun.build(relay.ALLOCATED, id, [(relay.XOR_RELAYED_ADDRESS, stun.xor_address("192.0.2.9", 49170, id))])

    def _as_asked(self, asked: stun.Message) -> list[tuple[int, bytes]]:
        return [each for each in asked.attributes.items() if each[0] != stun.MESSAGE_INTEGRITY]


@asynccontextmanager
async def over_udp(server: TurnServer) -> AsyncIterator[int]:
    class Protocol(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            answered = server.answer(data)
            if answered is not None:
                cast("asyncio.DatagramTransport", self.transport).sendto(answered, addr)

    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Protocol, local_addr=("127.0.0.1", 0))
    try:
        yield int(transport.get_extra_info("sockname")[1])
    finally:
        transport.close()


@asynccontextmanager
async def over_tcp(server: TurnServer, garbage: bytes = b"") -> AsyncIterator[int]:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while True:
                head = await reader.readexactly(20)
                asked = head + await reader.readexactly(int.from_bytes(head[2:4], "big"))
                writer.write(garbage or server.answer(asked) or b"")
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield int(listening.sockets[0].getsockname()[1])
    finally:
        listening.close()
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
