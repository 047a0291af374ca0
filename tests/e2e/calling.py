"""The Calls view as a person uses it."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

SLOW = 30_000
# Two pictures, one after the other; or not, for so long that nobody waits any more.
MOVES = """video => Promise.race([
    new Promise((done) => video.requestVideoFrameCallback(() => video.requestVideoFrameCallback(() => done(true)))),
    new Promise((done) => setTimeout(done, 20_000, false)),
])"""


class Caller:
    """A window with the Calls view open. ``id`` is how others reach it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        page.goto(f"{url}#/calls")
        expect(page.locator(".own-id")).to_be_visible(timeout=SLOW)
        self.id = page.locator(".own-id").inner_text()

    @property
    def tiles(self) -> Locator:
        return self.page.locator(".tile[data-peer]")

    @property
    def notice(self) -> Locator:
        return self.page.locator(".lobby-notice")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def name(self, text: str) -> None:
        box = self.page.get_by_label("Your name")
        box.fill(text)
        box.blur()

    def call(self, id: str, kind: str = "Video call") -> None:
        self.page.locator("#calls-id").fill(id)
        self.page.get_by_role("button", name=kind).click()

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def answer(self, button: str = "With video") -> None:
        self.dialog.get_by_role("button", name=button, exact=True).click(timeout=SLOW)

    def sees(self, *others: Caller) -> None:
        """Wait until the pictures of all of them come and move."""
        expect(self.page.locator(".tile[data-state=connected]")).to_have_count(len(others), timeout=SLOW)
        for other in others:
            video = self.page.locator(f".tile[data-peer='{other.id}'] video")
            expect(video).to_be_visible(timeout=SLOW)
            assert video.evaluate(MOVES), f"the picture of {other.id} stands still"

    def in_lobby(self) -> None:
        expect(self.page.locator("#calls-id")).to_be_visible(timeout=SLOW)

    def inspect(self) -> Locator:
        self.press("WebSocket inspector")
        drawer = self.page.get_by_role("complementary", name="Call inspector")
        expect(drawer).to_be_visible()
        return drawer


def met(caller: Caller, called: Caller) -> None:
    """A call between two, with pictures both ways."""
    caller.call(called.id)
    called.answer()
    caller.sees(called)
    called.sees(caller)
