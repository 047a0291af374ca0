"""Customer service in Chromium: a shop's page of another origin with the widget, a visitor, and two of the staff."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from salon.wire.token import Claims, SalonClaim, mint
from tests.e2e.chat import SLOW, Chat
from tests.e2e.conftest import PHONE, NewTalk
from tests.e2e.serving import Salon
from tests.e2e.test_chat import NewChat, new_chat

__all__ = ["new_chat"]

ATTACK = "<img src=x onerror=\"window.hacked='widget'\">"
SHOP = """<!doctype html><html lang="en"><title>Shop</title><h1>Shop</h1>
<script src="{url}web/widget.js" data-title="Help" data-lang="en"
  data-name="{name}" data-greeting="{greeting}" defer></script></html>"""


class Shop:
    """A page with the widget, on an origin of its own."""

    def __init__(self, folder: Path) -> None:
        handler = functools.partial(_Quiet, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._folder = folder
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def write(self, salon: Salon, name: str = "Vera", greeting: str = "Welcome!", policy: str = "") -> None:
        escaped = (text.replace("&", "&amp;").replace('"', "&quot;") for text in (name, greeting))
        page = SHOP.format(url=salon.url, **dict(zip(("name", "greeting"), escaped, strict=True)))
        if policy:
            page = page.replace("<title>", f'<meta http-equiv="Content-Security-Policy" content="{policy}"><title>')
        (self._folder / "index.html").write_text(page, "utf-8")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "shop").mkdir()
    shop = Shop(tmp_path / "shop")
    yield shop
    shop.close()


@pytest.fixture
def house(tmp_path: Path, shop: Shop) -> Iterator[Salon]:
    """One that allows the shop's page."""
    salon = Salon(tmp_path, more=f'[server]\norigins = ["{shop.origin}"]\n')
    salon.start()
    shop.write(salon)
    yield salon
    salon.stop()


class Widget:
    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self) -> Widget:
        self.page.get_by_role("button", name="Open customer service").click()
        return self

    def say(self, text: str) -> None:
        box = self.page.get_by_role("textbox", name="Write a message")
        box.fill(text)
        box.press("Enter")

    @property
    def said(self) -> Locator:
        return self.page.locator(".said, .notice:visible")

    def has(self, text: str) -> None:
        expect(self.page.locator(".said, .notice", has_text=text)).to_be_visible(timeout=SLOW)


def visitor(new_talk: NewTalk, shop: Shop) -> Widget:
    page = new_talk().page
    page.goto(f"{shop.origin}/")
    return Widget(page)


def staff(new_chat: NewChat, house: Salon, name: str) -> Chat:
    chat = new_chat(house.url).enter("staff", name)
    chat.page.get_by_role("link", name="Service desk").click()
    expect(chat.page.get_by_role("heading", name="Service desk")).to_be_visible()
    expect(chat.page.get_by_text("Visitors see you as")).to_have_count(0)
    return chat


def test_a_visitor_from_the_first_word_to_the_rating(
    new_talk: NewTalk, new_chat: NewChat, shop: Shop, house: Salon
) -> None:
    ann, ben = staff(new_chat, house, "Ann"), staff(new_chat, house, "Ben")
    vera = visitor(new_talk, shop).open()
    vera.has("Welcome!")
    # The agent answers first, without being called.
    vera.say("count to 5")
    vera.has("1, 2, 3, 4, 5.")
    case = ann.page.locator(".desk-case", has_text="Vera")
    expect(case).to_contain_text("with the agent", timeout=SLOW)
    vera.page.get_by_role("button", name="Talk to a person").click()
    vera.has("You are being handed over to a person.")
    expect(case).to_contain_text("waits for a person", timeout=SLOW)
    expect(case.locator(".desk-summary")).to_have_text("count to 5")
    # One of the staff takes over; the agent is silent from then on.
    case.get_by_role("button", name="Take over").click()
    expect(case).to_contain_text("with Ann", timeout=SLOW)
    vera.has("Ann is here now.")
    case.get_by_role("link", name="Open").click()
    ann.has("count to 5")
    ann.say("Hello Vera, what can I do?")
    vera.has("Hello Vera, what can I do?")
    vera.say("count to 3")
    ann.has("count to 3")
    # And gives the visitor to a colleague.
    ann.page.locator(".desk-bar").get_by_role("button", name="Transfer").click()
    ann.page.get_by_role("menuitem", name="Ben").click()
    vera.has("Ben goes on from here.")
    his = ben.page.locator(".desk-case", has_text="Vera")
    expect(his).to_contain_text("with Ben", timeout=SLOW)
    his.get_by_role("button", name="Close").click()
    vera.has("Ben has closed the conversation.")
    vera.page.get_by_role("button", name="4 of 5").click()
    expect(vera.page.get_by_text("Thank you!")).to_be_visible(timeout=SLOW)
    expect(his.locator(".desk-stars")).to_have_text("★★★★", timeout=SLOW)
    assert "1, 2, 3." not in vera.page.locator(".list").inner_text()
    # The next page of the shop goes on with the same conversation; a new word begins a new case, with the agent.
    vera.page.reload()
    vera.open()
    vera.has("Hello Vera, what can I do?")
    vera.say("count to 4")
    vera.has("1, 2, 3, 4.")
    expect(his).to_contain_text("with the agent", timeout=SLOW)


def test_an_empty_desk_shows_the_tag_that_brings_visitors(new_chat: NewChat, house: Salon) -> None:
    ann = staff(new_chat, house, "Ann")
    expect(ann.page.get_by_text(f'<script src="{house.url}web/widget.js" defer></script>')).to_be_visible(timeout=SLOW)


def test_the_agent_hands_over_by_itself(new_talk: NewTalk, new_chat: NewChat, shop: Shop, house: Salon) -> None:
    ann = staff(new_chat, house, "Ann")
    vera = visitor(new_talk, shop).open()
    vera.say("call hand_over")
    vera.has("You are being handed over to a person.")
    expect(ann.page.locator(".desk-case.waiting", has_text="Vera")).to_be_visible(timeout=SLOW)


def test_the_widget_and_the_page_around_it_leave_each_other_alone(
    new_talk: NewTalk, new_chat: NewChat, shop: Shop, house: Salon
) -> None:
    shop.write(house, name=ATTACK, greeting=ATTACK)
    ann = staff(new_chat, house, "Ann")
    vera = visitor(new_talk, shop)
    before = vera.page.evaluate("[document.title, document.documentElement.lang, document.styleSheets.length]")
    vera.open()
    vera.has("<img")
    vera.say(ATTACK)
    case = ann.page.locator(".desk-case", has_text="<img")
    case.get_by_role("button", name="Take over").click()
    case.get_by_role("link", name="Open").click()
    ann.say(ATTACK)
    expect(vera.page.locator(".said.mine")).to_have_text(ATTACK, timeout=SLOW)
    for page in (ann.page, vera.page):
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0
    assert vera.page.evaluate("[document.title, document.documentElement.lang, document.styleSheets.length]") == before
    # With the keyboard: Escape closes, and the focus is where it was.
    vera.page.keyboard.press("Escape")
    expect(vera.page.get_by_role("button", name="Open customer service")).to_be_focused()


def test_on_a_phone_nothing_lies_over_what_is_written_and_the_newest_is_in_sight(
    new_talk: NewTalk, shop: Shop, house: Salon
) -> None:
    page = new_talk(viewport=PHONE, has_touch=True).page
    page.goto(f"{shop.origin}/")
    vera = Widget(page).open()
    expect(page.locator(".launch")).to_be_hidden()
    page.get_by_role("textbox", name="Write a message").fill("show me Markdown")
    # Refused where anything lies over it.
    page.get_by_role("button", name="Send").tap()
    vera.has("Markdown")
    page.get_by_role("button", name="Talk to a person").tap()
    expect(page.locator(".notice", has_text="You are being handed over")).to_be_in_viewport(timeout=SLOW)
    page.get_by_role("button", name="Close").tap()
    expect(page.get_by_role("button", name="Open customer service")).to_be_focused()


def test_in_a_page_with_a_strict_policy_nobody_is_at_the_desk_and_a_reload_in_mid_answer_loses_nothing(
    new_talk: NewTalk, new_chat: NewChat, shop: Shop, house: Salon
) -> None:
    # As the guide has it, and nothing else is allowed. A breach fails the test.
    salon = house.url.rstrip("/")
    policy = f"default-src 'none'; script-src {salon}; connect-src {salon} {salon.replace('http', 'ws')}"
    shop.write(house, policy=policy)
    vera = visitor(new_talk, shop).open()
    vera.say("count to 200")
    vera.has("1, 2, 3,")
    vera.page.reload()
    vera.open()
    vera.has("198, 199, 200.")
    assert vera.page.locator(".said.mine").all_inner_texts() == ["count to 200"]
    vera.page.get_by_role("button", name="Talk to a person").click()
    expect(vera.page.get_by_text("Nobody is here just now.")).to_be_visible(timeout=SLOW)
    # What was written meanwhile is there for whoever comes.
    vera.say("My parcel is lost")
    ann = new_chat(house.url)
    ann.page.goto(f"{house.url}#/chat/desk")
    # Who came straight here has no name yet, and is asked for one before a visitor sees it.
    expect(ann.page.get_by_text("Visitors see you as “Guest")).to_be_visible()
    ann.page.get_by_role("button", name="Your name", exact=True).click()
    ann.page.get_by_role("dialog").get_by_role("textbox").fill("Ann")
    ann.page.get_by_role("button", name="Save").click()
    case = ann.page.locator(".desk-case", has_text="Vera")
    expect(case).to_contain_text("waits for a person", timeout=SLOW)
    case.get_by_role("button", name="Take over").click()
    vera.has("Ann is here now.")
    case.get_by_role("link", name="Open").click()
    expect(ann.page.locator(".chat-words").get_by_text("My parcel is lost", exact=True)).to_be_visible(timeout=SLOW)


def test_a_page_that_is_not_allowed_gets_nothing(new_talk: NewTalk, shop: Shop, salon: Salon) -> None:
    shop.write(salon)
    page = new_talk().page
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    with page.expect_console_message(lambda message: "could not be loaded" in message.text):
        page.goto(f"{shop.origin}/")
    expect(page.locator("[data-salon-widget]")).to_have_count(0)
    assert any(re.search("CORS|origins", text) for text in told)


SECRET = "s" * 40
KEYED = f"""
[server]
origins = ["{{origin}}"]
[support]
visitors = true
[auth]
token_secrets = ["{SECRET}"]
[[auth.api_keys]]
name = "tests"
key = "sk-page-tests-0123456789"
"""


def token(sub: str, *rooms: str) -> str:
    return mint(Claims(sub=sub, info={"name": sub.title()}, salon=SalonClaim(rooms=rooms)), SECRET.encode())


def test_with_keys_each_opens_what_is_theirs(new_talk: NewTalk, shop: Shop, tmp_path: Path) -> None:
    salon = Salon(tmp_path, more=KEYED.format(origin=shop.origin))
    salon.start()
    shop.write(salon)

    def page(shown: str, place: str) -> Page:
        page = new_talk().page
        page.add_init_script(f"sessionStorage.setItem('salon.key', '{shown}')")
        page.goto(f"{salon.url}#/chat/{place}")
        return page

    try:
        ann = page(token("ann", "desk", "help-*"), "desk")
        expect(page(token("bob", "lobby"), "desk").get_by_text("You are not on the staff")).to_be_visible(timeout=SLOW)
        vera = visitor(new_talk, shop).open()
        vera.say("count to 5")
        vera.has("1, 2, 3, 4, 5.")
        ann.locator(".desk-case", has_text="Vera").get_by_role("button", name="Take over").click()
        vera.has("Ann is here now.")
        # A visitor's token opens the visitor's room, and neither the desk nor any other.
        key = "Object.keys(localStorage).find((name) => name.startsWith('salon.visit '))"
        shown = vera.page.evaluate(f"JSON.parse(localStorage.getItem({key})).token")
        expect(page(shown, "desk").get_by_text("You are not on the staff")).to_be_visible(timeout=SLOW)
        expect(page(shown, "lobby").get_by_text("You cannot be in this room.")).to_be_visible(timeout=SLOW)
    finally:
        salon.stop()
