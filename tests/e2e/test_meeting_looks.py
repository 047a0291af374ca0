"""Calls and files: widths, themes, languages, and what a screen reader finds."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.calling import Caller, met
from tests.e2e.conftest import DESKTOP, PHONE, NewTalk
from tests.e2e.test_files import Mover
from tests.e2e.test_looks import axe, grave

pytestmark = pytest.mark.e2e

__all__ = ["axe"]

# Buttons beside or below each other, none of them broken into lines.
ONE_LINE = "buttons => buttons.length > 2 && buttons.every(({ offsetHeight }) => offsetHeight < 50)"
FITS = "document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= innerWidth"


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")], ids=["desktop-light", "phone-dark"]
)
def test_nothing_grave_is_found_in_a_call(new_talk: NewTalk, axe: str, viewport: dict[str, Any], scheme: str) -> None:
    windows = [new_talk(viewport=viewport, color_scheme=scheme) for _ in range(2)]
    ann, bob = (Caller(each.page, each.url) for each in windows)
    assert grave(ann.page, axe) == []
    ann.call(bob.id)
    expect(bob.dialog).to_be_visible()
    assert grave(bob.page, axe) == []
    assert bob.dialog.get_by_role("button").evaluate_all(ONE_LINE)
    bob.dialog.get_by_role("button", name="Decline").click()
    met(ann, bob)
    for each in (ann, bob):
        assert grave(each.page, axe) == []
        assert each.page.evaluate(FITS)


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(DESKTOP, "dark"), (PHONE, "light")], ids=["desktop-dark", "phone-light"]
)
def test_nothing_grave_is_found_in_files(
    new_talk: NewTalk, axe: str, viewport: dict[str, Any], scheme: str, tmp_path: Any
) -> None:
    windows = [new_talk(viewport=viewport, color_scheme=scheme) for _ in range(2)]
    ann, bob = (Mover(each.page, each.url) for each in windows)
    files = [tmp_path / name for name in (f"{'long-' * 30}.txt", "b.txt")]
    for file in files:
        file.write_text("a")
    ann.send(bob, *files)
    expect(bob.dialog).to_be_visible()
    assert grave(bob.page, axe) == []
    assert bob.dialog.get_by_role("button").evaluate_all(ONE_LINE)
    bob.press("Accept")
    bob.is_("done")
    # What was begun is in sight, also on a phone.
    for each in (ann, bob):
        expect(each.row).to_be_in_viewport()
    for each in (ann, bob):
        assert grave(each.page, axe) == []
        assert each.page.evaluate(FITS)


@pytest.mark.parametrize("view", ["calls", "files"])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_nothing_scrolls_sideways(new_talk: NewTalk, view: str, locale: str) -> None:
    window = new_talk(viewport={"width": 360, "height": 700}, locale=locale)
    window.page.goto(f"{window.url}#/{view}")
    expect(window.page.locator(".own-id")).to_be_visible(timeout=30_000)
    assert window.page.evaluate(FITS)
