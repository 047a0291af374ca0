"""A whole Salon with keys, and pages of another origin with the WHIP and WHEP clients that others wrote, as npm has them."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvloop
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from salon.app.build import House, build
from salon.app.config import ApiKey, Auth, Config, LiveSettings, LlmDefaults, Media, Server
from salon.app.config_load import Loaded
from salon.app.models import Models
from salon.session.agent import Agent
from salon.session.live import Live
from salon.wire.token import Claims, SalonClaim, mint
from tests.conformance.environments import ProgramMissing, node_env
from tests.conformance.peerjs.conftest import ARGUMENTS
from tests.conftest import CHROMIUM
from tests.fakes.serving import serving

CLIENTS = ["whip-whep@1.2.0", "@eyevinn/whip-web-client@1.1.7", "@eyevinn/webrtc-player@0.13.0", "esbuild@0.28.2"]
# What is bundled are the packages as they are published; browsers know no node_modules.
ENTRY = """
export { WHIPClient } from "whip-whep/whip.js";
export { WHEPClient } from "whip-whep/whep.js";
export { WHIPClient as EyevinnClient } from "@eyevinn/whip-web-client";
export { WebRTCPlayer } from "@eyevinn/webrtc-player";
"""
PAGE = Path(__file__).with_name("page.html")
SECRET = "a secret of at least thirty-two bytes"
KEY = "sk-tests-0123456789"


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


def grant(sub: str, publish: str = "", watch: str = "") -> str:
    claim = SalonClaim(publish=(publish,) if publish else (), watch=(watch,) if watch else ())
    return mint(Claims(sub=sub, salon=claim), SECRET.encode())


class Stage:
    """A running house; ``http`` is its address."""

    def __init__(self, house: House, http: str, folder: Path) -> None:
        self.house = house
        self.live: Live = house.carrying.running.live
        self.http = http
        self.folder = folder

    def whip(self, room: str) -> str:
        return f"{self.http}/whip/{room}"

    def whep(self, room: str) -> str:
        return f"{self.http}/whep/{room}"

    async def is_live(self, room: str) -> None:
        """Wait until packets come. Raises ``TimeoutError``."""
        live = self.live
        changed = asyncio.Event()
        stop = live.listen(lambda *_: changed.set())
        try:
            async with asyncio.timeout(20):
                while (found := live.broadcast(room)) is None or found.state != "live":
                    await changed.wait()
                    changed.clear()
        finally:
            stop()

    async def is_over(self, room: str, role: str) -> str:
        """Wait until the room has no session of that role; why the last one ended."""
        live = self.live
        changed = asyncio.Event()
        stop = live.listen(lambda *_: changed.set())
        try:
            async with asyncio.timeout(20):
                while any(each.role == role for each in self.sessions(room)):
                    await changed.wait()
                    changed.clear()
        finally:
            stop()
        return [each.ended for each in live._ended.values() if each.room == room and each.role == role][-1]

    def sessions(self, room: str) -> list[Any]:
        return [each for each in self.live._sessions.values() if each.room == room]


@asynccontextmanager
async def running(
    folder: Path, *, origin: str = "", keys: bool = True, host: str = "127.0.0.1"
) -> AsyncIterator[Stage]:
    """``host`` is where media comes to: some clients gather no candidates on loopback."""
    auth = Auth(api_keys=(ApiKey(name="tests", key=KEY),), token_secrets=(SECRET,)) if keys else Auth()
    config = Config(
        llm=LlmDefaults(default=("demo",)),
        server=Server(host=host, port=0, origins=(origin,) if origin else ()),
        auth=auth,
        # A machine that does other things meanwhile refuses nobody here.
        # And one candidate: whip-whep 1.2.0 joins several with a comma when ICE restarts.
        media=Media(load_limit=1e9, tcp=False),
        live=LiveSettings(recordings=str(folder / "recordings"), grace_seconds=10),
    )
    house = build(config, (Agent("host"),), Models(Loaded(config=config), environ={}))
    async with serving(house.app) as at:
        yield Stage(house, at.http, folder)


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with running(tmp_path) as stage:
        yield stage


@pytest_asyncio.fixture
async def open_stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """Without keys."""
    async with running(tmp_path, keys=False) as stage:
        yield stage


class Windows:
    """A browser's, each on a page of ``origin`` with the clients in it."""

    def __init__(self, browser: Browser, origin: str) -> None:
        self.origin = origin
        self._browser = browser

    async def window(self) -> Page:
        page = await (await self._browser.new_context()).new_page()
        await page.goto(f"{self.origin}/page.html")
        await page.wait_for_function("window.ready")
        return page


class Site:
    """The stage, and windows with the clients in them."""

    def __init__(self, stage: Stage, windows: Windows) -> None:
        self.stage = stage
        self.window = windows.window


def bundled() -> Path:
    home = node_env("live", CLIENTS)
    bundle = home / "clients.js"
    if not bundle.exists():
        (home / "entry.js").write_text(ENTRY, "utf-8")
        done = subprocess.run(
            [str(home / "node_modules/.bin/esbuild"), "entry.js", "--bundle", "--format=esm", "--outfile=clients.js"],
            cwd=home,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    return bundle


@asynccontextmanager
async def windows() -> AsyncIterator[Windows]:
    bundle = await asyncio.to_thread(bundled)
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        raise ProgramMissing("Chromium is not installed (Debian: apt install chromium)")
    pages = web.Application()

    async def page(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(PAGE)

    async def clients(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(bundle)

    pages.router.add_get("/page.html", page)
    pages.router.add_get("/clients.js", clients)
    runner = web.AppRunner(pages)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        try:
            yield Windows(browser, "http://{}:{}".format(*runner.addresses[0]))
        finally:
            await browser.close()
            await runner.cleanup()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with windows() as found, running(tmp_path, origin=found.origin) as stage:
        yield Site(stage, found)


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody here asks a proxy for 127.0.0.1."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
