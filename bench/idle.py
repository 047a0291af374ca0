"""What an idle connection to the rooms holds: memory of the server at so many, each subscribed to a topic, and CPU at rest.

Centrifugo publishes 27 to 30 kB for a connection (its blog, 2020 and 2026), on machines of its own.

    python -m bench.idle [CONNECTIONS]
"""

from __future__ import annotations

import asyncio
import resource
import sys

import uvloop

from bench.machine import cpu_seconds, describe, rss_bytes, salon
from bench.wires import open_wire

AT_REST = 30
"""Seconds: more than one round of pings of either kind."""
MORE = '[rooms]\npath = ""\nrates = { connect = 0, subscribe = 0 }\n'


async def main(connections: int) -> None:
    print(f"bench/idle: {describe()}")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 65536), hard), hard))
    async with salon(more=MORE, env={"SALON_LLM": "demo"}) as (pid, port):
        ready = asyncio.Semaphore(0)
        wires = []

        def hear(payload: bytes) -> None:
            if b'"subscribe":' in payload:
                ready.release()

        async def open_more(count: int) -> None:
            for _ in range(count):
                wire = await open_wire("/connection/websocket", port, hear)
                wire.send('{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"bench/chat"}}')
                await ready.acquire()
                wires.append(wire)

        await open_more(50)
        before = rss_bytes(pid)
        await open_more(connections)
        held = rss_bytes(pid) - before
        cpu = cpu_seconds(pid)
        await asyncio.sleep(AT_REST)
        cpu = (cpu_seconds(pid) - cpu) / AT_REST
        lost = sum(wire.lost.done() for wire in wires)
        print(
            f"{connections} idle connections: {held / connections / 1000:.1f} kB each, "
            f"{cpu * 100:.1f} % of a core at rest, {lost} lost"
        )
        for wire in wires:
            wire.transport.abort()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
