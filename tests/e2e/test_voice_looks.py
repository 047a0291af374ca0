"""The Voice view at every width: nothing wraps that should not, nothing is cut off, and the keyboard is not lost."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE
from tests.e2e.serving import Salon
from tests.e2e.speaking import PATIENT, Open, open_at, open_voice, talker

__all__ = ["open_at", "open_voice", "talker"]

pytestmark = pytest.mark.e2e

SIZES = [(1440, 900), (1280, 800), (1024, 768), (768, 1024), (390, 844), (360, 640)]

ROWS = "new Set([...document.querySelectorAll('.voice-control')].map((each) => each.getBoundingClientRect().top)).size"
# Names of what lies, in part, outside of the window or of the half of the page that it is in.
OUTSIDE = """() => {
  const frame = document.querySelector(".voice-stage").getBoundingClientRect();
  const parts = [...document.querySelectorAll(".voice-stage :is(button, dt, dd, summary, p)")];
  const out = parts.filter((each) => {
    const { left, right } = each.getBoundingClientRect();
    return each.checkVisibility() && (left < frame.left - 0.5 || right > frame.right + 0.5);
  });
  const names = out.map((each) => each.ariaLabel || each.textContent);
  if (document.querySelector(".composer").getBoundingClientRect().bottom > innerHeight) names.push("composer");
  if (document.documentElement.scrollWidth > innerWidth) names.push("page");
  return names;
}"""
SMALL = """() => [...document.querySelectorAll(".voice-stage :is(button, summary), .view-head button")]
  .filter((each) => {
    const { width, height } = each.getBoundingClientRect();
    return each.checkVisibility() && (width < 40 || height < 40);
  })
  .map((each) => each.ariaLabel || each.textContent)"""


def in_call(page: Page) -> None:
    page.locator(".voice-begin").click()
    expect(page.locator(".voice-info")).to_contain_text("WebRTC", timeout=PATIENT)


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_call_fits(open_voice: Open, width: int, height: int, locale: str) -> None:
    touch = width < 1000
    page = open_voice(
        "webrtc", viewport={"width": width, "height": height}, locale=locale, has_touch=touch, is_mobile=touch
    )
    assert page.evaluate(OUTSIDE) == []
    in_call(page)
    info = page.locator(".voice-info summary")
    # How good the connection is, in words too.
    expect(info).to_contain_text("Good connection" if locale == "en-US" else "连接良好", timeout=PATIENT)
    info.click()
    expect(page.locator(".voice-facts")).to_be_visible()
    assert page.evaluate(ROWS) == 1
    assert page.evaluate(OUTSIDE) == []
    if touch:
        assert page.evaluate(SMALL) == []
    if width < 600:
        # It lies above what was said, and goes where one looks at that.
        page.locator(".voice-said .thread").tap(position={"x": 5, "y": 5})
        expect(page.locator(".voice-facts")).to_be_hidden()


def test_beside_the_inspector_one_stands_above_the_other(open_voice: Open) -> None:
    page = open_voice("webrtc")
    in_call(page)
    page.get_by_role("button", name="WebSocket inspector").click()
    expect(page.get_by_role("complementary", name="WebSocket inspector")).to_be_visible()
    assert page.evaluate(ROWS) == 1
    assert page.evaluate(OUTSIDE) == []


def test_a_phone_has_the_rest_in_a_menu(open_voice: Open) -> None:
    page = open_voice("webrtc", viewport=PHONE, has_touch=True, is_mobile=True)
    more = page.locator(".view-head").get_by_role("button", name="More")
    more.tap()
    expect(page.get_by_role("menuitem")).to_have_text(["Microphone test", "WebSocket inspector"])
    page.get_by_role("menuitem", name="Microphone test").tap()
    expect(page.get_by_role("dialog")).to_contain_text("Fake")


BLIND = """
[[agents]]
name = "blind"
title = "Blind"
llm = ["deepseek:deepseek-chat"]
[providers.deepseek]
api_key = "k"
base_url = "http://127.0.0.1:9/v1"
"""


def test_what_an_answerer_cannot_see_is_said_and_not_shown(open_at: Open, tmp_path: Path) -> None:
    salon = Salon(tmp_path, more=BLIND)
    salon.start()
    try:
        page = open_at(salon.url, "webrtc")
        page.get_by_role("radio", name="Blind").click()
        in_call(page)
        page.get_by_role("button", name="Show the camera").click(force=True)
        expect(page.locator(".toast")).to_contain_text("cannot see pictures")
        expect(page.locator("video.sight")).to_be_hidden()
    finally:
        salon.stop()


def test_who_changes_a_setting_stays_at_it(open_voice: Open) -> None:
    page = open_voice("webrtc")
    page.get_by_role("button", name="Settings of the voice conversation").click()
    who = page.get_by_role("combobox", name="Answered by")
    who.focus()
    who.select_option(label="Guide")
    expect(page.get_by_role("combobox", name="Answered by")).to_be_focused()
    # And the rest is that of the new one.
    expect(page.get_by_role("dialog").get_by_placeholder("Hello, I am the guide of this house.")).to_be_visible()


def test_where_the_silence_went_is_drawn_in_its_order(open_voice: Open) -> None:
    page = open_voice("webrtc")
    in_call(page)
    falls = page.locator(".waterfall").first
    expect(falls).to_be_visible(timeout=PATIENT)
    falls.locator("summary").click()
    bars = falls.locator("dl .fall").evaluate_all(
        "bars => bars.map(({ style }) => [style.left, style.width].map(parseFloat))"
    )
    assert len(bars) >= 4
    for (left, width), (after, _) in pairwise(bars):
        assert abs(left + width - after) < 0.01
    assert bars[0][0] == 0
    assert abs(sum(width for _, width in bars) - 100) < 1
    for figure in falls.locator("dl dd:not(.falls)").all_inner_texts():
        assert re.fullmatch(r"[\d,]+ ms", figure)
