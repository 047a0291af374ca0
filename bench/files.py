"""A file from page to page in Chromium: its speed beside a bare data channel between two pages of the same browser, and the
memory of the page that receives. A block is read, hashed, sent, hashed again and written to disk; the bare channel only sends.
The receiver has a profile on the disk: what private windows call their storage is memory.

python -m bench.files [MEGABYTES [ROUNDS [WAY]]]

WAY is `storage` (the browser's own, the default), `picked` (straight to a file that is chosen), or `server` (through Salon,
without its limit of speed).
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import Page, Playwright, expect, sync_playwright

from bench.machine import describe
from tests.conftest import CHROMIUM
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.serving import Salon
from tests.e2e.test_files import PICKED, Mover

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


def bare(pages: list[Page], size: int) -> float:
    """Megabytes a second."""
    one, other = pages
    answer = other.evaluate(ANSWER, [one.evaluate(OFFER), size])
    one.evaluate("async (answer) => { await pc.setRemoteDescription(answer); await opened; }", answer)
    began = time.perf_counter()
    one.evaluate(SEND, size)
    other.evaluate("all")
    speed = size / MEGA / (time.perf_counter() - began)
    for each in pages:
        each.close()
    return speed


def ours(ann: Mover, bob: Mover, file: Path, way: str) -> float:
    """Megabytes a second, from the first block to the last that is on the disk."""
    ann.page.locator("#files-hide").set_checked(way == "server")
    ann.send(bob, file)
    bob.press("To a file …" if way == "picked" else "Accept")
    expect(bob.row).to_have_attribute("data-state", "running", timeout=LONGEST_MS)
    began = time.perf_counter()
    expect(bob.row).to_have_attribute("data-state", "done", timeout=LONGEST_MS)
    speed = file.stat().st_size / MEGA / (time.perf_counter() - began)
    for each in (ann, bob):
        each.press("Remove")
    return speed


class Memory:
    """The most that one page's process held, in megabytes, since it was looked at first."""

    def __init__(self, profile: Path) -> None:
        """Of the browser with this profile."""
        named = f"--user-data-dir={profile}".encode()
        self._group = next(
            os.getpgid(int(process.name))
            for process in Path("/proc").glob("[0-9]*")
            if named in (words := _words(process)) and b"--type=" not in words
        )
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
                    if b"--type=renderer" not in _words(process) or os.getpgid(int(process.name)) != self._group:
                        continue
                    held = int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // MEGA
                except (OSError, IndexError):
                    continue
                first = self._first.setdefault(int(process.name), held)
                self.grown = max(self.grown, held - first)


def _words(process: Path) -> bytes:
    """Its command line, which Chromium's children write anew with spaces; nothing of one that is gone."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def measured(playwright: Playwright, folder: Path, salon: Salon, file: Path, way: str) -> tuple[float, float, int]:
    """One round: the bare channel's speed, ours, and what the receiving page grew by."""
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    profile = folder / "receiver"
    browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    receiver = playwright.chromium.launch_persistent_context(
        profile, executable_path=path, args=ARGUMENTS, locale="en-US"
    )
    sender = browser.new_context(locale="en-US")
    pages = [iter([context.new_page() for _ in range(2)]) for context in (sender, receiver)]
    try:
        for context in (sender, receiver):
            context.set_default_timeout(LONGEST_MS)
        with Memory(profile) as memory:
            turns = [next(pages[0]), next(pages[1])]
            for each in turns:
                each.goto(salon.url)
            plain = bare(turns, file.stat().st_size)
            ann, bob = next(pages[0]), next(pages[1])
            bob.add_init_script(PICKED)
            speed = ours(Mover(ann, salon.url), Mover(bob, salon.url), file, way)
        return plain, speed, memory.grown
    finally:
        receiver.close()
        browser.close()
        shutil.rmtree(profile)


def main(megabytes: int, rounds: int, way: str) -> None:
    print(describe())
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        salon = Salon(Path(folder), more="[transit]\nbytes_per_second = 1_000_000_000\n")
        salon.start()
        file = Path(folder) / "file.bin"
        with file.open("wb") as bytes:
            for _ in range(megabytes):
                bytes.write(os.urandom(MEGA))
        try:
            rows = [measured(playwright, Path(folder), salon, file, way) for _ in range(rounds)]
        finally:
            salon.stop()
    print(f"{megabytes} MB, {way}   bare MB/s   ours MB/s   ratio   most that a receiving page grew, MB")
    for plain, checked, grown in rows:
        print(f"{'':14}{plain:9.1f}{checked:12.1f}{checked / plain:8.2f}{grown:10}")


if __name__ == "__main__":
    size, count, way = (*sys.argv[1:], *("128", "3", "storage")[len(sys.argv) - 1 :])
    main(int(size), int(count), way)
