"""A real Chromium as publisher, viewer and data channel peer of an engine in this process, without a page of ours."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Page, async_playwright

from salon.media.engine import Engine
from salon.ports.media import Accepted, Wants
from salon.rtc import sdp
from tests.conformance.environments import ProgramMissing
from tests.conftest import CHROMIUM, like_others

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--allow-loopback-in-peer-connection",
]

# What every tab knows. `statistics` sums what `getStats` says of one kind of report.
SCRIPT = """
window.pc = new RTCPeerConnection();
window.heard = [];
window.offer = async () => {
  await pc.setLocalDescription(await pc.createOffer());
  return pc.localDescription.sdp;
};
window.answered = (sdp) => pc.setRemoteDescription({ type: "answer", sdp });
window.publish = async (video, encodings) => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
  for (const track of stream.getTracks()) {
    pc.addTransceiver(track, {
      direction: "sendonly",
      streams: [stream],
      sendEncodings: track.kind === "video" && encodings ? encodings : undefined,
    });
  }
};
window.watch = () => {
  const element = document.body.appendChild(document.createElement("video"));
  element.autoplay = true;
  element.muted = true;
  element.srcObject = new MediaStream();
  pc.ontrack = ({ track }) => element.srcObject.addTrack(track);
  pc.addTransceiver("audio", { direction: "recvonly" });
  pc.addTransceiver("video", { direction: "recvonly" });
};
window.listen = () => {
  const element = document.body.appendChild(document.createElement("audio"));
  element.autoplay = true;
  pc.ontrack = ({ streams }) => element.srcObject = streams[0];
};
window.channel = (label) => {
  const opened = pc.createDataChannel(label);
  opened.binaryType = "arraybuffer";
  opened.onmessage = ({ data }) => heard.push(typeof data === "string" ? data : data.byteLength);
  window.data = opened;
};
window.statistics = async (type, kind) => {
  const found = {};
  for (const report of (await pc.getStats()).values()) {
    if (report.type !== type || (kind && report.kind !== kind)) continue;
    for (const [name, value] of Object.entries(report)) {
      if (typeof value === "number") found[name] = (found[name] ?? 0) + value;
    }
  }
  return found;
};
"""


class Tab:
    """One page with one ``RTCPeerConnection``, named ``pc`` there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.accepted: Accepted

    async def run(self, script: str, *arguments: Any) -> Any:
        """``script`` is an expression; the arguments are in ``a``."""
        return await self.page.evaluate(f"(a) => {script}", list(arguments))

    async def join(self, engine: Engine, wants: Wants) -> Any:
        """Offer, and set the answer. Returns the engine's peer."""
        self.accepted = await engine.accept(sdp.parse(await self.run("offer()")), wants)
        await self.run("answered(a[0])", self.accepted.answer)
        return self.accepted.peer

    async def statistics(self, type_: str, kind: str = "") -> dict[str, float]:
        found: dict[str, float] = await self.run("statistics(a[0], a[1])", type_, kind)
        return found

    async def frames(self) -> float:
        return (await self.statistics("inbound-rtp", "video")).get("framesDecoded", 0)


class Chromium:
    def __init__(self, browser: Any) -> None:
        self._browser = browser

    async def tab(self) -> Tab:
        page = await self._browser.new_page()
        # A page of a secure origin, without a server: cameras are for those alone.
        await page.route("**/*", lambda route: route.fulfill(content_type="text/html", body="<body></body>"))
        await page.goto("http://localhost/")
        await page.evaluate(SCRIPT)
        return Tab(page)


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        raise ProgramMissing("Chromium is not installed (Debian: apt install chromium)")
    like_others()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield Chromium(browser)
        finally:
            await browser.close()
