"""Firefox as Debian has it, headless and unmodified: it publishes, and another of its tabs watches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import ifaddr
import pytest

from salon.ports.media import Wants
from salon.rtc import sdp
from tests.fakes.chromium import SCRIPT
from tests.fakes.firefox import firefox
from tests.fakes.media_house import PUBLISH, eventually, running_engine, until

CAMERA = {"width": 640, "height": 480, "frameRate": 30}
PAGE = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\nconnection: close\r\n\r\n<body></body>"


@asynccontextmanager
async def page() -> AsyncIterator[str]:
    """A page of a secure origin: cameras are for those alone."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(PAGE)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def own_address() -> str:
    """An address of this machine that is not loopback: Firefox gathers no candidates there."""
    found = (str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4)
    return next(address for address in found if not address.startswith("127."))


@pytest.mark.conformance
async def test_it_publishes_and_watches() -> None:
    async with page() as url, running_engine(host=own_address()) as engine, firefox() as browser:
        camera = await browser.tab(url, SCRIPT)
        await camera.run("publish(a[0])", CAMERA)
        published = await engine.accept(sdp.parse(await camera.run("offer()")), PUBLISH)
        await camera.run("answered(a[0])", published.answer)
        await until(lambda: all(source.live for source in published.peer.sources), "live", 30)
        screen = await browser.tab(url, SCRIPT)
        await screen.run("watch()")
        watching = await engine.accept(sdp.parse(await screen.run("offer()")), Wants(play=published.peer.sources))
        await screen.run("answered(a[0])", watching.answer)

        async def plays() -> bool:
            seen = await screen.run("statistics(a[0], a[1])", "inbound-rtp", "video")
            heard = await screen.run("statistics(a[0], a[1])", "inbound-rtp", "audio")
            return bool(seen.get("framesDecoded", 0) > 15 and heard.get("totalAudioEnergy", 0) > 0)

        await eventually(plays, 30)
        assert {source.codec.key for source in published.peer.sources} == {"opus", "vp8"}
        await screen.run("pc.close()")
        assert await watching.peer.closed() == "left"
