"""A spoken turn's way through the house: libwebrtc callers in one process, Salon in another, providers that answer at once.

python -m bench.voice [CALLERS ...]

What is measured is what Salon adds: the silence before an answer, less the wait by which the turn's end is known, at the
server (first packet) and at the caller (the event that it has left). And what a conversation costs the server.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import AsyncExitStack
from typing import Any

from bench.machine import cpu_seconds, describe, process
from tests.fakes.caller import Caller, calling

TURNS = 4
BETWEEN = 4.0
"""Seconds from one question to the next: the answer is heard meanwhile, at 60 ms a character."""


async def converse(caller: Caller, at: float) -> list[tuple[float, float]]:
    """Questions and answers; of each the ms at the server and at the caller."""
    loop, found = asyncio.get_running_loop(), []
    await asyncio.sleep(at)
    for _ in range(TURNS):
        began = loop.time()
        caller.microphone.say("what-can-you-do.wav")
        done = (await caller.until("response.done"))[-1]
        started = caller.when["output_audio_buffer.started"]
        parts: dict[str, Any] = done["response"]["salon"]["waterfall"]
        waited = parts["vad"] + parts["end_of_turn"]
        found.append((parts["total"] - waited, (started - caller.microphone.ended) * 1000 - waited))
        await asyncio.sleep(max(began + BETWEEN - loop.time(), 0))
    return found


def quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


async def measure(pid: int, url: str, callers: int) -> None:
    async with AsyncExitStack() as stack:
        calls = [
            await stack.enter_async_context(calling(f"{url}/v1/realtime/calls?salon=1", "")) for _ in range(callers)
        ]
        for caller in calls:
            await caller.until("session.created")
        loop = asyncio.get_running_loop()
        cpu, began = cpu_seconds(pid), loop.time()
        async with asyncio.TaskGroup() as group:
            talks = [
                group.create_task(converse(caller, number * BETWEEN / callers)) for number, caller in enumerate(calls)
            ]
        share = (cpu_seconds(pid) - cpu) / (loop.time() - began) / callers
        server, caller_ms = zip(*[each for talk in talks for each in talk.result()], strict=True)
        print(
            f"{callers} conversations: beyond the wait, at the server p50 {quantile(list(server), 0.5):.0f} ms, p95 "
            f"{quantile(list(server), 0.95):.0f} ms; at the caller p50 {quantile(list(caller_ms), 0.5):.0f} ms, p95 "
            f"{quantile(list(caller_ms), 0.95):.0f} ms; {share * 100:.2f} % of a core each"
        )


async def main(sizes: list[int]) -> None:
    print(f"bench/voice: {describe()}")
    for callers in sizes:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        async with process([sys.executable, "-m", "bench.voice_server", str(port)], r"ready (\S+)") as (pid, url):
            await measure(pid, url.rstrip("/"), callers)


if __name__ == "__main__":
    asyncio.run(main([int(size) for size in sys.argv[1:]] or [1, 20]))
