"""Duplex Opus calls from libwebrtc: CPU and memory of the server's process for each, beside an aiortc and a libwebrtc server
doing the same in the same run. Each takes the caller's sound through its jitter buffer to 16 kHz, and says a tone.

python -m bench.calls [CALLS ...]
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import Any

import uvloop
import webrtc

from bench.machine import cpu_seconds, datagrams, describe, process, rss_bytes
from bench.media_clients import Line
from tests.fakes.media_house import Microphone, until

SETTLE, MEASURE = 5, 10
SERVERS = {
    "salon": ["bench.engine_server"],
    "aiortc": ["bench.call_servers", "aiortc"],
    "wrtc": ["bench.call_servers", "wrtc"],
}
# Past these a server of this kind fills a core, and a figure would be of something else.
MOST = {"salon": 1000, "aiortc": 20, "wrtc": 60}


@dataclass
class Measured:
    percent: float
    """Of a core, for each call."""
    kib: float
    datagrams: float
    """A second, of each call, both ways: 100 and some where nobody is short of anything."""
    late: str


async def clients(port: int, calls: int) -> None:
    """The other side, in a process of its own. Says ``ready``, and talks until it is ended."""
    webrtc.allow_loopback()
    line = await Line(port).open()
    microphone = Microphone()
    peers: list[Any] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(microphone.run())
        for _ in range(calls):
            pc: Any = webrtc.RTCPeerConnection()
            pc.add_track(microphone.track)
            await pc.set_local_description(await pc.create_offer())
            while pc.ice_gathering_state != "complete":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            answer = (await line.ask(want="voice", sdp=pc.local_description.sdp))["sdp"]
            await pc.set_remote_description(webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer))
            peers.append(pc)
        await until(lambda: all(pc.connection_state == "connected" for pc in peers), seconds=60)
        print("ready now", flush=True)
        await asyncio.Event().wait()


async def measure(name: str, calls: int) -> Measured:
    async with process([sys.executable, "-m", *SERVERS[name]], r"ready on (\d+)") as (pid, port):
        empty = rss_bytes(pid)
        callers = [sys.executable, "-m", "bench.calls", "--clients", port, str(calls)]
        async with process(callers, r"ready (now)"):
            await asyncio.sleep(SETTLE)
            line = await Line(int(port)).open() if name == "salon" else None
            before: Any = await line.ask(want="stats") if line is not None else None
            sent, cpu, began = datagrams(), cpu_seconds(pid), time.monotonic()
            await asyncio.sleep(MEASURE)
            cpu, took = cpu_seconds(pid) - cpu, time.monotonic() - began
            sent = datagrams() - sent
            late = ""
            if line is not None:
                after = await line.ask(want="stats")
                share = (after["late_ticks"] - before["late_ticks"]) / (took * 50)
                late = f", {100 * share:.1f} % of ticks 5 ms late or more"
                line.close()
            memory = (rss_bytes(pid) - empty) / calls / 1024
            return Measured(100 * cpu / took / calls, memory, sent / took / calls, late)


async def main(counts: list[int]) -> None:
    print(f"bench/calls: {describe()}")
    for calls in counts:
        found: dict[str, Measured] = {}
        for name in SERVERS:
            if calls <= MOST[name]:
                found[name] = await measure(name, calls)
                each = found[name]
                ratio = each.percent / found["salon"].percent
                print(
                    f"{calls:3} calls, {name:7} {each.percent:5.2f} % of a core each ({ratio:.1f} times Salon's), "
                    f"{each.kib:6.0f} KiB each, "
                    f"{each.datagrams:.0f} datagrams a second{each.late}",
                    flush=True,
                )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--clients"]:
        asyncio.run(clients(int(sys.argv[2]), int(sys.argv[3])))
    else:
        uvloop.run(main([int(each) for each in sys.argv[1:]] or [20, 60]))
