"""The Game view: the arena that comes with the server, over the door that everybody uses."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import DESKTOP, PHONE, NewTalk
from tests.e2e.relay import Relay
from tests.e2e.talk import SLOW
from tests.e2e.test_looks import axe, grave

__all__ = ["axe"]  # a fixture, used by its name

pytestmark = pytest.mark.e2e


def opened(new_talk: NewTalk, url: str = "", **options: object) -> Page:
    talk = new_talk(url, **options)
    talk.page.goto(f"{talk.url}#/game")
    # The bots are there: the state has come.
    expect(talk.page.locator(".scores li")).not_to_have_count(0, timeout=SLOW)
    return talk.page


def play(page: Page, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Play").click()
    expect(page.locator(".scores .mine")).to_contain_text(name, timeout=SLOW)


def figure(page: Page, label: str) -> str:
    return page.locator(".game-figures dt", has_text=label).locator("xpath=following-sibling::dd[1]").inner_text()


def test_players_see_each_other_and_who_leaves_is_gone(new_talk: NewTalk) -> None:
    ada, bob, watcher = opened(new_talk), opened(new_talk), opened(new_talk)
    play(ada, "Ada L")
    play(bob, "Bob 范")
    for page in (ada, bob, watcher):
        page.get_by_role("button", name="Figures of the connection").click()
        # Six bots and two people.
        expect(page.locator(".game-figures")).to_contain_text(re.compile(r"Players\s*8"), timeout=SLOW)
    expect(watcher.locator(".game-start")).to_be_visible()
    bob.get_by_role("button", name="Only watch").click()
    for page in (ada, bob, watcher):
        expect(page.locator(".game-figures")).to_contain_text(re.compile(r"Players\s*7"), timeout=SLOW)


def test_a_player_moves_by_keys_and_the_server_agrees(new_talk: NewTalk) -> None:
    page = opened(new_talk)
    play(page, "Key")
    page.get_by_role("button", name="Figures of the connection").click()
    page.locator(".arena-stage").focus()
    page.keyboard.down("ArrowRight")
    expect(page.locator(".game-figures")).to_contain_text(re.compile(r"From input to answer\s*\d+ ms"), timeout=SLOW)
    page.keyboard.up("ArrowRight")
    page.keyboard.press("Space")
    # All that was played has been acknowledged but what is on its way.
    assert int(figure(page, "Steps ahead")) < 60


def test_the_arena_goes_on_after_a_lost_connection(new_talk: NewTalk, relay: Relay) -> None:
    page = opened(new_talk, relay.url)
    play(page, "Back")
    relay.cut()
    expect(page.get_by_text("The connection was lost.")).to_be_visible(timeout=SLOW)
    relay.mend()
    expect(page.get_by_text("The connection was lost.")).to_be_hidden(timeout=SLOW)
    expect(page.locator(".scores .mine")).to_contain_text("Back", timeout=SLOW)
    page.get_by_role("button", name="Figures of the connection").click()
    page.locator(".arena-stage").focus()
    page.keyboard.down("ArrowDown")
    expect(page.locator(".game-figures")).to_contain_text(re.compile(r"From input to answer\s*\d+ ms"), timeout=SLOW)
    page.keyboard.up("ArrowDown")


def test_the_arena_is_played_far_away_over_a_network_that_loses(new_talk: NewTalk, relay: Relay) -> None:
    page = opened(new_talk, relay.url)
    relay.delay, relay.loss = 0.075, 0.02
    play(page, "Far")
    page.get_by_role("button", name="Figures of the connection").click()
    page.locator(".arena-stage").focus()
    page.keyboard.down("ArrowRight")
    # The player moved at once; the server's word of it takes the way there and back.
    expect(page.locator(".game-figures")).to_contain_text(
        re.compile(r"From input to answer\s*(1[5-9]|[2-9]\d)\d ms"), timeout=SLOW
    )
    page.keyboard.up("ArrowRight")
    expect(page.get_by_text("The connection was lost.")).to_be_hidden()
    assert int(figure(page, "Steps ahead")) < 120


def test_a_finger_that_pulls_moves_and_a_second_one_dashes(new_talk: NewTalk) -> None:
    talk = new_talk(viewport=PHONE, has_touch=True, is_mobile=True)
    page = talk.page
    with page.expect_websocket() as opening:
        page.goto(f"{talk.url}#/game")
    page.get_by_label("Your name").fill("Thumb")
    page.get_by_role("button", name="Play").tap()
    expect(page.locator(".scores .mine")).to_contain_text("Thumb", timeout=SLOW)
    hand = page.context.new_cdp_session(page)

    def touch(type: str, *fingers: tuple[int, int]) -> None:
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
        hand.send("Input.dispatchTouchEvent", {"type": type, "touchPoints": points})

    touch("touchStart", (190, 500))
    with opening.value.expect_event("framesent", lambda frame: '"x":1' in str(frame)):
        touch("touchMove", (260, 500))
    with opening.value.expect_event("framesent", lambda frame: '"dash":true' in str(frame)):
        touch("touchStart", (260, 500), (300, 700))
    touch("touchEnd")
    page.get_by_role("button", name="Figures of the connection").tap()
    expect(page.locator(".game-figures")).to_contain_text(re.compile(r"From input to answer\s*\d+ ms"), timeout=SLOW)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "dark"), ("zh-CN", "light")])
def test_nothing_grave_is_found_and_nothing_scrolls_sideways(
    new_talk: NewTalk, axe: str, viewport: dict[str, int], locale: str, scheme: str
) -> None:
    page = opened(new_talk, viewport=viewport, locale=locale, color_scheme=scheme)
    assert grave(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
