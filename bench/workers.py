"""Calls on one and on several workers: what each process of the server costs, and how late its packets are.

libwebrtc callers (in a process of their own) speak a tone without end; the server decodes it and listens for speech. What
bounds a server is its busiest process: that is the figure that workers are for. Where clients share the machine's cores, as
they do here, the sum does not fall.

python -m bench.workers [CALLS] [WORKERS ...]
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import Any

import uvloop
import webrtc
from aiohttp import ClientSession

from bench.machine import cpu_seconds, describe, process
from tests.fakes.media_house import Microphone, until
from tests.fakes.worker_program import KEY

SETTLE, MEASURE = 5, 10
BEARER = {"authorization": f"Bearer {KEY}"}


async def clients(url: str, calls: int) -> None:
    """The other side. Says ``ready``, and talks until it is ended."""
    webrtc.allow_loopback()
    microphone = Microphone()
    peers: list[Any] = []
    async with asyncio.TaskGroup() as tasks, ClientSession(url, headers=BEARER) as http:
        tasks.create_task(microphone.run())
        for _ in range(calls):
            pc: Any = webrtc.RTCPeerConnection()
            pc.add_track(microphone.track)
            await pc.set_local_description(await pc.create_offer())
            headers = {"content-type": "application/sdp"}
            async with http.post("/v1/realtime/calls", data=pc.local_description.sdp, headers=headers) as response:
                answer = await response.text()
                assert response.status == 201, answer
            await pc.set_remote_description(webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer))
            peers.append(pc)
        await until(lambda: all(pc.connection_state == "connected" for pc in peers), seconds=60)
        print("ready now", flush=True)
        await asyncio.Event().wait()


async def sampled(http: ClientSession) -> dict[str, dict[str, float]]:
    """What each worker counts, by its number; that of a server without workers is empty."""
    async with http.get("/metrics") as response:
        text = await response.text()
    found: dict[str, dict[str, float]] = {}
    for name, labels, value in re.findall(r"^(salon_media_\w+|process_start\w+)(?:{([^}]*)})? (\S+)$", text, re.M):
        worker = re.search(r'worker="(\d+)"', labels)
        found.setdefault(worker[1] if worker else "", {})[name] = float(value)
    return found


async def measure(calls: int, workers: int) -> None:
    command = [sys.executable, "-m", "tests.fakes.worker_program", "/tmp"]
    environ = {"WORKERS": str(workers), "LOAD_LIMIT": "1e9"}
    async with process(command, r"(http://\S+)", environ) as (pid, url), ClientSession(url, headers=BEARER) as http:
        callers = [sys.executable, "-m", "bench.workers", "--clients", url, str(calls)]
        async with process(callers, r"ready (now)"):
            await asyncio.sleep(SETTLE)
            pids = [pid, *descendants(pid)]
            before, counted, began = [cpu_seconds(each) for each in pids], await sampled(http), time.monotonic()
            await asyncio.sleep(MEASURE)
            took = time.monotonic() - began
            spent = [100 * (cpu_seconds(each) - cpu) / took for each, cpu in zip(pids, before, strict=True)]
            after = await sampled(http)
        engines = {name: each for name, each in after.items() if "salon_media_peers" in each}
        late = [
            (each["salon_media_late_ticks_total"] - counted[name]["salon_media_late_ticks_total"]) / (took * 50)
            for name, each in engines.items()
        ]
        spread = " + ".join(f"{each['salon_media_peers']:.0f}" for each in engines.values())
        print(
            f"{calls} calls, workers: {workers} ({spread}): the busiest process {max(spent):5.1f} % of a core, "
            f"all {sum(spent):5.1f} %, {sum(spent) / calls:.2f} % a call; ticks 5 ms late or more: "
            + ", ".join(f"{100 * each:.1f} %" for each in late),
            flush=True,
        )


def descendants(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as children:
        found = [int(each) for each in children.read().split()]
    return [*found, *(each for child in found for each in descendants(child))]


async def main(calls: int, workers: list[int]) -> None:
    print(f"bench/workers: {describe()}")
    for count in workers:
        await measure(calls, count)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--clients"]:
        asyncio.run(clients(sys.argv[2], int(sys.argv[3])))
    else:
        numbers = [int(each) for each in sys.argv[1:]]
        uvloop.run(main(numbers[0] if numbers else 30, numbers[1:] or [1, 2]))
