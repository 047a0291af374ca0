"""Clients whose network blocks UDP. ``salon serve`` as it is by default: one number for HTTP, WebSocket, UDP and ICE-TCP.
With workers: a number for each engine."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

from aiohttp import ClientSession
from websockets.asyncio.client import connect

from tests.e2e.serving import Salon
from tests.fakes.chromium import chromium
from tests.fakes.media_house import Wrtc, eventually, sees, sending

SDP = {"content-type": "application/sdp"}


@asynccontextmanager
async def salon(folder: Path, more: str = "") -> AsyncIterator[ClientSession]:
    server = Salon(folder, more=more)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server.port = probe.getsockname()[1]
    server.start()
    try:
        async with ClientSession(server.url) as session:
            yield session
    finally:
        server.stop()


async def exchange(session: ClientSession, path: str, offer: str, ports: set[int] | None = None) -> str:
    """The answer, with nothing in it to reach by UDP. ``ports`` learns the one of TCP; without it, that is HTTP's."""
    async with session.post(path, data=offer, headers=SDP) as response:
        assert response.status == 201, await response.text()
        answer = await response.text()
    found = re.search(r"a=candidate:\S+ 1 tcp \d+ 127\.0\.0\.1 (\d+) typ host tcptype passive", answer)
    assert found is not None, answer
    if ports is None:
        assert int(found[1]) == session._base_url.port
    else:
        ports.add(int(found[1]))
    return re.sub(r"a=candidate:\S+ 1 udp [^\n]*\n", "", answer)


async def test_libwebrtc_and_chromium_come_over_http_s_port(tmp_path: Path) -> None:
    async with salon(tmp_path) as session, sending() as camera:
        await camera.answered(await exchange(session, "/whip/studio", await camera.offer()))
        await camera.connected()

        eyes = Wrtc()
        eyes.watch()
        await eyes.answered(await exchange(session, "/whep/studio", await eyes.offer()))
        await sees(eyes, 15, 30)

        async with chromium() as browser:
            screen = await browser.tab()
            await screen.run("watch()")
            await screen.run("answered(a[0])", await exchange(session, "/whep/studio", await screen.run("offer()")))

            async def plays() -> bool:
                return await screen.frames() > 15

            await eventually(plays, 30)
            pair = await screen.run(
                "pc.getStats().then((all) => { const each = [...all.values()];"
                " const pair = each.find((one) => one.nominated && one.state === 'succeeded');"
                " return each.find((one) => one.id === pair.remoteCandidateId); })"
            )
            assert pair["protocol"] == "tcp"

            # Beside it the port serves what it served.
            url = str(session._base_url).replace("http", "ws")
            async with connect(f"{url}v1/realtime?model=assistant") as talk:
                assert json.loads(await talk.recv())["type"] == "session.created"
            async with session.get("/healthz") as response:
                assert response.status == 200
        eyes.pc.close()


async def test_each_worker_is_reached_over_tcp(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(salon(tmp_path, "\n[server]\nworkers = 2\n"))
        ports: set[int] = set()
        # Which worker is the least busy is known to the half second: the third broadcast may be the first elsewhere.
        for number in count():
            if len(ports) == 2:
                break
            mine: set[int] = set()
            camera = await stack.enter_async_context(sending())
            await camera.answered(await exchange(session, f"/whip/{number}", await camera.offer(), mine))
            await camera.connected()
            if not mine <= ports:
                eyes = Wrtc()
                stack.callback(eyes.pc.close)
                eyes.watch()
                await eyes.answered(await exchange(session, f"/whep/{number}", await eyes.offer(), mine))
                await sees(eyes, 15, 30)
            assert len(mine) == 1, "a broadcast lives in one worker"
            ports |= mine
        assert session._base_url.port not in ports
