"""An agent in a room, in Chromium: called, streamed, stopped, found again after a reload, cut off by a killed server."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.chat import SLOW, Chat
from tests.e2e.serving import Salon
from tests.e2e.test_chat import NewChat, new_chat

__all__ = ["new_chat"]


def growing(chat: Chat) -> None:
    """Wait until an answer is in the making, with words already."""
    expect(chat.page.locator(".chat-message.growing .chat-words")).to_have_text(re.compile("1, 2, 3"), timeout=SLOW)


def test_an_agent_answers_when_it_is_called_and_only_then(new_chat: NewChat) -> None:
    ada, bob = new_chat().enter("agents", "Ada"), new_chat().enter("agents", "Bob")
    ada.page.get_by_role("button", name="Who is here: 3").click()
    expect(ada.page.locator(".chat-people-list li", has_text="Salon")).to_contain_text("agent")
    ada.page.keyboard.press("Escape")
    ada.say("count to 3")
    bob.say("@salon count to 5")
    for chat in (ada, bob):
        answer = chat.page.locator(".chat-message", has=chat.page.locator(".avatar.agent")).locator(".chat-words")
        expect(answer).to_have_text("1, 2, 3, 4, 5.", timeout=SLOW)
        expect(chat.page.locator(".chat-message.growing")).to_have_count(0, timeout=SLOW)
        assert len(chat.words()) == 3


def test_it_knows_who_said_what(new_chat: NewChat) -> None:
    ada = new_chat().enter("memory", "Ada")
    ada.say("My name is Ada and I like whales.")
    ada.has("whales")
    ada.say("@Salon what did I say?")
    expect(ada.page.locator(".chat-words").last).to_contain_text("Ada: My name is Ada and I like whales.", timeout=SLOW)


def test_alone_with_it_nobody_has_to_call(new_chat: NewChat) -> None:
    ada = new_chat()
    ada.page.goto(f"{ada.url}#/chat")
    ada.page.get_by_role("button", name="Ask the agent alone").click()
    ada.connected()
    ada.say("count to 4")
    ada.has("1, 2, 3, 4.")


def test_an_answer_is_stopped_for_everybody(new_chat: NewChat) -> None:
    ada, bob = new_chat().enter("stopped", "Ada"), new_chat().enter("stopped", "Bob")
    ada.say("@salon count to 200")
    growing(bob)
    bob.page.get_by_role("button", name="Stop").click()
    for chat in (ada, bob):
        expect(chat.page.locator(".chat-foot", has_text="stopped")).to_be_visible(timeout=SLOW)
        assert "200." not in chat.page.locator(".chat-messages").inner_text()
    assert ada.words() == bob.words()


def test_a_reload_in_mid_answer_finds_it_and_sees_it_grow(new_chat: NewChat) -> None:
    ada = new_chat().enter("reloaded", "Ada")
    ada.say("@salon count to 200")
    growing(ada)
    ada.page.reload()
    growing(ada)
    ada.page.get_by_role("button", name="Stop").click()
    expect(ada.page.locator(".chat-foot", has_text="stopped")).to_be_visible(timeout=SLOW)
    assert len(ada.words()) == 2


def test_an_answer_that_its_server_took_along_is_closed(new_chat: NewChat, own_salon: Salon) -> None:
    ada = new_chat(own_salon.url).enter("orphan", "Ada")
    ada.say("@salon count to 200")
    growing(ada)
    own_salon.kill()
    expect(ada.page.locator(".banner")).to_be_visible(timeout=SLOW)
    ada.say("@salon count to 7")
    own_salon.start()
    expect(ada.page.locator(".chat-foot", has_text="cut off")).to_be_visible(timeout=SLOW)
    # What was asked meanwhile is answered.
    ada.has("1, 2, 3, 4, 5, 6, 7.")


def test_a_tool_is_seen_at_work(new_chat: NewChat, salon: Salon) -> None:
    ada = new_chat().enter("direct-guide", "Ada")
    ada.say("@salon call current_time")
    expect(ada.page.locator(".chat-words").last).to_contain_text("current_time", timeout=SLOW)
