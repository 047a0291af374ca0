"""npm ``whip-whep``, ``@eyevinn/whip-web-client`` and ``@eyevinn/webrtc-player`` in Chromium, on pages of another origin."""

from __future__ import annotations

import pytest
from playwright.async_api import Error

from tests.conformance.live.conftest import Site, grant

pytestmark = pytest.mark.conformance

PUBLISHERS = ["publishWhip", "publishEyevinn"]
VIEWERS = ["watchWhep", "watchEyevinn"]


@pytest.mark.parametrize("publisher", PUBLISHERS)
async def test_what_one_publishes_each_viewer_sees(site: Site, publisher: str) -> None:
    stage = site.stage
    ann = await site.window()
    await ann.evaluate(f"([url, token]) => {publisher}(url, token)", [stage.whip("studio"), grant("ann", "studio")])
    await stage.is_live("studio")
    for viewer in VIEWERS:
        bob = await site.window()
        await bob.evaluate(f"([url, token]) => {viewer}(url, token)", [stage.whep("studio"), grant("bob", "", "*")])
        width, height = await bob.evaluate("pictures(10)")
        assert width / height == pytest.approx(16 / 9, abs=0.05)
    broadcast = stage.live.broadcast("studio")
    assert broadcast is not None
    assert broadcast.viewer_count == 2


async def test_candidates_are_told_and_ice_restarts(site: Site) -> None:
    stage = site.stage
    ann = await site.window()
    await ann.evaluate("([url, token]) => publishWhip(url, token)", [stage.whip("studio"), grant("ann", "studio")])
    await stage.is_live("studio")
    await ann.wait_for_function("requests.some(([method, status]) => method === 'PATCH' && status === 204)")
    (session,) = stage.sessions("studio")
    before = session.peer.etag
    await ann.evaluate("client.restart()")
    await ann.wait_for_function("requests.some(([method, status]) => method === 'PATCH' && status === 200)")
    assert session.peer.etag != before
    bob = await site.window()
    await bob.evaluate("([url, token]) => watchWhep(url, token)", [stage.whep("studio"), grant("bob", "", "*")])
    await bob.evaluate("pictures(10)")


@pytest.mark.parametrize(
    ("publisher", "stop"), [("publishWhip", "client.stop()"), ("publishEyevinn", "client.destroy()")]
)
async def test_a_publisher_that_stops_deletes_its_session(site: Site, publisher: str, stop: str) -> None:
    stage = site.stage
    ann = await site.window()
    await ann.evaluate(f"([url, token]) => {publisher}(url, token)", [stage.whip("studio"), grant("ann", "studio")])
    await stage.is_live("studio")
    await ann.evaluate(stop)
    assert await stage.is_over("studio", "publish") in ("deleted", "left")
    await ann.wait_for_function("requests.some(([method]) => method === 'DELETE')")


async def test_a_viewer_that_stops_deletes_its_session(site: Site) -> None:
    stage = site.stage
    ann, bob = await site.window(), await site.window()
    await ann.evaluate("([url, token]) => publishWhip(url, token)", [stage.whip("studio"), grant("ann", "studio")])
    await stage.is_live("studio")
    await bob.evaluate("([url, token]) => watchWhep(url, token)", [stage.whep("studio"), grant("bob", "", "*")])
    await bob.evaluate("pictures(3)")
    await bob.evaluate("client.stop()")
    assert await stage.is_over("studio", "watch") in ("deleted", "left")


async def test_publishing_and_watching_are_different_rights(site: Site) -> None:
    stage = site.stage
    ann = await site.window()
    for url, run in ((stage.whip("studio"), "publishWhip"), (stage.whep("studio"), "watchWhep")):
        wrong = grant("eve", "", "*") if run == "publishWhip" else grant("eve", "*", "")
        with pytest.raises(Error, match="403"):
            await ann.evaluate(f"([url, token]) => {run}(url, token)", [url, wrong])
    with pytest.raises(Error, match="401"):
        await ann.evaluate("(url) => publishWhip(url, 'sk-wrong')", stage.whip("studio"))
    with pytest.raises(Error, match="409"):
        await ann.evaluate("([url, token]) => watchWhep(url, token)", [stage.whep("studio"), grant("bob", "", "*")])
