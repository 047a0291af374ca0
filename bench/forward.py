"""One publisher of 1.5 Mbit/s video and sound to many viewers: forwarded packets per CPU-second of the server's process, the time
that a packet spends in it, and what a viewer's coming costs. Beside Janus where that is installed, in the same run.

python -m bench.forward [VIEWERS ...]
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvloop

from bench.janus import installed, janus
from bench.machine import cpu_seconds, describe, process
from bench.media_clients import Line, Publisher, Viewer
from salon.rtc import sdp
from tests.fakes.light_peer import Light

SETTLE, MEASURE = 2, 8
SAMPLED = 5
"""Viewers whose packets are read, for how long they were under way."""

Join = Callable[[Light], Awaitable[None]]


@asynccontextmanager
async def ours() -> AsyncIterator[tuple[int, Join, Join]]:
    """The server's pid, and how one publishes and watches there."""
    async with process([sys.executable, "-m", "bench.engine_server"], r"ready on (\d+)") as (pid, port):
        line = await Line(int(port)).open()

        async def publish(light: Light) -> None:
            light.answered((await line.ask(want="publish", sdp=light.offer))["sdp"])

        async def watch(light: Light) -> None:
            answer = (await line.ask(want="watch", sdp=light.offer))["sdp"]
            light.answered(answer)
            light.ssrcs = tuple(media.ssrcs[0] for media in sdp.parse(answer).media if media.ssrcs)

        yield pid, publish, watch
        line.close()


@asynccontextmanager
async def theirs(event_loops: int) -> AsyncIterator[tuple[int, Join, Join]]:
    async with janus(event_loops) as (pid, session):
        yield pid, session.publish, session.watch


async def measure(name: str, viewers: int, pid: int, publish: Join, watch: Join) -> None:
    loop = asyncio.get_running_loop()
    light = Light("sendonly", host="0.0.0.0")
    await publish(light)
    await light.connect()
    publisher = Publisher(light)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(publisher.run())]
        await asyncio.sleep(0.5)
        for task in running:
            task.cancel()
    crowd = []
    before = cpu_seconds(pid)
    # Ten at a time: Janus lets a second pass before it answers some handshakes.
    for first in range(0, viewers, 10):
        group = [Light("recvonly", host="0.0.0.0") for _ in range(min(10, viewers - first))]
        for each in group:
            await watch(each)
        await asyncio.gather(*(each.connect() for each in group))
        crowd += [Viewer(each, reads=first == 0 and number < SAMPLED) for number, each in enumerate(group)]
    joining = (cpu_seconds(pid) - before) / viewers * 1000
    for viewer in crowd[:SAMPLED]:
        loop.add_reader(viewer.light.socket.fileno(), viewer.drain)

    async def report() -> None:
        """Each once a second, spread over it."""
        while True:
            for viewer in crowd:
                viewer.report(viewer.light.ssrcs)
                await asyncio.sleep(1 / viewers)

    sampled = crowd[:SAMPLED]
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(publisher.run()), tasks.create_task(report())]
        await asyncio.sleep(SETTLE)
        for viewer in sampled:
            viewer.delays.clear()
        sent, cpu, began = publisher.packets, cpu_seconds(pid), time.monotonic()
        await asyncio.sleep(MEASURE)
        sent, cpu, took = publisher.packets - sent, cpu_seconds(pid) - cpu, time.monotonic() - began
        for task in running:
            task.cancel()
    got = sum(len(viewer.delays) for viewer in sampled)
    # What was forwarded: as much to each as to those who were asked.
    forwarded = got / len(sampled) * viewers
    delays = sorted(delay for viewer in sampled for delay in viewer.delays) or [0.0]
    p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
    print(
        f"{name:24} {viewers:4} viewers: {forwarded / cpu:9,.0f} packets per CPU-second, {100 * cpu / took:5.1f} % of a core, "
        f"{forwarded / took:7,.0f} a second, {100 * got / max(sent * len(sampled), 1):5.1f} % arrived, "
        f"under way p50 {p50:.2f} p99 {p99:.2f} ms, {joining:.1f} ms of CPU to join",
        flush=True,
    )
    for viewer in sampled:
        loop.remove_reader(viewer.light.socket.fileno())
    for viewer in crowd:
        viewer.light.close()
    light.close()


async def main(counts: list[int]) -> None:
    print(f"bench/forward: {describe()}")
    for viewers in counts:
        async with ours() as (pid, publish, watch):
            await measure("salon", viewers, pid, publish, watch)
        if not installed():
            print("janus is not installed: no baseline")
            continue
        for event_loops in (0, 2):
            async with theirs(event_loops) as (pid, publish, watch):
                name = f"janus, event_loops={event_loops}" if event_loops else "janus"
                await measure(name, viewers, pid, publish, watch)


if __name__ == "__main__":
    uvloop.run(main([int(each) for each in sys.argv[1:]] or [1, 50, 200]))
