"""Pages of another origin that load npm ``peerjs`` as it is published, in Chromium with a camera and a microphone that are
made up, and a whole Salon in the loop of the test."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvloop
from aiohttp import web
from playwright.async_api import Browser, Error, Page, Playwright, WebSocket, async_playwright

from salon.app.build import House, build
from salon.app.config import ApiKey, Auth, Config, LlmDefaults, Server
from salon.app.config_load import Loaded
from salon.app.models import Models
from salon.session.agent import Agent
from tests.conformance.environments import ProgramMissing, node_env
from tests.conftest import CHROMIUM
from tests.fakes.serving import Serving, serving

PEERJS = "peerjs@1.5.5"
PAGE = Path(__file__).with_name("page.html")
SECRET = "a secret of at least thirty-two bytes"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    # A container has nobody who resolves the names that stand for addresses of this machine.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


class Tab:
    """A page with ``page.html`` in it. ``frames`` is what the server told it."""

    def __init__(self, page: Page, port: int) -> None:
        self.page = page
        self.frames: list[str] = []
        self._port = port
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framereceived", lambda payload: self.frames.append(str(payload)))

    async def start(self, id: str | None = None, *, path: str = "/", opened: bool = True, **options: Any) -> str:
        """Make a Peer, wait until it is open unless it will not be; its id."""
        given = {"host": "127.0.0.1", "port": self._port, "path": path, "config": {"iceServers": []}, **options}
        await self.page.evaluate("([id, options]) => start(id, options)", [id, given])
        if not opened:
            return ""
        return str((await self.saw("open"))[1])

    async def run(self, script: str, argument: Any = None) -> Any:
        return await self.page.evaluate(script, argument)

    async def saw(self, *entry: Any, times: int = 1, seconds: float = 15) -> list[Any]:
        """Wait for an entry that begins so; the last of them."""
        matching = "seen.filter((each) => JSON.stringify(each.slice(0, entry.length)) === JSON.stringify(entry))"
        try:
            await self.page.wait_for_function(
                f"([entry, times]) => {matching}.length >= times", arg=[list(entry), times], timeout=seconds * 1000
            )
        except Error:
            pytest.fail(
                f"{entry} did not happen {times} times; {await self.page.evaluate('seen')}; told: {self.frames}"
            )
        return list(await self.page.evaluate(f"(entry) => {matching}.at(-1)", list(entry)))

    async def count(self, *entry: Any) -> int:
        matching = "seen.filter((each) => JSON.stringify(each.slice(0, entry.length)) === JSON.stringify(entry))"
        return int(await self.page.evaluate(f"(entry) => {matching}.length", list(entry)))


class Site:
    """Salon, and pages of another origin that use it. ``house`` is what runs."""

    def __init__(self, house: House, at: Serving, playwright: Playwright, pages: Pages) -> None:
        self.house = house
        self.at = at
        self._playwright = playwright
        self._pages = pages
        self._browsers: list[Browser] = []

    async def tab(self, *, apart: bool = False, html: str | None = None) -> Tab:
        """A page with a storage of its own; ``apart`` in a browser of its own. ``html`` instead of ``page.html``."""
        browser = self._browsers[0] if self._browsers and not apart else await self._launch()
        page = await (await browser.new_context()).new_page()
        tab = Tab(page, self.at.port)
        self._pages.html = PAGE.read_text("utf-8") if html is None else html
        await page.goto(f"{self._pages.origin}/page.html")
        return tab

    async def kill(self, tab: Tab) -> None:
        """End the tab's browser without a word to anybody."""
        browser = tab.page.context.browser
        assert browser is not None
        session = await browser.new_browser_cdp_session()
        processes = (await session.send("SystemInfo.getProcessInfo"))["processInfo"]
        self._browsers.remove(browser)
        for process in sorted(processes, key=lambda each: each["type"] != "browser"):
            try:
                os.kill(process["id"], signal.SIGKILL)
            except ProcessLookupError:
                continue

    def cut(self) -> None:
        """Break off every connection that the server has."""
        for connection in list(self.at.server.server_state.connections):
            connection.transport.abort()

    async def close(self) -> None:
        for browser in self._browsers:
            await browser.close()

    async def _launch(self) -> Browser:
        path = next(filter(None, map(shutil.which, CHROMIUM)), None)
        if path is None:
            raise ProgramMissing("Chromium is not installed (Debian: apt install chromium)")
        browser = await self._playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        self._browsers.append(browser)
        return browser


class Pages:
    """What a site of its own serves: one page, and the client beside it. Browsers trust 127.0.0.1 with a camera."""

    def __init__(self, bundle: Path) -> None:
        self.html = ""
        self.origin = ""
        self._bundle = bundle

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Pages]:
        app = web.Application()
        app.router.add_get("/page.html", self._page)
        app.router.add_get("/peerjs.min.js", self._client)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.origin = "http://{}:{}".format(*runner.addresses[0])
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text=self.html, content_type="text/html")

    async def _client(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(self._bundle)


@asynccontextmanager
async def open_site(keys: bool) -> AsyncIterator[Site]:
    environment = await asyncio.to_thread(node_env, "peerjs", [PEERJS])
    pages = Pages(environment / "node_modules/peerjs/dist/peerjs.min.js")
    auth = Auth(api_keys=(ApiKey(name="tests", key="sk-tests-0123456789"),), token_secrets=(SECRET,))
    async with pages.served(), async_playwright() as playwright:
        config = Config(
            llm=LlmDefaults(default=("demo",)), server=Server(origins=(pages.origin,)), auth=auth if keys else Auth()
        )
        house = build(config, (Agent("host"),), Models(Loaded(config=config), environ={}))
        async with serving(house.app) as at:
            site = Site(house, at, playwright, pages)
            try:
                yield site
            finally:
                await site.close()


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    """A server without keys."""
    async with open_site(keys=False) as site:
        yield site


@pytest_asyncio.fixture
async def closed_site() -> AsyncIterator[Site]:
    """A server with a key and a token secret."""
    async with open_site(keys=True) as site:
        yield site


@pytest.fixture(autouse=True)
def only_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers of these tests ask no proxy for 127.0.0.1."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
