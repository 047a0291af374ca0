"""Tries a STUN or TURN server as a browser would: a real allocation (RFC 8656), given back at once."""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, NamedTuple, Protocol, cast

from salon.ports.llm import CheckStep
from salon.rtc import stun

PATIENCE_SECONDS: Final = 5.0
# RFC 8489 section 6.2.1: the wait doubles with each transmission.
FIRST_WAIT_SECONDS: Final = 0.5

ALLOCATE, ALLOCATED, NOT_ALLOCATED = 0x0003, 0x0103, 0x0113
REFRESH: Final = 0x0004
LIFETIME, REALM, NONCE, XOR_RELAYED_ADDRESS, REQUESTED_TRANSPORT = 0x000D, 0x0014, 0x0015, 0x0016, 0x0019
UDP = bytes((17, 0, 0, 0))
UNAUTHENTICATED, STALE_NONCE = 401, 438

# What RFC 8656 section 19 has a server answer, and what whoever runs it does then.
ADVICE = {
    401: "The TURN server has another secret or password than [ice]; coturn: use-auth-secret and static-auth-secret.",
    403: "The TURN server forbids it; look at its allowed and denied addresses.",
    437: "The TURN server took this for an earlier try; wait a minute.",
    442: "The TURN server relays no UDP; coturn: leave out no-udp-relay.",
    486: "One name holds too much; coturn: user-quota.",
    508: "The TURN server has no port or room left; coturn: min-port, max-port, total-quota.",
}
_URL = re.compile(r"(stuns?|turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?")


class Target(NamedTuple):
    """Where a URL of RFC 7064 or RFC 7065 leads."""

    turn: bool
    tls: bool
    host: str
    port: int
    tcp: bool


class Line(Protocol):
    """One message to the server and its answer."""

    async def ask(self, message: bytes) -> stun.Message: ...


def target_of(url: str) -> Target:
    """Raises ``ValueError`` for what is no such URL."""
    found = _URL.fullmatch(url)
    if not found:
        raise ValueError(url)
    scheme, host, port, transport = found.groups()
    tls = scheme.endswith("s")
    # RFC 7065 section 3.1: without a transport, "turns" is TLS over TCP.
    return Target(
        scheme.startswith("turn"),
        tls,
        host.strip("[]"),
        int(port or (5349 if tls else 3478)),
        tls or transport == "tcp",
    )


async def try_server(
    url: str, username: str = "", credential: str = "", patience: float = PATIENCE_SECONDS
) -> AsyncIterator[CheckStep]:
    """The steps; the first that fails is the last. ``patience`` is seconds for each."""
    target = target_of(url)
    try:
        async with _opened(target, patience) as line:
            if not target.turn:
                yield await _bind(line)
                return
            yield await _allocate(line, username, credential)
    except TimeoutError:
        way = "TCP" if target.tcp else "UDP"
        yield CheckStep(
            "reach",
            False,
            f"no answer in {patience:g} s",
            f"See whether the server runs, and whether {way} port {target.port} is open.",
        )
    except (OSError, ssl.SSLError) as error:
        yield CheckStep(
            "reach", False, str(error.strerror or error), f"See whether {target.host}:{target.port} is right."
        )
    except _BadAnswer:
        yield CheckStep("reach", False, "it answers, but not with STUN", "Another program has this port.")


class _BadAnswer(Exception):
    """What came is no STUN message."""


async def _bind(line: Line) -> CheckStep:
    answer = await line.ask(stun.build(stun.BINDING_REQUEST, secrets.token_bytes(12), []))
    mapped = stun.read_xor_address(answer.attributes.get(stun.XOR_MAPPED_ADDRESS, b""), answer.transaction_id)
    if answer.type != stun.BINDING_SUCCESS or mapped is None:
        return CheckStep("address", False, _error_of(answer), "This server tells no addresses.")
    return CheckStep("address", True, f"this machine is seen as {mapped[0]}")


async def _allocate(line: Line, username: str, credential: str) -> CheckStep:
    wanted = [(REQUESTED_TRANSPORT, UDP)]
    answer = await line.ask(stun.build(ALLOCATE, secrets.token_bytes(12), wanted))
    if answer.type == ALLOCATED:
        return CheckStep(
            "relay", False, "it relays for everybody", "Let it ask for credentials: coturn: use-auth-secret."
        )
    signed: list[tuple[int, bytes]] = []
    key = b""
    for _ in range(2):
        if answer.error_code not in (UNAUTHENTICATED, STALE_NONCE):
            return _refused(answer)
        realm, nonce = (answer.attributes.get(kind, b"") for kind in (REALM, NONCE))
        # RFC 8489 section 9.2.2: "key = MD5(username ":" OpaqueString(realm) ":" OpaqueString(password))".
        key = hashlib.md5(b":".join((username.encode(), realm, credential.encode())), usedforsecurity=False).digest()
        signed = [(stun.USERNAME, username.encode()), (REALM, realm), (NONCE, nonce)]
        answer = await line.ask(stun.build(ALLOCATE, secrets.token_bytes(12), [*wanted, *signed], key))
        if answer.type == ALLOCATED or answer.error_code != STALE_NONCE:
            break
    relayed = stun.read_xor_address(answer.attributes.get(XOR_RELAYED_ADDRESS, b""), answer.transaction_id)
    if answer.type != ALLOCATED or relayed is None:
        return _refused(answer)
    # Given back: a check takes nothing from whom it is for. Nobody waits for the answer.
    await line.ask(stun.build(REFRESH, secrets.token_bytes(12), [(LIFETIME, struct.pack("!I", 0)), *signed], key))
    return CheckStep("relay", True, f"relays from {relayed[0]}")


def _refused(answer: stun.Message) -> CheckStep:
    return CheckStep(
        "relay", False, _error_of(answer), ADVICE.get(answer.error_code, "Look into the TURN server's log.")
    )


def _error_of(answer: stun.Message) -> str:
    reason = answer.attributes.get(stun.ERROR_CODE, b"")[4:].decode("utf-8", "replace")
    return f"{answer.error_code} {reason[:80]}".strip() if answer.error_code else "an answer without a result"


@asynccontextmanager
async def _opened(target: Target, patience: float) -> AsyncIterator[Line]:
    if target.tcp:
        context = ssl.create_default_context() if target.tls else None
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection(target.host, target.port, ssl=context)
        try:
            yield _Stream(reader, writer, patience)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return
    loop = asyncio.get_running_loop()
    transport, line = await loop.create_datagram_endpoint(
        lambda: _Datagrams(patience), remote_addr=(target.host, target.port)
    )
    try:
        yield line
    finally:
        transport.close()


class _Stream:
    """Over TCP or TLS: a message's own header says where it ends (RFC 8489 section 6.2.2)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float) -> None:
        self._reader = reader
        self._writer = writer
        self._patience = patience

    async def ask(self, message: bytes) -> stun.Message:
        self._writer.write(message)
        try:
            async with asyncio.timeout(self._patience):
                head = await self._reader.readexactly(20)
                body = await self._reader.readexactly(int.from_bytes(head[2:4], "big")) if stun.is_stun(head) else b""
        except asyncio.IncompleteReadError:
            raise _BadAnswer from None
        answer = stun.parse(head + body)
        if answer is None or answer.transaction_id != message[8:20]:
            raise _BadAnswer
        return answer


class _Datagrams(asyncio.DatagramProtocol):
    """Over UDP: said again until it is answered."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._transport: asyncio.DatagramTransport | None = None
        self._heard: asyncio.Queue[stun.Message | OSError] = asyncio.Queue(16)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own is no DatagramTransport by its class.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        answer = stun.parse(data)
        if answer is not None and not self._heard.full():
            self._heard.put_nowait(answer)

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, OSError) and not self._heard.full():
            self._heard.put_nowait(exc)

    async def ask(self, message: bytes) -> stun.Message:
        assert self._transport is not None
        async with asyncio.timeout(self._patience):
            wait = FIRST_WAIT_SECONDS
            while True:
                self._transport.sendto(message)
                try:
                    async with asyncio.timeout(wait):
                        return await self._answer(message[8:20])
                except TimeoutError:
                    wait *= 2

    async def _answer(self, transaction_id: bytes) -> stun.Message:
        while True:
            heard = await self._heard.get()
            if isinstance(heard, OSError):
                raise heard
            if heard.transaction_id == transaction_id:
                return heard
