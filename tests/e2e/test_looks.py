"""Languages, themes, widths, keyboard, and what a screen reader finds."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.conformance.environments import node_env
from tests.e2e.conftest import DESKTOP, PHONE, NewTalk
from tests.e2e.talk import Talk

pytestmark = pytest.mark.e2e

LIGHT, DARK = "rgb(251, 250, 247)", "rgb(23, 22, 20)"
AXE = "axe-core@4.11.1"
WIDTHS = [pytest.param(DESKTOP, id="desktop"), pytest.param(PHONE, id="phone")]


@pytest.fixture(scope="session")
def axe() -> str:
    """axe-core, to be run in the page."""
    return (node_env("axe", [AXE]) / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


def grave(page: Page, axe: str) -> list[str]:
    """What axe finds that is serious or critical."""
    # Not by a script element: the page's policy forbids scripts of others.
    page.evaluate(axe)
    result: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{found['id']}: {node['target']} {node['failureSummary']}"
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("viewport", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_grave_is_found(new_talk: NewTalk, axe: str, viewport: dict[str, int], scheme: str) -> None:
    talk = new_talk(viewport=viewport, color_scheme=scheme).open()
    page = talk.page
    assert grave(page, axe) == []
    talk.ask(
        "echo: # One\n\n- [x] done\n- [ ] to do\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet a = 1; // one\n```\n\n> [said](https://a.b)"
    )
    talk.page.get_by_role("button", name="Answered by").click()
    assert grave(page, axe) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Settings of this conversation").click()
    assert grave(page, axe) == []
    page.keyboard.press("Escape")
    drawer = talk.inspect()
    drawer.get_by_role("button", name=re.compile("session.created")).click()
    assert grave(page, axe) == []


@pytest.mark.parametrize("width", [360, 390, 430, 700, 1024])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_nothing_scrolls_sideways(new_talk: NewTalk, width: int, locale: str) -> None:
    talk = new_talk(viewport={"width": width, "height": 760}, locale=locale).open()
    wide = "x" * 200
    fits = """(({ scrollWidth, clientWidth }) =>
        scrollWidth <= clientWidth && document.documentElement.scrollWidth <= innerWidth
    )(document.querySelector(".thread"))"""
    assert talk.page.evaluate(fits)
    talk.ask(f"echo: {wide}\n\n```\n{wide}\n```\n\n| {wide} | b |\n|---|---|\n| https://a.b/{wide} | `{wide}` |")
    assert talk.page.evaluate(fits)
    talk.page.locator(".view-head .dot").click()
    assert talk.page.evaluate(fits)


def test_the_phone_has_all_that_the_desktop_has(new_talk: NewTalk) -> None:
    talk = new_talk(viewport=PHONE, has_touch=True, is_mobile=True).open()
    page = talk.page
    talk.box.fill("count to 3")
    # On a phone Enter makes a line; the button sends.
    talk.box.press("Enter")
    expect(talk.questions).to_have_count(0)
    page.locator(".composer").get_by_role("button", name="Send").tap()
    talk.finished()
    page.get_by_role("button", name="Menu").tap()
    expect(talk.conversations).to_have_count(1)
    expect(page.get_by_role("button", name="Preferences")).to_be_visible()
    page.get_by_role("button", name="New conversation").tap()
    expect(talk.conversations).to_be_hidden()
    expect(talk.questions).to_have_count(0)
    small = page.evaluate(
        """[...document.querySelectorAll("button")].filter((button) => button.offsetParent)
            .map((button) => [button.ariaLabel ?? button.innerText, button.getBoundingClientRect()])
            .filter(([, { width, height }]) => width < 36 || height < 36).map(([name]) => name)"""
    )
    assert small == []


def test_the_language_is_the_browsers_and_can_be_changed(new_talk: NewTalk) -> None:
    talk = new_talk(locale="zh-CN").open()
    page = talk.page
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_text("想聊点什么")).to_be_visible()
    page.get_by_role("button", name="从一数到五").click()
    talk.finished()
    talk.box.fill("草稿")
    page.get_by_role("button", name="English").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    # Nothing is lost by it.
    expect(talk.box).to_have_value("草稿")
    expect(talk.answers).to_have_count(1)
    page.reload()
    expect(page.get_by_role("button", name="New conversation")).to_be_visible()


def test_the_theme_is_the_systems_and_can_be_changed(new_talk: NewTalk) -> None:
    talk = new_talk(color_scheme="dark").open()
    page = talk.page

    body = page.locator("body")
    expect(body).to_have_css("background-color", DARK)
    page.get_by_role("button", name="Appearance: As the system").first.click()
    expect(body).to_have_css("background-color", LIGHT)
    page.reload()
    page.get_by_role("button", name="Appearance: Light").first.click()
    expect(body).to_have_css("background-color", DARK)
    page.emulate_media(color_scheme="light")
    expect(body).to_have_css("background-color", DARK)
    page.get_by_role("button", name="Appearance: Dark").first.click()
    expect(body).to_have_css("background-color", LIGHT)


def test_all_can_be_reached_by_keyboard_in_the_order_of_the_page(talk: Talk) -> None:
    page = talk.page
    page.locator(".skip").focus()
    seen: list[str] = []
    for _ in range(30):
        name = page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText.trim()")
        outlined = page.evaluate(
            "(({ outlineStyle, boxShadow }) => outlineStyle !== 'none' || boxShadow !== 'none')"
            "(getComputedStyle(document.activeElement.closest('.composer') ?? document.activeElement))"
        )
        assert outlined, name
        seen.append(name)
        if name == "Message":
            break
        page.keyboard.press("Tab")
    wanted = [
        "Skip to the content",
        "Talk",
        "New conversation",
        "Search titles",
        "Answered by: Salon",
        "More",
        "Message",
    ]
    assert [name for name in seen if name in wanted] == wanted
    page.get_by_role("button", name="Answered by").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitemradio", name="Guide")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Answered by")).to_be_focused()


def test_the_page_works_below_a_path(new_talk: NewTalk) -> None:
    talk = new_talk()
    # As behind a proxy that serves it under /salon/ and takes the prefix away.
    talk.page.route(
        re.compile(r"/salon/"),
        lambda route: route.fulfill(response=route.fetch(url=route.request.url.replace("/salon/", "/"))),
    )
    with talk.page.expect_websocket() as opened:
        talk.page.goto(f"{talk.url}salon/")
    assert opened.value.url.startswith(f"{talk.url.replace('http', 'ws')}salon/v1/realtime?")
    expect(talk.box).to_be_visible()
