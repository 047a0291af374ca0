"""Debian's GStreamer (``webrtcbin``), unmodified: it publishes and watches."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.environments import ProgramMissing
from tests.conformance.live.conftest import KEY, running
from tests.conformance.live.test_firefox import own_address

pytestmark = pytest.mark.conformance

SCRIPT = Path(__file__).parent / "clients" / "gstreamer_webrtc.py"
PYTHON = "/usr/bin/python3"
"""Debian's, which has the bindings."""
NEEDS = "import gi; gi.require_version('GstWebRTC', '1.0'); from gi.repository import Gst; Gst.init(None)"


@cache
def require() -> None:
    asks = f"{NEEDS}; assert all(map(Gst.ElementFactory.find, ('webrtcbin', 'nicesrc', 'vp8enc', 'opusenc')))"
    try:
        subprocess.run([PYTHON, "-c", asks], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise ProgramMissing(
            "GStreamer's webrtcbin is not installed (Debian: apt install gstreamer1.0-plugins-bad gstreamer1.0-plugins-good "
            "gstreamer1.0-nice python3-gi gir1.2-gst-plugins-bad-1.0)"
        ) from None


@asynccontextmanager
async def gstreamer(way: str, url: str) -> AsyncIterator[asyncio.StreamReader]:
    """What it says. It has left, with its DELETE answered, when this ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(PYTHON, str(SCRIPT), way, url, KEY, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdout
        process.stdin.close()
        async with asyncio.timeout(20):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_it_publishes_and_watches(tmp_path: Path) -> None:
    await asyncio.to_thread(require)
    # It gathers no candidates on loopback.
    async with running(tmp_path, host=own_address()) as stage:
        async with gstreamer("publish", stage.whip("test")):
            await stage.is_live("test")
            async with gstreamer("watch", stage.whep("test")) as said:
                heard = ""
                async with asyncio.timeout(30):
                    while "pictures 20" not in heard or "sounds 20" not in heard:
                        line = await said.readline()
                        assert line, heard
                        heard += line.decode()
            assert await stage.is_over("test", "watch") == "deleted"
            broadcast = stage.live.broadcast("test")
            assert broadcast is not None
            assert {source.codec.key for source in broadcast.sources} == {"vp8", "opus"}
            layer = next(each for source in broadcast.sources if source.kind == "video" for each in source.layers)
            assert (layer.width, layer.height) == (320, 240)
        assert await stage.is_over("test", "publish") == "deleted"
