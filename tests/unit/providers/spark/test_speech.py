"""The way to iFlytek's speech services. What goes over it is in ``test_asr`` and ``test_tts``; here is how it fails."""

from __future__ import annotations

import time

import pytest

from salon.base.errors import AuthFailed
from salon.providers.spark.connection import Settings
from salon.providers.spark.speech import Sockets
from tests.fakes.iflytek_server import KEYS, iflytek_server


async def test_a_wrong_secret_is_told() -> None:
    async with iflytek_server() as server:
        sockets = Sockets(Settings(**{**KEYS, "api_secret": "wrong"}))
        with pytest.raises(AuthFailed, match="does not match"):
            async with sockets.connected(f"{server.url}/v2/iat"):
                pass


@pytest.mark.parametrize(("off", "side"), [(3600, "ahead of"), (-3600, "behind")])
async def test_a_clock_that_is_wrong_is_told_by_how_much(off: int, side: str) -> None:
    async with iflytek_server() as server:
        sockets = Sockets(Settings(**KEYS), now=lambda: time.time() + off)
        with pytest.raises(AuthFailed) as caught:
            async with sockets.connected(f"{server.url}/v2/tts"):
                pass
    assert caught.value.vendor_code == 403
    assert f"s {side} Spark's" in caught.value.advice
    assert "NTP" in caught.value.advice


async def test_leaving_closes_at_once() -> None:
    async with iflytek_server() as server:
        async with Sockets(Settings(**KEYS)).connected(f"{server.url}/v2/iat"):
            pass
        await server.idle.wait()
        assert server.seen == ["/v2/iat"]
