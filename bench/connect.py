"""From an offer that is handed in to the first packet of sound that comes back, beside an aiortc server in the same run.

The client is the same for both: ``tests.fakes.light_peer``, one call after the other, on loopback.

python -m bench.connect [CALLS]
"""

from __future__ import annotations

import sys
import time

import uvloop

from bench.calls import SERVERS
from bench.machine import describe, process
from bench.media_clients import Line
from tests.fakes.light_peer import Light


async def measure(name: str, calls: int) -> None:
    async with process([sys.executable, "-m", *SERVERS[name]], r"ready on (\d+)") as (_, port):
        line = await Line(int(port)).open()
        took = []
        for _ in range(calls):
            light = Light("sendrecv", host="0.0.0.0")
            # aiortc would be the client of DTLS otherwise.
            offer = light.offer.replace("setup:actpass", "setup:active")
            began = time.monotonic()
            light.answered((await line.ask(want="voice", sdp=offer))["sdp"])
            await light.connect()
            await light.read_rtp()
            took.append(1000 * (time.monotonic() - began))
            light.goodbye()
            light.close()
        took.sort()
        print(f"{name:7} p50 {took[len(took) // 2]:6.1f} ms, p95 {took[len(took) * 95 // 100]:6.1f} ms", flush=True)
        line.close()


async def main(calls: int) -> None:
    print(f"bench/connect: {describe()}; {calls} calls")
    for name in ("salon", "aiortc"):
        await measure(name, calls)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
