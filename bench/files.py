"""A file from page to page in Chromium: its speed beside a bare data channel between two pages of the same browser, and the
memory of the page that receives. A block is read, hashed, sent, hashed again and written to disk; the bare channel only sends.

python -m bench.files [MEGABYTES [ROUNDS]]
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.machine import describe
from tests.conftest import CHROMIUM
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.serving import Salon
from tests.e2e.test_files import Mover

MEGA = 1_000_000
LONGEST_MS = 120_000

# The same marks and pieces as ours.
SEND = """async (bytes) => {
    const piece = new Uint8Array(64 * 1024);
    channel.bufferedAmountLowThreshold = 256 * 1024;
    for (let at = 0; at < bytes; at += piece.length) {
        while (channel.bufferedAmount > 1024 * 1024) await new Promise((done) => (channel.onbufferedamountlow = done));
        channel.send(piece);
    }
}"""
OFFER = """async () => {
    globalThis.pc = new RTCPeerConnection();
    globalThis.channel = pc.createDataChannel("bare");
    globalThis.opened = new Promise((done) => (channel.onopen = done));
    await pc.setLocalDescription();
    while (pc.iceGatheringState !== "complete") await new Promise((done) => (pc.onicegatheringstatechange = done));
    return pc.localDescription.toJSON();
}"""
ANSWER = """async ([offer, bytes]) => {
    globalThis.pc = new RTCPeerConnection();
    globalThis.all = new Promise((done) => (pc.ondatachannel = ({ channel }) => {
        let got = 0;
        channel.binaryType = "arraybuffer";
        channel.onmessage = ({ data }) => (got += data.byteLength) >= bytes && done();
    }));
    await pc.setRemoteDescription(offer);
    await pc.setLocalDescription();
    while (pc.iceGatheringState !== "complete") await new Promise((done) => (pc.onicegatheringstatechange = done));
    return pc.localDescription.toJSON();
}"""


def bare(page: Callable[[], Page], size: int) -> float:
    """Megabytes a second."""
    one, other = page(), page()
    answer = other.evaluate(ANSWER, [one.evaluate(OFFER), size])
    one.evaluate("async (answer) => { await pc.setRemoteDescription(answer); await opened; }", answer)
    began = time.perf_counter()
    one.evaluate(SEND, size)
    other.evaluate("all")
    speed = size / MEGA / (time.perf_counter() - began)
    for each in (one, other):
        each.context.close()
    return speed


def ours(page: Callable[[], Page], url: str, file: Path) -> float:
    """Megabytes a second, from the first block to the last that is on the disk."""
    ann, bob = Mover(page(), url), Mover(page(), url)
    ann.send(bob, file)
    bob.press("Accept")
    expect(bob.row).to_have_attribute("data-state", "running", timeout=LONGEST_MS)
    began = time.perf_counter()
    expect(bob.row).to_have_attribute("data-state", "done", timeout=LONGEST_MS)
    speed = file.stat().st_size / MEGA / (time.perf_counter() - began)
    for each in (ann, bob):
        each.page.context.close()
    return speed


class Memory:
    """The most that one page's process held, in megabytes, since it was looked at first."""

    def __init__(self, browser: Browser) -> None:
        processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        self._group = os.getpgid(next(int(each["id"]) for each in processes if each["type"] == "browser"))
        self._first: dict[int, int] = {}
        self.grown = 0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.25):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    renders = b"--type=renderer" in (process / "cmdline").read_bytes()
                    if not renders or os.getpgid(int(process.name)) != self._group:
                        continue
                    held = int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // MEGA
                except (OSError, IndexError):
                    continue
                first = self._first.setdefault(int(process.name), held)
                self.grown = max(self.grown, held - first)


def main(megabytes: int = 128, rounds: int = 3) -> None:
    print(describe())
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        salon = Salon(Path(folder))
        salon.start()
        file = Path(folder) / "file.bin"
        file.write_bytes(os.urandom(megabytes * MEGA))
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)

        def page() -> Page:
            page = browser.new_context(locale="en-US").new_page()
            page.set_default_timeout(LONGEST_MS)
            page.goto(salon.url)
            return page

        rows = []
        try:
            for _ in range(rounds):
                with Memory(browser) as memory:
                    rows.append((bare(page, megabytes * MEGA), ours(page, salon.url, file), memory.grown))
        finally:
            browser.close()
            salon.stop()
    print(f"{megabytes} MB   bare MB/s   ours MB/s   ratio   most that a page grew, MB")
    for plain, checked, grown in rows:
        print(f"{'':8}{plain:9.1f}{checked:12.1f}{checked / plain:8.2f}{grown:10}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
