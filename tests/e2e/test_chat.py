"""The Chat view in Chromium: several people at once, networks that break, a server that is killed, strangers who mean harm."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.chat import SLOW, Chat, publish, read
from tests.e2e.conftest import PHONE, NewTalk
from tests.e2e.relay import Relay
from tests.e2e.serving import Salon
from tests.e2e.waiting import until

NewChat = Callable[..., Chat]


@pytest.fixture
def new_chat(new_talk: NewTalk) -> NewChat:
    def new_chat(url: str = "", **options: Any) -> Chat:
        talk = new_talk(url, **options)
        return Chat(talk.page, talk.url)

    return new_chat


def test_two_people_talk(new_chat: NewChat) -> None:
    ada, bob = new_chat().enter("two", "Ada"), new_chat().enter("two", "Bob")
    expect(ada.page.get_by_role("button", name="Who is here: 3")).to_be_visible()
    ada.say("Hello **Bob**, look: `code`")
    bob.has("Hello Bob")
    assert bob.message("Hello").locator("strong").inner_text() == "Bob"
    bob.box.press_sequentially("typing")
    expect(ada.page.locator(".chat-typing")).to_have_text("Bob is typing …")
    bob.say("Hi @Ada")
    expect(ada.message("Hi @Ada")).to_have_class(re.compile("for-me"))
    expect(bob.message("Hi @Ada")).not_to_have_class(re.compile("for-me"))
    expect(ada.page.locator(".chat-typing")).to_have_text("")
    # Both have it before them, so each is told that the other has read it.
    expect(bob.message("Hi @Ada").locator(".chat-readers")).to_have_attribute("title", "Read by Ada", timeout=SLOW)


def test_a_message_is_answered_reacted_to_edited_and_deleted(new_chat: NewChat) -> None:
    ada, bob = new_chat().enter("acts", "Ada"), new_chat().enter("acts", "Bob")
    ada.say("first")
    bob.has("first")
    bob.act("first", "React")
    bob.page.get_by_role("menuitem", name="🎉").click()
    expect(ada.message("first").locator(".chat-reactions")).to_have_text("🎉 1")
    bob.message("first").locator(".chat-reactions button").click()
    expect(ada.message("first").locator(".chat-reactions")).to_have_count(0)
    bob.act("first", "Reply")
    bob.say("an answer")
    expect(ada.message("an answer").locator(".chat-quote")).to_have_text("Ada: first")
    # What is one's own can be changed, from the keyboard too; what is another's cannot.
    bob.message("first").first.locator("article").hover()
    expect(bob.message("first").first.get_by_role("button", name="Edit", exact=True)).to_have_count(0)
    ada.box.press("ArrowUp")
    expect(ada.box).to_have_value("first")
    ada.say("second thoughts")
    bob.has("second thoughts")
    expect(bob.message("second thoughts").locator(".chat-foot")).to_have_text("edited")
    expect(bob.message("an answer").locator(".chat-quote")).to_have_text(re.compile("Ada: (first|second thoughts)"))
    ada.act("second thoughts", "Delete")
    expect(bob.page.locator(".chat-deleted")).to_have_text("This message was deleted.")
    assert "second thoughts" not in bob.page.locator(".chat-messages").inner_text()


def test_a_name_is_offered_and_taken_by_keyboard(new_chat: NewChat) -> None:
    new_chat().enter("names", "Grace Hopper")
    ada = new_chat().enter("names", "Ada")
    expect(ada.page.get_by_role("button", name="Who is here: 3")).to_be_visible()
    ada.box.press_sequentially("Ask @gr")
    expect(ada.page.get_by_role("option", name="Grace Hopper")).to_be_visible()
    ada.box.press("Enter")
    expect(ada.box).to_have_value("Ask @Grace Hopper ")


def test_what_is_unread_is_counted_also_after_a_reload(new_chat: NewChat, salon: Salon) -> None:
    ada = new_chat().enter("counted", "Ada")
    publish(salon.port, "counted/chat", [{"type": "message", "id": "m0", "text": "seen", "name": "Bob"}])
    ada.has("seen")
    ada.page.goto(f"{ada.url}#/chat/elsewhere")
    expect(ada.page.get_by_role("heading", name="elsewhere")).to_be_visible()
    said = [{"type": "message", "id": f"m{n}", "text": f"news {n}", "name": "Bob"} for n in range(1, 4)]
    publish(salon.port, "counted/chat", said)
    count = ada.page.locator(".conversation", has_text="counted").locator(".chat-count")
    expect(count).to_contain_text("3 unread")
    expect(ada.page.locator(".rail-view", has_text="Chat").locator(".badge")).to_have_text("3")
    ada.page.reload()
    expect(count).to_contain_text("3 unread", timeout=SLOW)
    ada.page.locator(".conversation a", has_text="counted").click()
    expect(count).to_be_hidden()
    expect(ada.page.locator(".chat-fresh")).to_be_visible()
    assert ada.words() == ["seen", "news 1", "news 2", "news 3"]


DOT = "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg=="
"""A picture of five by five."""


def test_pictures_go_with_a_message(new_chat: NewChat) -> None:
    ada, bob = new_chat().enter("pictures", "Ada"), new_chat().enter("pictures", "Bob")
    dot = base64.b64decode(DOT)
    ada.page.locator("input[type=file]").set_input_files({"name": "dot.png", "mimeType": "image/png", "buffer": dot})
    expect(ada.page.locator(".shelf img")).to_be_visible()
    ada.say("look")
    picture = bob.message("look").locator("img")
    expect(picture).to_have_attribute("alt", "dot.png", timeout=SLOW)
    assert picture.evaluate("async (image) => (await image.decode(), image.naturalWidth)") == 5


def test_a_cut_network_loses_nothing_and_doubles_nothing(new_chat: NewChat, relay: Relay) -> None:
    ada, bob = new_chat(relay.url).enter("cut", "Ada"), new_chat().enter("cut", "Bob")
    ada.say("before")
    bob.has("before")
    expect(ada.page.locator(".chat-message.pending")).to_have_count(0)
    relay.cut()
    expect(ada.page.locator(".banner")).to_be_visible(timeout=SLOW)
    for n in range(5):
        ada.say(f"offline {n}")
    expect(ada.page.locator(".chat-message.pending")).to_have_count(5)
    bob.say("meanwhile")
    relay.mend()
    ada.page.get_by_role("button", name="Try now").click(timeout=SLOW)
    ada.connected()
    everything = {"before", "meanwhile", *(f"offline {n}" for n in range(5))}
    for chat in (ada, bob):
        expect(chat.messages).to_have_count(7, timeout=SLOW)
        expect(chat.page.locator(".chat-message.pending")).to_have_count(0, timeout=SLOW)
        assert set(chat.words()) == everything
    assert ada.words() == bob.words()
    assert [words for words in bob.words() if words.startswith("offline")] == [f"offline {n}" for n in range(5)]


def test_what_was_written_without_a_network_is_sent_by_the_next_page_once(new_chat: NewChat, relay: Relay) -> None:
    ada, bob = new_chat(relay.url).enter("unsent", "Ada"), new_chat().enter("unsent", "Bob")
    ada.say("before")
    bob.has("before")
    expect(ada.page.locator(".chat-message.pending")).to_have_count(0)
    relay.cut()
    expect(ada.page.locator(".banner")).to_be_visible(timeout=SLOW)
    for n in range(3):
        ada.say(f"offline {n}")
    expect(ada.page.locator(".chat-message.pending")).to_have_count(3)
    relay.mend()
    # Before its connection is tried again, the page is gone. Two tabs come back.
    context = ada.page.context
    ada.page.close()
    for _ in range(2):
        page = context.new_page()
        page.goto(f"{relay.url}#/chat/unsent")
        expect(page.locator(".chat-words")).to_have_count(4, timeout=SLOW)
    bob.say("after")
    expect(bob.messages).to_have_count(5, timeout=SLOW)
    assert bob.words() == ["before", *(f"offline {n}" for n in range(3)), "after"]
    expect(page.locator(".chat-message.pending")).to_have_count(0, timeout=SLOW)
    assert page.evaluate("localStorage.getItem('salon.chat.unsent')") is None


KEPT = """async () => {
    const database = await new Promise((done) => (indexedDB.open("salon.chat").onsuccess = (event) => done(event.target.result)));
    const count = database.transaction("attached").objectStore("attached").count();
    await new Promise((done) => (count.onsuccess = done));
    database.close();
    return count.result;
}"""


def attach(chat: Chat, *names: str) -> None:
    dot = base64.b64decode(DOT)
    files: list[Any] = [{"name": name, "mimeType": "image/png", "buffer": dot} for name in names]
    chat.page.locator("input[type=file]").set_input_files(files)
    expect(chat.page.locator(".shelf img")).to_have_count(len(names))


def test_pictures_without_a_network_are_sent_by_the_next_page_once(
    new_chat: NewChat, relay: Relay, salon: Salon
) -> None:
    ada, bob = new_chat(relay.url).enter("kept", "Ada"), new_chat().enter("kept", "Bob")
    relay.cut()
    expect(ada.page.locator(".banner")).to_be_visible(timeout=SLOW)
    attach(ada, "one.png", "two.png")
    ada.say("look")
    waiting = ada.message("look")
    expect(waiting.locator("img")).to_have_count(2)
    expect(waiting.locator(".chat-foot")).to_contain_text("waits for the connection")
    attach(ada, "three.png")
    ada.say("not this")
    ada.message("not this").get_by_role("button", name="Discard").click()
    expect(ada.messages).to_have_count(1)
    until(ada.page, f"({KEPT})().then((count) => count === 1)")
    # The page is gone before there is a network again.
    ada.page.goto("about:blank")
    relay.mend()
    ada.page.goto(f"{relay.url}#/chat/kept")
    ada.connected()
    for chat in (ada, bob):
        pictures = chat.message("look").locator("img")
        expect(pictures).to_have_count(2, timeout=SLOW)
        sizes = pictures.evaluate_all(
            "(all) => Promise.all(all.map(async (each) => (await each.decode(), each.naturalWidth)))"
        )
        assert sizes == [5, 5]
        expect(chat.page.locator(".chat-message.pending")).to_have_count(0, timeout=SLOW)
        assert chat.words() == ["look"]
    until(ada.page, f"({KEPT})().then((count) => count === 0)")
    assert ada.page.evaluate("localStorage.getItem('salon.chat.unsent')") is None
    assert len(read(salon.port, "kept/pictures")) == 2


def test_pictures_are_sent_when_the_network_is_back(new_chat: NewChat, relay: Relay, salon: Salon) -> None:
    ada, bob = new_chat(relay.url).enter("back", "Ada"), new_chat().enter("back", "Bob")
    relay.cut()
    expect(ada.page.locator(".banner")).to_be_visible(timeout=SLOW)
    attach(ada, "one.png")
    ada.box.press("Enter")
    expect(ada.page.locator(".chat-message.pending img")).to_be_visible()
    relay.mend()
    ada.page.get_by_role("button", name="Try now").click(timeout=SLOW)
    expect(bob.messages.locator("img")).to_have_count(1, timeout=SLOW)
    expect(ada.page.locator(".chat-message.pending")).to_have_count(0, timeout=SLOW)
    assert len(read(salon.port, "back/pictures")) == len(read(salon.port, "back/chat")) == 1


def test_a_message_is_notified_where_nobody_looks(new_chat: NewChat) -> None:
    ada, bob = new_chat().enter("bell", "Ada"), new_chat().enter("bell", "Bob")
    context = bob.page.context
    context.grant_permissions(["notifications"])
    # Nothing of a notification can be seen from here: what the page asks of the browser is written down.
    context.add_init_script(
        """window.told = [];
        const Real = Notification;
        window.Notification = class extends Real {
          constructor(title, options) { super(title, options); window.told.push([title, options.body]); }
        };"""
    )
    bob.page.reload()
    bob.connected()
    assert bob.page.evaluate("Notification.permission") == "granted"
    ada.say("you look at me")
    bob.has("you look at me")
    bob.page.goto(f"{bob.url}#/talk")
    ada.say("and now you do not")
    until(bob.page, "window.told.length")
    assert bob.page.evaluate("window.told") == [["Ada · bell", "and now you do not"]]


def test_a_killed_server_forgets_nothing(new_chat: NewChat, own_salon: Salon) -> None:
    ada, bob = new_chat(own_salon.url).enter("killed", "Ada"), new_chat(own_salon.url).enter("killed", "Bob")
    ada.say("one")
    bob.has("one")
    own_salon.kill()
    expect(ada.page.locator(".banner")).to_be_visible(timeout=SLOW)
    ada.say("two")
    own_salon.start()
    ada.connected()
    bob.connected()
    bob.has("two")
    bob.say("three")
    ada.has("three")
    for chat in (ada, bob):
        assert chat.words() == ["one", "two", "three"]


def test_a_reload_and_two_tabs_of_one_person(new_chat: NewChat) -> None:
    ada = new_chat().enter("tabs", "Ada")
    ada.say("one")
    ada.has("one")
    ada.box.fill("a draft")
    ada.page.reload()
    ada.has("one")
    expect(ada.box).to_have_value("a draft")
    other = ada.page.context.new_page()
    second = Chat(other, ada.url)
    other.goto(f"{ada.url}#/chat/tabs")
    second.connected()
    second.has("one")
    second.say("two")
    ada.has("two")
    expect(ada.message("two")).to_have_class(re.compile("mine"))
    ada.page.get_by_role("button", name=re.compile("Who is here")).click()
    expect(ada.page.locator(".chat-people-list li", has_text="Ada")).to_contain_text("2 devices")


ATTACKS = [
    "<img src=x onerror=\"window.hacked='img'\">",
    "<script>window.hacked='script'</script>",
    "[click](javascript:window.hacked='link')",
    "![x](javascript:window.hacked='image')",
    "![x](\" onerror=\"window.hacked='quote')",
    "<svg onload=\"window.hacked='svg'\">",
    "`</code><img src=x onerror=window.hacked=1>`",
]


def test_nothing_that_a_stranger_writes_runs(new_chat: NewChat, salon: Salon) -> None:
    ada = new_chat().enter("hostile", "Ada")
    ada.say("mine")
    ada.has("mine")
    mine = ada.page.locator(".chat-message").first.get_attribute("data-id")
    entries: list[Any] = []
    for n, attack in enumerate(ATTACKS):
        hostile = {
            "type": "message",
            "id": f"a{n}",
            "text": attack,
            "name": attack,
            "reply_to": attack,
            "mentions": [attack],
        }
        picture = {"offset": 1, "epoch": attack, "name": attack, "width": 1e9, "height": attack}
        entries += [
            {**hostile, "pictures": [picture, None, attack]},
            {"type": "react", "id": f"a{n}", "emoji": attack[:16], "on": True},
            {"type": "notice", "id": f"n{n}", "notice": attack, "name": attack, "text": attack, "stars": attack},
            {"type": "notice", "id": f"o{n}", "notice": "handed over", "name": attack, "text": attack},
        ]
    # Other people's messages are not his to change, and what is no entry at all is nothing.
    entries += [
        {"type": "edit", "id": mine, "text": "stolen"},
        {"type": "delete", "id": mine},
        {"type": "message", "id": mine, "text": "in disguise", "name": "Ada"},
        {"type": "edit", "id": "a0", "text": ATTACKS[0], "end": ATTACKS[0]},
        *({"type": kind, "id": {}} for kind in ("message", "edit", "delete", "react", "notice", "unknown")),
        *([], None, 5, "text", {"type": "message", "id": "z", "text": {"toString": 1}, "name": [], "pictures": 5}),
        {"type": "message", "id": "__proto__", "text": "prototype", "name": "constructor", "reply_to": "__proto__"},
        {"type": "message", "id": "long", "text": "x" * 50_000, "name": "y" * 5_000},
        {"type": "message", "id": "last", "text": "the end", "name": "Mallory"},
    ]
    publish(salon.port, "hostile/pictures", [{"type": "picture", "url": "data:image/svg+xml;base64,PHN2Zy8+"}])
    publish(salon.port, "hostile/chat", entries, user="<b>mallory</b>", name=ATTACKS[0])
    ada.has("the end")
    assert ada.page.evaluate("window.hacked") is None
    assert ada.page.locator(".chat-message script, .chat-message [onerror], .chat-message [onload]").count() == 0
    assert ada.page.locator(".chat-message a[href^=javascript]").count() == 0
    assert ada.page.locator(".chat-message img").count() == 0
    expect(ada.page.locator(f'[data-id="{mine}"] .chat-words')).to_have_text("mine")
    assert "stolen" not in ada.page.locator(".chat-messages").inner_text()
    ada.say("still here")
    ada.has("still here")


@pytest.fixture
def quick_salon(tmp_path: Path) -> Iterator[Salon]:
    """One that lets a stranger say as much as he likes."""
    salon = Salon(tmp_path, more="[rooms.rates]\npublish = 0\n[limits]\nmessages_per_second = 0\n")
    salon.start()
    yield salon
    salon.stop()


def test_two_thousand_messages_are_had_by_scrolling(new_chat: NewChat, quick_salon: Salon) -> None:
    said = [{"type": "message", "id": f"h{n}", "text": f"message {n}.", "name": "Bob"} for n in range(2_000)]
    said += [{"type": "edit", "id": "h100", "text": "message 100, changed."}, {"type": "delete", "id": "h200"}]
    publish(quick_salon.port, "history/chat", said)
    ada = new_chat(quick_salon.url).enter("history", "Ada")
    ada.has("message 1999.")
    assert ada.messages.count() < 300
    loaded = ada.messages.count()
    while loaded < 2_000:
        ada.page.locator(".chat-messages").evaluate("(list) => list.closest('.thread').scrollTo({ top: 0 })")
        expect(ada.messages).not_to_have_count(loaded, timeout=SLOW)
        loaded = ada.messages.count()
    assert ada.page.locator(".chat-message").evaluate_all("(all) => all.map((each) => each.dataset.id)") == [
        f"h{n}" for n in range(2_000)
    ]
    expect(ada.page.locator('[data-id="h100"] .chat-words')).to_have_text("message 100, changed.")
    expect(ada.page.locator('[data-id="h200"] .chat-deleted')).to_be_visible()
    ada.say("and one more")
    ada.has("and one more")


def test_on_a_phone_in_chinese(new_chat: NewChat) -> None:
    chat = new_chat(viewport=PHONE, has_touch=True, is_mobile=True, locale="zh-CN")
    chat.page.goto(f"{chat.url}#/chat/大厅")
    chat.connected()
    chat.box.fill("你好")
    chat.page.get_by_role("button", name="发送").tap()
    chat.has("你好")
    assert chat.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    chat.page.get_by_role("button", name="菜单").tap()
    expect(chat.page.get_by_role("link", name="大厅")).to_be_visible()
