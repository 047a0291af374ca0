"""A real Chromium and a real server for all tests of the page; a window and a storage of its own for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Playwright, sync_playwright

from tests.conftest import CHROMIUM
from tests.e2e.relay import Relay
from tests.e2e.serving import Salon
from tests.e2e.talk import Talk

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Cameras and microphones that are made up, and nobody is asked for them. The second camera is one for depth.
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=device-count=3",
    "--auto-select-desktop-capture-source=Entire screen",
    # A container has nobody who resolves the names that stand for addresses of this machine.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

NewTalk = Callable[..., Talk]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """One for all browsers: a process has no room for two."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("chromium is not here")
    browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def salon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Salon]:
    salon = Salon(tmp_path_factory.mktemp("salon"))
    salon.start()
    yield salon
    salon.stop()


@pytest.fixture
def own_salon(tmp_path: Path) -> Iterator[Salon]:
    """One that a test may kill."""
    salon = Salon(tmp_path)
    salon.start()
    yield salon
    salon.stop()


@pytest.fixture
def locked_salon(tmp_path: Path) -> Iterator[Salon]:
    """One that asks for a key."""
    salon = Salon(tmp_path, with_key=True)
    salon.start()
    yield salon
    salon.stop()


@pytest.fixture
def relay(salon: Salon) -> Iterator[Relay]:
    relay = Relay(salon.port)
    yield relay
    relay.close()


@pytest.fixture
def new_talk(browser: Browser, salon: Salon) -> Iterator[NewTalk]:
    """Opens windows. Whatever a window's scripts throw, and whatever its policy forbids, fails the test."""
    contexts = []
    problems: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Uncaught" in message.text:
            problems.append(message.text)

    def throw(error: Error) -> None:
        problems.append(str(error))

    def new_talk(url: str = "", **options: Any) -> Talk:
        context = browser.new_context(
            **{"viewport": DESKTOP, "locale": "en-US", "color_scheme": "light", "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.on("console", note)
        page: Page = context.new_page()
        page.on("pageerror", throw)
        return Talk(page, url or salon.url)

    yield new_talk
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def talk(new_talk: NewTalk) -> Talk:
    """A new conversation in a window of its own."""
    return new_talk().open()
