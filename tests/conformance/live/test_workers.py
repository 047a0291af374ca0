"""``salon serve`` with two workers: clients that others wrote meet in the worker that has their broadcast."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Error, Page

from salon.base.ids import worker_of
from tests.conformance.live.conftest import KEY, SECRET, Windows, grant, windows
from tests.conformance.live.test_python import WrtcViewer, aiortc_publishes, aiortc_sees, wrtc_publishes
from tests.e2e.serving import Salon
from tests.fakes.media_house import eventually

pytestmark = pytest.mark.conformance

# One candidate: whip-whep 1.2.0 joins several with a comma when ICE restarts.
CONFIG = f"""
[server]
workers = 2
origins = ["ORIGIN"]

[auth]
token_secrets = ["{SECRET}"]
api_keys = [{{ name = "tests", key = "{KEY}", admin = true }}]

[media]
tcp = false
load_limit = 1e9

[llm]
default = ["demo"]

[live]
grace_seconds = 10
"""


class Crew:
    """The server, a client of its HTTP, and windows of another origin."""

    def __init__(self, salon: Salon, http: aiohttp.ClientSession, windows: Windows) -> None:
        self.salon = salon
        self.http = http
        self.window = windows.window

    def whip(self, room: str) -> str:
        return f"{self.salon.url}whip/{room}"

    def whep(self, room: str) -> str:
        return f"{self.salon.url}whep/{room}"

    async def sessions(self, room: str) -> list[dict[str, Any]]:
        """Those that are under way there."""
        async with self.http.get(f"/v1/live/{room}") as response:
            return list((await response.json()).get("sessions", ()))

    async def home(self, room: str) -> int:
        """The worker of a broadcast, when it is live: that of all its sessions."""

        async def is_live() -> bool:
            async with self.http.get(f"/v1/live/{room}") as response:
                return bool((await response.json()).get("state") == "live")

        await eventually(is_live, 30)
        workers = {worker_of(each["session"]) for each in await self.sessions(room)}
        (home,) = workers
        assert home is not None
        return home

    async def publishes(self, window: Page, how: str, room: str) -> int:
        await window.evaluate(f"([url, token]) => {how}(url, token)", [self.whip(room), grant(how, room)])
        return await self.home(room)

    async def watches(self, how: str, room: str) -> Page:
        """A window that has seen pictures."""
        window = await self.window()
        await window.evaluate(f"([url, token]) => {how}(url, token)", [self.whep(room), grant(how, "", "*")])
        await window.evaluate("pictures(5)")
        return window

    async def has_left(self, window: Page) -> None:
        """It closes the connection first: where that goodbye is quicker, its DELETE finds nothing more."""
        await window.wait_for_function(
            "requests.some(([method, status]) => method === 'DELETE' && [200, 404].includes(status))"
        )

    @asynccontextmanager
    async def wrtc_elsewhere(self, room: str, home: int) -> AsyncIterator[None]:
        """A broadcast of libwebrtc's at the other worker. Which one is the least busy is known to the half second."""
        while True:
            async with wrtc_publishes(self.http, self.whip(room), KEY) as session:
                if await self.home(room) != home:
                    yield
                    return
                await session.delete()


@pytest_asyncio.fixture
async def crew(tmp_path: Path) -> AsyncIterator[Crew]:
    async with windows() as pages:
        salon = Salon(tmp_path, config=CONFIG.replace("ORIGIN", pages.origin))
        salon.start()
        try:
            async with aiohttp.ClientSession(salon.url, headers={"authorization": f"Bearer {KEY}"}) as http:
                yield Crew(salon, http, pages)
        finally:
            salon.stop()


async def test_four_kinds_of_publishers_and_of_viewers_meet_in_both_workers(crew: Crew) -> None:
    ann, ben = await crew.window(), await crew.window()
    async with (
        wrtc_publishes(crew.http, crew.whip("wrtc"), KEY),
        aiortc_publishes(crew.http, crew.whip("aiortc"), KEY),
    ):
        homes = {room: await crew.home(room) for room in ("wrtc", "aiortc")}
        homes["whip-whep"] = await crew.publishes(ann, "publishWhip", "whip-whep")
        homes["eyevinn"] = await crew.publishes(ben, "publishEyevinn", "eyevinn")
        assert set(homes.values()) == {1, 2}
        for room, home in homes.items():
            for how in ("watchWhep", "watchEyevinn"):
                await (await crew.watches(how, room)).context.close()
            viewer = WrtcViewer()
            watching = await viewer.watch(crew.http, crew.whep(room), KEY)
            await viewer.sees(5)
            assert worker_of(watching.location.rsplit("/", 1)[-1]) == home == await crew.home(room)
            await watching.delete()
            viewer.pc.close()
            await aiortc_sees(crew.http, crew.whep(room), KEY, 5)


async def test_sessions_are_restarted_and_ended_where_they_live(crew: Crew) -> None:
    """PATCH and DELETE come to the one address that there is."""
    ann = await crew.window()
    home = await crew.publishes(ann, "publishWhip", "north")
    async with crew.wrtc_elsewhere("south", home):
        viewers = {room: await crew.watches("watchWhep", room) for room in ("north", "south")}
        await ann.evaluate("client.restart()")
        await ann.wait_for_function("requests.some(([method, status]) => method === 'PATCH' && status === 200)")
        for room, bob in viewers.items():
            await bob.evaluate("pictures(10)")
            await bob.evaluate("client.stop()")
            await crew.has_left(bob)
            assert [each["role"] for each in await crew.sessions(room)] == ["publish"]
        await ann.evaluate("client.stop()")
        await crew.has_left(ann)
        assert await crew.sessions("north") == []


async def test_a_worker_that_is_killed_ends_its_own_sessions_and_is_replaced(crew: Crew) -> None:
    ann = await crew.window()
    home = await crew.publishes(ann, "publishWhip", "north")
    async with crew.wrtc_elsewhere("south", home), AsyncExitStack() as stack:
        eyes = {room: WrtcViewer() for room in ("north", "south")}
        for room, viewer in eyes.items():
            stack.callback(viewer.pc.close)
            await viewer.watch(crew.http, crew.whep(room), KEY)
            await viewer.sees(5)
        before = crew.salon.workers()
        os.kill(before[home], signal.SIGKILL)
        # Its client is told so at its next request, and may begin again, while the other broadcast goes on.
        with pytest.raises(Error, match="404"):
            await ann.evaluate("client.restart()")
        assert await crew.sessions("north") == []
        stats = await eyes["south"].stats("video")
        await eyes["south"].sees(stats.frames_decoded + 15)
        await crew.publishes(ann, "publishWhip", "north")
        await crew.watches("watchEyevinn", "north")

        async def replaced() -> bool:
            return crew.salon.workers()[home] != before[home]

        await eventually(replaced, 30)
        after = crew.salon.workers()
        assert {number for number in after if after[number] != before[number]} == {home}
        # The new one takes sessions too.
        async with crew.wrtc_elsewhere("east", 3 - home):
            viewer = WrtcViewer()
            stack.callback(viewer.pc.close)
            await viewer.watch(crew.http, crew.whep("east"), KEY)
            await viewer.sees(5)
