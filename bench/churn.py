"""Calls that come and go: what the server's process holds after so many of them. Half say goodbye, half vanish and are let go.

python -m bench.churn [CALLS]
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from pathlib import Path

import uvloop

from bench.machine import cpu_seconds, describe, process, rss_bytes
from bench.media_clients import Line
from tests.fakes.light_peer import Light

AT_ONCE = 20
VANISHED = 36
"""Seconds: 5 of silence, 30 more, and a tick."""


async def come_and_go(line: Line, count: int) -> None:
    async def one(light: Light, answer: str, polite: bool) -> None:
        light.answered(answer)
        await light.connect()
        await light.read_rtp()
        if polite:
            light.goodbye()
        light.close()

    for _ in range(count // AT_ONCE):
        async with asyncio.TaskGroup() as tasks:
            for number in range(AT_ONCE):
                light = Light("sendrecv")
                answer = (await line.ask(want="voice", sdp=light.offer))["sdp"]
                tasks.create_task(one(light, answer, number % 2 == 0))


def held(pid: int) -> str:
    threads = re.search(r"Threads:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert threads is not None
    sockets = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return f"RSS {rss_bytes(pid) / 2**20:6.1f} MiB, {threads[1]} threads, {sockets} descriptors"


async def main(calls: int) -> None:
    print(f"bench/churn: {describe()}")
    async with process([sys.executable, "-m", "bench.engine_server"], r"ready on (\d+)") as (pid, port):
        line = await Line(int(port)).open()
        print(f"{0:5} calls: {held(pid)}, {await line.ask(want='tasks')} tasks", flush=True)
        cpu, done = cpu_seconds(pid), 0
        began = time.monotonic()
        for _ in range(4):
            await come_and_go(line, calls // 4)
            done += calls // 4
            await asyncio.sleep(VANISHED)
            stats = await line.ask(want="stats")
            tasks = await line.ask(want="tasks")
            print(f"{done:5} calls: {held(pid)}, {tasks} tasks, {stats['peers']} peers, {stats['ended']}", flush=True)
        print(f"{1000 * (cpu_seconds(pid) - cpu) / done:.1f} ms of CPU a call, {time.monotonic() - began:.0f} s")
        line.close()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
