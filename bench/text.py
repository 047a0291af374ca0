"""Text through Salon against the same upstream without it: what a delta's way through the house costs.

The same deltas (20 a second on each stream) are read by the same client, once from the upstream itself and once through
Salon's Realtime door with the upstream as its model. A delta's latency is from the upstream's write to the client's read.
All runs are in this one call, one after the other, at 1, 100 and 500 streams; the figures are differences and ratios. What
the machine itself takes for a delta, of whatever stands in the middle, is shown by a relay that does nothing (``bench.relay``),
and what the HTTP client takes, by the same relay with that client.

    python -m bench.text [SECONDS]
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import struct
import sys
import time
from collections.abc import Callable, Mapping
from typing import cast

import uvloop

from bench.machine import cpu_seconds, describe, process, salon

RATE = 20
_STAMP = re.compile(rb"t=(\d+);")


class Reader(asyncio.Protocol):
    """Reads stamps out of whatever bytes come: SSE chunks and WebSocket frames alike carry them in the clear."""

    def __init__(self, hello: list[bytes], latencies: list[int], begun: Callable[[], None]) -> None:
        self._hello = hello
        self._latencies = latencies
        self._begun: Callable[[], None] | None = begun

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        self.transport.write(self._hello[0])

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        stamps = _STAMP.findall(data)
        self._latencies += [now - int(stamp) for stamp in stamps]
        if self._begun is not None:
            if len(self._hello) > 1 and b"session.created" in data:
                self.transport.writelines(self._hello[1:])
            elif stamps:
                self._begun()
                self._begun = None


def frame(event: Mapping[str, object]) -> bytes:
    """One masked text frame (RFC 6455 section 5.2); the mask is zero, which leaves the payload as it is."""
    payload = json.dumps(event).encode()
    assert 125 < len(payload) < 65536 or len(payload) <= 125
    head = b"\x81" + (bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BH", 0xFE, len(payload)))
    return head + bytes(4) + payload


def direct(port: int) -> list[bytes]:
    body = json.dumps({"model": "bench", "stream": True, "messages": [{"role": "user", "content": "go"}]})
    return [f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()]


def through(port: int) -> list[bytes]:
    upgrade = (
        f"GET /v1/realtime HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    content = [{"type": "input_text", "text": "go"}]
    said = {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}
    return [upgrade.encode(), frame(said), frame({"type": "response.create"})]


async def run(port: int, hello: list[bytes], streams: int, seconds: float, pid: int) -> tuple[list[int], float]:
    """Latencies in nanoseconds and the CPU seconds of process ``pid``, from when the last stream has begun."""
    loop = asyncio.get_running_loop()
    latencies: list[int] = []
    begun = asyncio.Semaphore(0)
    readers = []
    for _ in range(streams):
        _, reader = await loop.create_connection(lambda: Reader(hello, latencies, begun.release), "127.0.0.1", port)
        readers.append(reader)
        # Users come one by one; and so their deltas are spread over the period.
        await begun.acquire()
    latencies.clear()
    before = cpu_seconds(pid)
    await asyncio.sleep(seconds)
    cost, seen = cpu_seconds(pid) - before, list(latencies)
    for reader in readers:
        reader.transport.abort()
    await asyncio.sleep(0.5)
    return seen, cost


def percentile(values: list[int], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] / 1e6


async def main(seconds: float) -> None:
    print(f"bench/text: {describe()}")
    print(
        "streams | direct p50 / p99 ms | through p50 / p99 ms | added p50 / p99 ms | CPU us per delta | of a relay | "
        "of one with aiohttp"
    )
    # Long enough for 500 clients to come one by one; whoever is cut off by then is cut off in the end.
    count = int(RATE * (seconds + 60))
    async with process([sys.executable, "-m", "bench.upstream", str(RATE), str(count)], r"(\d+)") as (_, port):
        upstream = int(port)
        env = {"OPENAI_API_KEY": "bench", "OPENAI_BASE_URL": f"http://127.0.0.1:{upstream}/v1"}
        async with (
            salon("--llm", "openai:bench", env=env) as (pid, door),
            process([sys.executable, "-m", "bench.relay", port], r"(\d+)") as bare,
            process([sys.executable, "-m", "bench.relay", port, "aiohttp"], r"(\d+)") as library,
        ):
            await run(door, through(door), 5, 1, pid)
            for streams in (1, 100, 500):
                plain, _ = await run(upstream, direct(upstream), streams, seconds, pid)
                ours, cpu = await run(door, through(door), streams, seconds, pid)
                cost = cpu / len(ours) * 1e6
                floors = []
                for relay, hop in (bare, library):
                    handed, least = await run(int(hop), through(int(hop)), streams, seconds, relay)
                    floors.append(least / len(handed) * 1e6)
                p50, p99 = (percentile(ours, share) - percentile(plain, share) for share in (0.5, 0.99))
                print(
                    f"{streams:7} | {percentile(plain, 0.5):.2f} / {percentile(plain, 0.99):.2f} | "
                    f"{percentile(ours, 0.5):.2f} / {percentile(ours, 0.99):.2f} | {p50:.2f} / {p99:.2f} | "
                    f"{cost:.1f} | {floors[0]:.1f} | {floors[1]:.1f}",
                    flush=True,
                )


if __name__ == "__main__":
    os.environ.pop("SALON_CONFIG", None)
    uvloop.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
