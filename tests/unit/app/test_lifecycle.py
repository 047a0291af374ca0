from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from salon.app import lifecycle, listen
from salon.app.lifecycle import Server, WebSocketProtocol, lifespan, serve
from salon.serve.gate import Gate, address_of
from salon.serve.http import app
from salon.serve.limits import Limits
from salon.transport.websocket import WebSocketLink
from tests.fakes.clock import FakeClock
from tests.fakes.raw_websocket import RawWebSocket
from tests.fakes.serving import Noting, serving

ROOT = Path(__file__).parents[3]


class House:
    """A hub of links: idle ones close at once when it drains, a link that said ``busy`` when ``finish`` is set."""

    def __init__(self) -> None:
        self.gate = Gate(limits=Limits(), clock=FakeClock(), observer=Noting())
        self.idle: set[WebSocketLink] = set()
        self.busy: set[WebSocketLink] = set()
        self.entered = False
        self.draining = asyncio.Event()
        self.finish = asyncio.Event()
        self.drained_for = 0.0
        self.app = app([WebSocketRoute("/v1/realtime", self)], gate=self.gate, lifespan=lifespan(self))

    async def __aenter__(self) -> None:
        self.entered = True

    async def __aexit__(self, *_: object) -> None:
        self.entered = False

    async def drain(self, seconds: float) -> None:
        self.drained_for = seconds
        self.draining.set()
        for link in self.idle:
            link.close(1012, "restarting")
        await self.finish.wait()
        for link in self.busy:
            link.send("the end of the answer")
            link.close(1012, "restarting")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = self.gate.admit(scope, "realtime")
        with self.gate.hold(caller, address_of(scope), "realtime"):
            await receive()
            await send({"type": "websocket.accept"})
            link = WebSocketLink(scope, receive, send, door="realtime", observer=Noting())

            def hear(text: str) -> None:
                if text == "busy":
                    self.idle.discard(link)
                    self.busy.add(link)
                link.send(text)

            self.idle.add(link)
            try:
                await link.run(hear)
            finally:
                self.idle.discard(link)
                self.busy.discard(link)


class Running:
    def __init__(self, address: str, signals: asyncio.Queue[int], exit_code: asyncio.Task[int]) -> None:
        self.http = address
        self.ws = address.replace("http", "ws") + "/v1/realtime"
        self.signals = signals
        self.exit_code = exit_code


@asynccontextmanager
async def running(house: House, drain_seconds: float = 30) -> AsyncIterator[Running]:
    sockets = listen.bind("127.0.0.1", 0)
    signals: asyncio.Queue[int] = asyncio.Queue()
    ready: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
    server = Server(house.app, stop_seconds=1)
    async with asyncio.TaskGroup() as group:
        serving = serve(server, sockets, house, house.gate, drain_seconds, ready.set_result, signals)
        exit_code = group.create_task(serving)
        (address,) = await ready
        yield Running(address, signals, exit_code)


async def close_code(client: ClientConnection) -> tuple[int | None, str | None]:
    with pytest.raises(ConnectionClosed):
        await client.recv()
    return client.close_code, client.close_reason


async def test_a_drain_goes_in_its_order() -> None:
    house = House()
    async with running(house, drain_seconds=7) as server, ClientSession(server.http) as session:
        assert house.entered
        idle, busy = await connect(server.ws), await connect(server.ws)
        await busy.send("busy")
        assert await busy.recv() == "busy"

        server.signals.put_nowait(signal.SIGTERM)
        await house.draining.wait()
        assert house.drained_for == 7
        assert await close_code(idle) == (1012, "restarting")

        # Nobody new comes in while the last ones finish; whoever asks is told when to come again.
        with pytest.raises(InvalidStatus) as caught:
            await connect(server.ws)
        assert caught.value.response.status_code == 503
        assert caught.value.response.headers["retry-after"] == "2"
        for path, status in (("/readyz", 503), ("/healthz", 200)):
            async with session.get(path) as response:
                assert response.status == status
        await busy.send("still heard")
        assert await busy.recv() == "still heard"

        house.finish.set()
        assert await busy.recv() == "the end of the answer"
        assert await close_code(busy) == (1012, "restarting")
        assert await server.exit_code == 0
    assert not house.entered


async def test_a_second_signal_ends_at_once() -> None:
    house = House()
    async with running(house) as server:
        busy = await connect(server.ws)
        await busy.send("busy")
        assert await busy.recv() == "busy"
        server.signals.put_nowait(signal.SIGTERM)
        await house.draining.wait()
        server.signals.put_nowait(signal.SIGINT)
        assert await server.exit_code == 130
        assert not house.finish.is_set()


async def test_connections_that_the_hub_forgets_are_closed_too() -> None:
    house = House()
    async with running(house) as server:
        client = await connect(server.ws)
        await client.send("hello")
        assert await client.recv() == "hello"
        house.idle.clear()
        house.finish.set()
        server.signals.put_nowait(signal.SIGTERM)
        assert (await close_code(client))[0] == 1012
        assert await server.exit_code == 0


@pytest.mark.parametrize("fault", ["fails", "hangs"])
async def test_a_hub_that_does_not_drain_does_not_keep_the_server(
    fault: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = House()

    async def drain(seconds: float) -> None:
        if fault == "fails":
            raise RuntimeError("no")
        await asyncio.Event().wait()

    monkeypatch.setattr(lifecycle, "DRAIN_GRACE", 0.05)
    monkeypatch.setattr(house, "drain", drain)
    async with running(house, drain_seconds=0) as server:
        server.signals.put_nowait(signal.SIGTERM)
        assert await server.exit_code == 0
    assert ("The drain failed" if fault == "fails" else "was given up") in caplog.text


async def test_a_client_that_answers_no_ping_is_let_go() -> None:
    house = House()
    async with serving(house.app, ping_seconds=0.1) as server:
        silent = await RawWebSocket.connect(server.host, server.port, "/v1/realtime")
        while house.gate.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        # A ping, and the close frame 1011.
        data = await silent.read_to_end()
        assert data[:1] == b"\x89"
        assert b"\x03\xf3keepalive ping timeout" in data
        silent.close()


async def test_a_message_over_a_slow_uplink_counts_as_an_answer_to_pings() -> None:
    house = House()
    async with serving(house.app, ping_seconds=0.2) as server:
        slow = await RawWebSocket.connect(server.host, server.port, "/v1/realtime")
        # The head of a message of 1000 bytes: nothing else may come, a pong neither, before these have.
        await slow.send_bytes(b"\x81\xfe\x03\xe8" + bytes(4))
        assert (await slow.read_some())[:1] == b"\x89"
        (protocol,) = server.server.server_state.connections
        assert isinstance(protocol, WebSocketProtocol)
        for _ in range(3):
            before = protocol.pong_timer
            await slow.send_bytes(b"x")
            while protocol.pong_timer is before:  # noqa: ASYNC110 (uvicorn tells nobody)
                await asyncio.sleep(0.01)
            assert protocol.pong_timer is not None, "its time is over, and it has another"
        # Nothing more comes.
        assert b"\x03\xf3keepalive ping timeout" in await slow.read_to_end()
        slow.close()


async def test_pings_of_a_client_that_does_not_read_take_no_memory() -> None:
    house = House()
    async with serving(house.app) as server:
        client = await RawWebSocket.connect(server.host, server.port, "/v1/realtime")
        (protocol,) = server.server.server_state.connections
        assert isinstance(protocol, WebSocketProtocol)
        while protocol.writable.is_set():
            await client.send(0x9, b"p" * 125, times=500)
        for _ in range(20):
            await client.send(0x9, b"p" * 125, times=500)
        # What comes behind the pings has been read when they have been.
        await client.send(0x8, b"")
        while house.gate.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        # The high-water mark, and the answers to one read of the loop. All pongs together are 1.3 MB.
        assert protocol.transport.get_write_buffer_size() < 500_000
        client.reset()


async def test_empty_fragments_are_not_kept() -> None:
    async with serving(House().app) as server:
        client = await RawWebSocket.connect(server.host, server.port, "/v1/realtime")
        (protocol,) = server.server.server_state.connections
        assert isinstance(protocol, WebSocketProtocol)
        await client.send(0x1, b"begun", final=False)
        await client.send(0x0, b"", times=100, final=False)
        await client.send(0x9, b"has come after them")
        while b"has come after them" not in await client.read_some():
            pass
        assert protocol.frames == [b"begun"]
        client.reset()


async def test_the_lifespan_runs_the_hub_and_what_goes_with_it() -> None:
    house = House()
    steps: list[str] = []

    async def watch() -> None:
        steps.append("watching")
        try:
            await asyncio.Event().wait()
        finally:
            steps.append("hub still there" if house.entered else "hub gone")

    async with lifespan(house, watch)(None):
        await asyncio.sleep(0)
        assert house.entered
        assert steps == ["watching"]
    assert not house.entered
    assert steps == ["watching", "hub still there"]


SERVER = """
    import asyncio, sys
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route
    from salon.app import lifecycle, logs
    from salon.app.clock import SystemClock
    from salon.base.errors import ConfigError
    from salon.ports.observer import Observer
    from salon.serve.gate import Gate
    from salon.serve.http import app
    from salon.serve.limits import Limits

    fault, port = sys.argv[1], int(sys.argv[2])

    class Hub:
        async def __aenter__(self):
            if fault == "start":
                raise RuntimeError("no start today")
            if fault == "settings":
                raise ConfigError("no such number: choose another one")
        async def __aexit__(self, *_):
            print("left", flush=True)
        async def drain(self, seconds):
            print("draining", flush=True)
            if fault == "hang":
                await asyncio.Event().wait()

    logs.configure()
    hub = Hub()
    gate = Gate(limits=Limits(), clock=SystemClock(), observer=Observer())
    framed = app([], gate=gate, lifespan=lifecycle.lifespan(hub))
    ready = lambda urls: print(urls[0], flush=True)
    sys.exit(lifecycle.run(framed, host="127.0.0.1", port=port, hub=hub, gate=gate, drain_seconds=30, ready=ready))
"""


def start(fault: str, port: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(SERVER), fault, str(port)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=os.environ
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_drains_on_a_signal_and_leaves_with_0(number: signal.Signals) -> None:
    with start("none") as process:
        assert line(process).startswith("http://127.0.0.1:")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "draining\nleft\n")
    assert "Traceback" not in err


def test_a_second_signal_ends_a_process_that_would_drain_for_long() -> None:
    with start("hang") as process:
        line(process)
        process.send_signal(signal.SIGTERM)
        assert line(process) == "draining"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=25)
    assert process.returncode == 128 + signal.SIGTERM
    assert "ending at once" in err
    assert "Traceback" not in err


def test_a_taken_port_is_one_sentence_and_exit_code_1() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with start("none", port) as process:
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert err.count("\n") == 1
    assert f"Port {port} on 127.0.0.1 is already in use." in err


def test_a_house_that_cannot_start_says_why_and_leaves_with_1() -> None:
    with start("start") as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert "no start today" in err


def test_settings_that_cannot_be_are_told_without_a_traceback() -> None:
    with start("settings") as process:
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert "no such number: choose another one" in err
    assert "Traceback" not in err


def test_proxies_on_this_machine_are_believed_or_those_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> None: ...

    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    assert Server(nothing).config.forwarded_allow_ips == "127.0.0.1,::1"
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.0/8")
    assert Server(nothing).config.forwarded_allow_ips == "10.0.0.0/8"


def test_the_settings_of_the_server_are_those_of_this_house() -> None:
    async def nothing(*_: Any) -> None: ...

    config = Server(nothing, max_message_bytes=5, forwarded_allow_ips="10.0.0.1").config
    assert (config.ws_max_size, config.forwarded_allow_ips) == (5, "10.0.0.1")
    assert (config.ws_ping_interval, config.ws_ping_timeout) == (20, 20)
    assert (config.access_log, config.server_header, config.ws_per_message_deflate) == (False, False, False)
