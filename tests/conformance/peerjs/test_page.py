"""Salon's own page and npm ``peerjs`` call each other: what the page adds stays hidden from clients that do not know it."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.conformance.peerjs.conftest import Site, Tab

pytestmark = pytest.mark.conformance

SLOW = 20_000


async def page_of(site: Site) -> tuple[Page, str]:
    """Salon's page with the Calls view open, and its id."""
    tab = await site.tab()
    page = tab.page
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.goto(f"{site.at.http}/#/calls")
    await expect(page.locator(".own-id")).to_be_visible(timeout=SLOW)
    return page, await page.locator(".own-id").inner_text()


async def pictured(page: Page) -> None:
    await expect(page.locator(".tile[data-state=connected] video")).to_be_visible(timeout=SLOW)


async def stock(site: Site) -> Tab:
    tab = await site.tab()
    await tab.start("ann")
    return tab


async def test_the_client_calls_the_page_which_hangs_up(site: Site) -> None:
    ann = await stock(site)
    page, id = await page_of(site)
    await ann.run("async (id) => show(peer.call(id, await camera(), { metadata: { name: 'Ann' } }))", id)
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("Ann", timeout=SLOW)
    await dialog.get_by_role("button", name="With video").click()
    await pictured(page)
    assert await ann.saw("picture") == ["picture", "audio,video", True]
    await page.get_by_role("button", name="Hang up").click()
    await ann.saw("call close")
    assert await ann.count("error") == 0


async def test_the_page_calls_the_client_which_hangs_up(site: Site) -> None:
    ann = await stock(site)
    page, id = await page_of(site)
    await page.locator("#calls-id").fill("ann")
    await page.get_by_role("button", name="Video call").click()
    assert (await ann.saw("call"))[1] == id
    await pictured(page)
    assert await ann.saw("picture") == ["picture", "audio,video", True]
    # A device that changes, a network that changes: nothing of it may look like a second call.
    for name in ("Mute", "Unmute", "Turn the camera off", "Turn the camera on"):
        await page.get_by_role("button", name=name, exact=True).click()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await pictured(page)
    assert (await ann.count("call"), await ann.count("call close"), await ann.count("error")) == (1, 0, 0)
    await ann.run("call.close()")
    await expect(page.locator(".lobby-notice")).to_contain_text("hung up", timeout=SLOW)


async def test_the_page_declines(site: Site) -> None:
    ann = await stock(site)
    page, id = await page_of(site)
    await ann.run("async (id) => show(peer.call(id, await camera()))", id)
    await page.get_by_role("button", name="Decline").click(timeout=SLOW)
    await ann.saw("call close")
    assert await ann.count("error") == 0


async def test_only_what_the_client_knows_is_said_to_it(site: Site) -> None:
    ann = await stock(site)
    page, id = await page_of(site)
    await ann.run("async (id) => show(peer.call(id, await camera()))", id)
    await page.get_by_role("dialog").get_by_role("button", name="Answer", exact=True).click(timeout=SLOW)
    await pictured(page)
    assert [frame for frame in ann.frames if '"salon"' in frame] == []
