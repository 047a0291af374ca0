"""The Monitor view: real values over a real door."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, NewTalk
from tests.e2e.publisher import Publisher
from tests.e2e.relay import Relay
from tests.e2e.serving import Salon
from tests.e2e.talk import SLOW
from tests.e2e.test_looks import axe, grave

__all__ = ["axe"]  # a fixture, used by its name

pytestmark = pytest.mark.e2e

ABOUT = {
    "A1": {"en": "Alpha", "zh": "甲", "group": "energy", "digits": 1},
    "B2": {"en": "Beta", "zh": "乙", "group": "finance"},
    "C3": {"en": "Gamma", "zh": "丙", "group": "finance"},
}


@pytest.fixture
def publisher(salon: Salon, request: pytest.FixtureRequest) -> Iterator[Publisher]:
    with Publisher(salon.url) as publisher:
        publisher.publish(f"{room_of(request)}/state:about", {"set": ABOUT})
        for key, value, opened in (("A1", 12, 10), ("B2", 5, 8), ("C3", 100, 100)):
            publisher.publish(f"{room_of(request)}/feed", {"key": key, "value": value, "open": opened})
        yield publisher


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    return room_of(request)


def room_of(request: pytest.FixtureRequest) -> str:
    """A room of the test's own."""
    return "r" + re.sub(r"\W", "", str(request.node.name))[:40]


def opened(new_talk: NewTalk, room: str, url: str = "", **options: object) -> Page:
    talk = new_talk(url, **options)
    talk.page.goto(f"{talk.url}#/monitor/{room}")
    expect(talk.page.locator(".quote")).not_to_have_count(0, timeout=SLOW)
    return talk.page


def names(page: Page) -> list[str]:
    """In the order in which they are shown."""
    rows = page.locator(".quote").evaluate_all(
        "rows => rows.map(row => [Number(row.ariaRowIndex), row.querySelector('.quote-name').textContent])"
    )
    return [name for _, name in sorted(rows)]


def test_values_are_listed_named_sorted_and_searched(new_talk: NewTalk, publisher: Publisher, room: str) -> None:
    page = opened(new_talk, room)
    expect(page.get_by_role("row", name=re.compile("Alpha"))).to_contain_text("12.0")
    assert names(page) == ["Alpha", "Beta", "Gamma"]
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_role("columnheader", name="Change")).to_have_attribute("aria-sort", "descending")
    assert names(page) == ["Alpha", "Gamma", "Beta"]
    page.get_by_label("Group").select_option("finance")
    assert names(page) == ["Gamma", "Beta"]
    page.get_by_label("Search").fill("bet")
    assert names(page) == ["Beta"]
    page.get_by_label("Search").fill("nobody")
    expect(page.get_by_text("No key fits.")).to_be_visible()


def test_a_key_in_full_follows_its_values_and_has_an_address(
    new_talk: NewTalk, publisher: Publisher, room: str
) -> None:
    page = opened(new_talk, room)
    page.get_by_role("row", name=re.compile("Alpha")).click()
    detail = page.get_by_role("region", name="Details")
    expect(detail).to_contain_text("+20.00%")
    publisher.publish(f"{room}/feed", {"key": "A1", "value": 8, "open": 10})
    expect(detail.locator(".detail-value")).to_have_text("8.0")
    expect(detail.locator(".change")).to_have_attribute("data-way", "down")
    expect(detail.get_by_role("img", name=re.compile("Chart of Alpha: now 8.0, between"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("region", name="Details")).to_contain_text("Alpha")
    page.get_by_role("region", name="Details").get_by_role("button", name="Close").click()
    expect(page.get_by_role("region", name="Details")).to_be_hidden()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("row", name=re.compile("Beta"))).to_have_attribute("aria-selected", "true")


def test_a_slow_view_skips_values_and_says_so(new_talk: NewTalk, publisher: Publisher, room: str) -> None:
    page = opened(new_talk, room)
    page.get_by_label("Updates").select_option("1")
    for value in range(60):
        publisher.publish(f"{room}/feed", {"key": "A1", "value": value, "open": 10})
    # The newest one comes, whatever was skipped.
    expect(page.get_by_role("row", name=re.compile("Alpha"))).to_contain_text("59.0", timeout=SLOW)
    expect(page.get_by_text(re.compile(r"[1-9]\d* skipped"))).to_be_visible(timeout=SLOW)


def test_a_held_picture_stands_still(new_talk: NewTalk, publisher: Publisher, room: str) -> None:
    page = opened(new_talk, room)
    row = page.get_by_role("row", name=re.compile("Alpha"))
    page.get_by_role("button", name="Hold the picture").click()
    page.get_by_role("row", name=re.compile("Beta")).click()
    publisher.publish(f"{room}/feed", {"key": "A1", "value": 77, "open": 10})
    publisher.publish(f"{room}/feed", {"key": "B2", "value": 66, "open": 10})
    page.get_by_role("button", name="Go on").click()
    expect(row).to_contain_text("77.0", timeout=SLOW)


def test_an_alarm_rings_when_its_value_is_reached_and_is_kept(
    new_talk: NewTalk, publisher: Publisher, room: str
) -> None:
    page = opened(new_talk, room)
    page.get_by_role("row", name=re.compile("Alpha")).click()
    detail = page.get_by_role("region", name="Details")
    detail.get_by_label("Value", exact=True).fill("20")
    detail.get_by_role("button", name="Add").click()
    expect(detail).to_contain_text("20.0 or more")
    publisher.publish(f"{room}/feed", {"key": "A1", "value": 21, "open": 10})
    expect(page.get_by_text("Alpha has reached 21.0, which is at least 20.0.")).to_be_visible()
    page.reload()
    # The notice passes; the bell stays.
    expect(page.get_by_role("img", name="An alarm rings")).to_be_visible(timeout=SLOW)
    page.get_by_role("button", name="Remove the alarm").click()
    expect(page.get_by_text("None. An alarm tells you")).to_be_visible()


def test_a_lost_connection_is_told_and_the_newest_comes_back(
    new_talk: NewTalk, publisher: Publisher, relay: Relay, room: str
) -> None:
    page = opened(new_talk, room, relay.url)
    relay.cut()
    expect(page.get_by_text("The connection was lost.")).to_be_visible(timeout=SLOW)
    publisher.publish(f"{room}/feed", {"key": "A1", "value": 42, "open": 10})
    relay.mend()
    expect(page.get_by_role("row", name=re.compile("Alpha"))).to_contain_text("42.0", timeout=SLOW)
    expect(page.get_by_text("The connection was lost.")).to_be_hidden()


def test_thousands_of_keys_are_few_elements(new_talk: NewTalk) -> None:
    # The market that comes with the server.
    page = opened(new_talk, "market")
    expect(page.get_by_text("2,000 keys")).to_be_visible(timeout=SLOW)
    expect(page.get_by_text(re.compile(r"[1-9]\d* values a second"))).to_be_visible(timeout=SLOW)
    assert page.locator(".quote").count() < 60
    page.locator(".quotes").focus()
    page.keyboard.press("End")
    expect(page.locator(".quote[aria-selected=true]")).to_be_visible()
    assert page.locator(".quote").count() < 60


def test_this_machine_can_be_watched(new_talk: NewTalk) -> None:
    page = opened(new_talk, "machine")
    expect(page.get_by_role("row", name=re.compile("Memory in use"))).to_contain_text("%")
    expect(page.get_by_role("row", name=re.compile(r"^Processor"))).to_contain_text("%", timeout=SLOW)


def test_outside_text_is_text(new_talk: NewTalk, publisher: Publisher, room: str) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\">"
    publisher.publish(f"{room}/state:about", {"set": {evil: {"en": evil, "group": evil, "unit": evil}}})
    publisher.publish(f"{room}/feed", {"key": evil, "value": 1})
    for rubbish in (None, "x", {"key": "bad", "value": "1"}, {"key": "bad", "value": {}}, [1]):
        publisher.publish(f"{room}/feed", rubbish)
    page = opened(new_talk, room)
    page.get_by_label("Search").fill("onerror")
    page.locator(".quote").click()
    expect(page.locator(".detail h2")).to_have_text(evil)
    assert page.locator("main img[src]").count() == 0
    assert "owned" not in page.title()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("zh-CN", "dark")])
def test_nothing_grave_is_found_and_nothing_scrolls_sideways(
    new_talk: NewTalk, publisher: Publisher, room: str, axe: str, viewport: dict[str, int], locale: str, scheme: str
) -> None:
    page = opened(new_talk, room, viewport=viewport, locale=locale, color_scheme=scheme)
    assert grave(page, axe) == []
    page.locator(".quote").first.click()
    expect(page.locator(".detail")).to_be_visible()
    assert grave(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
