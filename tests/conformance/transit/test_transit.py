"""Magic Wormhole's own transit relay and Salon's door, side by side: one client, which cannot tell them apart."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from salon.wire.transit import handshake
from tests.conformance.environments import ROOT, python_env
from tests.e2e.serving import Salon

RELAY = "magic-wormhole-transit-relay==0.5.0"
PAGE = ROOT / "docs" / "reference" / "conformance.md"


class Server:
    """Where to connect, and a token with two sides that is good there."""

    def __init__(self, url: str, salon: str = "") -> None:
        self.url = url
        self._salon = salon

    async def minted(self) -> tuple[str, str, str]:
        if not self._salon:
            return os.urandom(32).hex(), os.urandom(8).hex(), os.urandom(8).hex()
        async with aiohttp.ClientSession() as client:
            told = await (await client.post(self._salon + "v1/transit", json={})).json()
        return told["token"], told["side"], told["other_side"]


@pytest.fixture(scope="module")
def theirs() -> Iterator[Server]:
    python = python_env("transit-relay", [RELAY])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    twist = [str(python.parent / "twist"), "transitrelay", "--port=tcp:0:interface=127.0.0.1"]
    process = subprocess.Popen(
        [*twist, f"--websocket=tcp:{port}:interface=127.0.0.1"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    # It says so for each port it listens on: TCP first, then WebSocket.
    while "WebSocket" not in (line := process.stdout.readline()) or "starting on" not in line:
        assert line, "the relay did not start"
    yield Server(f"ws://127.0.0.1:{port}/")
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    salon = Salon(tmp_path_factory.mktemp("salon"))
    salon.start()
    yield Server(salon.url.replace("http", "ws") + "v1/transit", salon.url)
    salon.stop()


@pytest.fixture(params=["theirs", "ours"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
async def ends(server: Server) -> AsyncIterator[tuple[ClientConnection, ClientConnection]]:
    """Two who have said the handshakes of one token."""
    token, *sides = await server.minted()
    async with connect(server.url) as one, connect(server.url) as other:
        for end, side in zip((one, other), sides, strict=True):
            # As its own clients say it.
            await end.send(handshake(token, side).rstrip(b"\n"))
        yield one, other


async def rest(end: ClientConnection) -> bytes:
    """All that still comes before the end."""
    came = b""
    try:
        while True:
            message = await end.recv()
            assert isinstance(message, bytes)
            came += message
    except ConnectionClosed:
        return came


async def test_two_sides_of_a_token_are_told_and_joined(ends: tuple[ClientConnection, ClientConnection]) -> None:
    one, other = ends
    assert [await one.recv(), await other.recv()] == [b"ok\n", b"ok\n"]
    pieces = [os.urandom(size) for size in (1, 70_000, 200_000)]
    for piece in pieces:
        await one.send(piece)
        await other.send(piece[::-1])
    assert [await other.recv() for _ in pieces] == pieces
    assert [await one.recv() for _ in pieces] == [piece[::-1] for piece in pieces]


async def test_the_last_words_come_before_the_end(ends: tuple[ClientConnection, ClientConnection]) -> None:
    one, other = ends
    assert [await one.recv(), await other.recv()] == [b"ok\n", b"ok\n"]
    await one.send(b"and that was all")
    await one.close()
    assert await rest(other) == b"and that was all"


async def test_who_speaks_too_early_is_impatient(server: Server) -> None:
    token, side, _ = await server.minted()
    async with connect(server.url) as end:
        await end.send(handshake(token, side).rstrip(b"\n"))
        await end.send(b"already")
        assert await rest(end) == b"impatient\n"


async def test_what_is_no_handshake_is_bad(server: Server) -> None:
    async with connect(server.url) as end:
        await end.send(b"please relay me")
        assert await rest(end) == b"bad handshake\n"


def test_the_row_names_the_version_and_every_test() -> None:
    name, _, version = RELAY.partition("==")
    here = vars(sys.modules[__name__])
    seen = ", ".join(
        each.removeprefix("test_").replace("_", " ") for each in here if each.startswith("test_") and "row" not in each
    )
    assert f"| `{name}` (PyPI) | {version} | {seen} |\n" in PAGE.read_text("utf-8")
