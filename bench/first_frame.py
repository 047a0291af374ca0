"""From the answer to the first picture: a viewer who joins a broadcast that is live.

``salon serve`` in a process of its own, one Chromium that publishes by WHIP and watches by WHEP, one viewer after the other. The
time runs in the page: from the answer's arrival to the first frame that the video element shows (``requestVideoFrameCallback``);
the same browser encodes, decodes and draws meanwhile.

python -m bench.first_frame [JOINS]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from aiohttp import ClientSession

from bench.machine import describe
from tests.e2e.serving import Salon
from tests.fakes.chromium import Tab, chromium
from tests.fakes.media_house import eventually

CAMERA = {"width": 640, "height": 480, "frameRate": 30}
WATCH = """new Promise(async (shown, failed) => {
  setTimeout(() => failed(new Error("no picture in 20 s")), 20000);
  const video = document.querySelector("video");
  let began = 0;
  video.requestVideoFrameCallback((now) => shown(now - began));
  began = performance.now();
  await pc.setRemoteDescription({ type: "answer", sdp: a[0] });
})"""


async def exchange(session: ClientSession, path: str, offer: str) -> tuple[str, str]:
    """The answer, and where to end it."""
    async with session.post(path, data=offer, headers={"content-type": "application/sdp"}) as response:
        if response.status != 201:
            raise RuntimeError(f"{path}: {response.status} {await response.text()}")
        return await response.text(), response.headers["location"]


async def live(session: ClientSession) -> bool:
    async with session.get("/v1/live") as response:
        return any(each["state"] == "live" for each in (await response.json())["broadcasts"])


async def first_frame(session: ClientSession, tab: Tab) -> float:
    await tab.run("watch()")
    answer, location = await exchange(session, "/whep/studio", await tab.run("offer()"))
    took: float = await tab.run(WATCH, answer)
    async with session.delete(location):
        await tab.page.close()
    return took


async def measure(joins: int) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        salon = Salon(Path(folder))
        salon.start()
        try:
            async with ClientSession(salon.url) as session, chromium() as browser:
                camera = await browser.tab()
                await camera.run("publish(a[0])", CAMERA)
                answer, _ = await exchange(session, "/whip/studio", await camera.run("offer()"))
                await camera.run("answered(a[0])", answer)
                await eventually(lambda: live(session), 30)
                # The first viewer wakes the decoder and the broadcast; it does not count.
                return [await first_frame(session, await browser.tab()) for _ in range(joins + 1)][1:]
        finally:
            salon.stop()


async def main(joins: int) -> None:
    print(f"bench/first_frame: {describe()}; {joins} joins")
    took = sorted(await measure(joins))
    middle, late = took[len(took) // 2], took[len(took) * 95 // 100]
    print(
        f"from the answer to the first picture: p50 {middle:.0f} ms, p95 {late:.0f} ms, slowest {took[-1]:.0f} ms",
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
