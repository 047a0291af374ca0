"""Six pages in one call, each connected with each, in one Chromium: how long until everybody sees everybody, how many pictures
each gets of each, and what a processor does for it.

python -m bench.mesh [PAGES [SECONDS]]
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from bench.machine import describe
from tests.conftest import CHROMIUM
from tests.e2e.calling import MOVES, Caller
from tests.e2e.conftest import ARGUMENTS
from tests.e2e.serving import Salon

# Pictures of each of the others, that were shown since the page was asked first.
SHOWN = """() => [...document.querySelectorAll(".tile[data-peer] video")].map(
    (video) => video.getVideoPlaybackQuality().totalVideoFrames
)"""


LONGEST_MS = 120_000


def seen(callers: list[Caller]) -> None:
    """Wait until each sees all others, and their pictures move."""
    for each in callers:
        expect(each.page.locator(".tile[data-state=connected]")).to_have_count(len(callers) - 1, timeout=LONGEST_MS)
        for other in callers:
            video = each.page.locator(f".tile[data-peer='{other.id}'] video")
            assert other is each or video.evaluate(MOVES), f"{each.id} does not see {other.id} move"


def spent(group: int) -> float:
    """Seconds of processor time of all processes of a browser."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        except OSError:
            continue
    return total / os.sysconf("SC_CLK_TCK")


def main(pages: int = 6, seconds: int = 10) -> None:
    print(describe())
    path = next(filter(None, map(shutil.which, CHROMIUM)))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        salon = Salon(Path(folder))
        salon.start()
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
            group = os.getpgid(next(int(each["id"]) for each in found if each["type"] == "browser"))
            callers = [Caller(browser.new_context(locale="en-US").new_page(), salon.url) for _ in range(pages)]
            for each in callers:
                each.page.set_default_timeout(LONGEST_MS)
            first = callers[0]
            began = time.perf_counter()
            first.call(callers[1].id)
            callers[1].answer()
            for count, other in enumerate(callers[2:], 2):
                seen(callers[:count])
                first.press("Bring somebody in")
                first.page.get_by_role("textbox", name="Id or link").fill(other.id)
                first.page.get_by_role("dialog").get_by_role("button", name="Call", exact=True).click()
                other.answer()
            seen(callers)
            print(
                f"{pages} pages, {pages * (pages - 1) // 2} connections: all see all after {time.perf_counter() - began:.1f} s"
            )
            before, at, cpu = [each.page.evaluate(SHOWN) for each in callers], time.perf_counter(), spent(group)
            first.page.wait_for_timeout(seconds * 1000)
            after, passed, cpu = (
                [each.page.evaluate(SHOWN) for each in callers],
                time.perf_counter() - at,
                spent(group) - cpu,
            )
            rates = [
                (b - a) / passed
                for one, other in zip(before, after, strict=True)
                for a, b in zip(one, other, strict=True)
            ]
            print(
                f"pictures a second of each of {len(rates)} ways: least {min(rates):.1f}, mean {sum(rates) / len(rates):.1f}"
            )
            print(f"processors of the whole browser: {cpu / passed:.2f}")
            began = time.perf_counter()
            callers.pop().press("Hang up")
            seen(callers)
            print(f"one left; the others see it after {time.perf_counter() - began:.1f} s and go on")
        finally:
            browser.close()
            salon.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
