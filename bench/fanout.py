"""One publisher, 1,000 subscribers, messages of 100 bytes: what a delivery costs, and how long it takes.

Salon with a token for everybody, history in SQLite, rate limits and metrics; beside it, in the same run and with the same
clients, python-socketio on the same uvicorn, and ``websockets.broadcast`` with nothing around it. First as fast as the server
goes, sixteen messages on their way at a time: deliveries for each second of the server process's CPU. Then 50 messages a
second: from the publisher's write to the subscriber's read.

    python -m bench.fanout [SUBSCRIBERS]
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import uvloop

from bench.machine import cpu_seconds, describe, process, salon
from bench.wires import Wire, open_wire
from salon.wire.token import Claims, SalonClaim, mint
from tests.conformance.environments import python_env

WINDOW = 16
MESSAGES = {"salon": 300, "broadcast": 300, "socketio": 60}
PACED, PER_SECOND = 300, 50
SECRET = "a-secret-for-the-benchmark-long-enough"
NEIGHBOURS = ("python-socketio==5.18.1", "uvicorn==0.54.0", "websockets==17.4", "uvloop==0.23.0", "httptools")
_STAMP = re.compile(rb"t=(\d+);")

Say = Callable[[str], None]


class Audience:
    """Counts what subscribers read, and how old it is."""

    def __init__(self) -> None:
        self.count = 0
        self.latencies: list[int] = []
        self.timing = False
        self.lost = 0
        self._wanted = 0
        self._enough = asyncio.Event()

    def attend(self, wire: Wire) -> None:
        """Count the stamps in what comes, whatever frames they are in: a reader has to be cheaper than the server."""
        carried = b""

        def hear(data: bytes) -> None:
            nonlocal carried
            data = carried + data if carried else data
            end = data.rfind(b";") + 1
            stamps = _STAMP.findall(data, 0, end)
            carried = data[end:][-64:]
            self.count += len(stamps)
            if self.timing:
                now = time.monotonic_ns()
                self.latencies += [now - int(stamp) for stamp in stamps]
            if self.count >= self._wanted:
                self._enough.set()

        wire.raw = hear
        wire.lost.add_done_callback(lambda _: self._lose())

    def _lose(self) -> None:
        self.lost += 1
        self._enough.set()

    async def until(self, count: int) -> None:
        self._wanted = count
        self._enough.clear()
        if self.count < count:
            async with asyncio.timeout(60):
                await self._enough.wait()
        if self.lost:
            raise RuntimeError(f"{self.lost} subscribers were disconnected: this machine is too busy to measure on")


def message() -> str:
    return f"t={time.monotonic_ns()};".ljust(100, "x")


@asynccontextmanager
async def salon_house(audience: Audience, subscribers: int) -> AsyncIterator[tuple[int, Say]]:
    token = mint(Claims(sub="bench", salon=SalonClaim(rooms=("bench",))), SECRET.encode())
    rates = '[rooms]\npath = "bench.db"\nrates = { connect = 0, subscribe = 0, publish = 0 }\n'
    async with salon(more=rates, env={"SALON_TOKEN_SECRETS": SECRET, "SALON_LLM": "demo"}) as (pid, port):
        ready = asyncio.Semaphore(0)

        def hear(payload: bytes) -> None:
            if b'"subscribe":' in payload:
                ready.release()

        hello = json.dumps({"id": 1, "connect": {"token": token}})
        subscribe = json.dumps({"id": 2, "subscribe": {"channel": "bench/chat"}})
        wires = []
        for _ in range(subscribers):
            wire = await open_wire("/connection/websocket", port, hear)
            wire.send(f"{hello}\n{subscribe}")
            await ready.acquire()
            audience.attend(wire)
            wires.append(wire)
        publisher = await open_wire("/connection/websocket", port, lambda payload: None)
        publisher.send(hello)

        def say(text: str) -> None:
            publisher.send(f'{{"id":3,"publish":{{"channel":"bench/chat","data":"{text}"}}}}')

        yield pid, say
        audience.lost = -len(wires)
        for wire in (*wires, publisher):
            wire.transport.abort()


@asynccontextmanager
async def neighbour(name: str, audience: Audience, subscribers: int) -> AsyncIterator[tuple[int, Say]]:
    python = await asyncio.to_thread(python_env, "fanout", NEIGHBOURS)
    script = str(Path(__file__).with_name("fanout_servers.py"))
    async with process([str(python), script, name], r"ready on (\d+)") as (pid, port):
        ready = asyncio.Semaphore(0)

        def hear(payload: bytes) -> None:
            if payload.startswith(b"40"):
                ready.release()

        async def enter() -> Wire:
            if name == "broadcast":
                wire = await open_wire("/", int(port), hear)
                audience.attend(wire)
                return wire
            wire = await open_wire("/socket.io/?EIO=4&transport=websocket", int(port), hear)
            wire.send("40")
            await ready.acquire()
            audience.attend(wire)
            return wire

        wires = [await enter() for _ in range(subscribers)]

        def say(text: str) -> None:
            wires[0].send(text if name == "broadcast" else f'42["say","{text}"]')

        yield pid, say
        for wire in wires:
            wire.transport.abort()


async def measure(
    pid: int, say: Say, audience: Audience, subscribers: int, messages: int
) -> tuple[float, float, float]:
    """Deliveries per CPU-second, and the 50th and 99th percentile of the latency in ms."""
    for _ in range(20):
        say(message())
    await audience.until(20 * subscribers)
    start, cpu = audience.count, cpu_seconds(pid)
    for sent in range(messages):
        if sent >= WINDOW:
            await audience.until(start + (sent - WINDOW + 1) * subscribers)
        say(message())
    await audience.until(start + messages * subscribers)
    rate = messages * subscribers / (cpu_seconds(pid) - cpu)
    if rate < 1.5 * PER_SECOND * subscribers:
        # It cannot keep that pace: what waits would grow for as long as it lasts.
        return rate, float("inf"), float("inf")
    audience.timing = True
    loop = asyncio.get_running_loop()
    start, due = audience.count, loop.time()
    for _ in range(PACED):
        say(message())
        due += 1 / PER_SECOND
        await asyncio.sleep(max(0.0, due - loop.time()))
    await audience.until(start + PACED * subscribers)
    latencies = sorted(audience.latencies)
    return rate, latencies[len(latencies) // 2] / 1e6, latencies[len(latencies) * 99 // 100] / 1e6


async def main(subscribers: int) -> None:
    print(f"bench/fanout: {describe()}")
    print(f"1 publisher, {subscribers} subscribers, 100 bytes")
    found: dict[str, float] = {}
    for name in ("salon", "broadcast", "socketio"):
        audience = Audience()
        house = salon_house(audience, subscribers) if name == "salon" else neighbour(name, audience, subscribers)
        async with house as (pid, say):
            found[name], median, worst = await measure(pid, say, audience, subscribers, MESSAGES[name])
        titles = {"salon": "Salon", "broadcast": "websockets.broadcast, bare", "socketio": "python-socketio"}
        paced = f"p50 {median:.1f} ms, p99 {worst:.1f} ms" if median < float("inf") else "it does not keep up"
        print(
            f"{titles[name]}: {found[name]:,.0f} deliveries per CPU-second; at {PER_SECOND} messages a second {paced}"
        )
    print(
        f"Salon is {found['salon'] / found['socketio']:.1f} times python-socketio, "
        f"{found['salon'] / found['broadcast']:.2f} times websockets.broadcast"
    )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
