"""Asking and being answered: send, stream, stop, answer again, say it differently, tools, settings."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import NewTalk
from tests.e2e.serving import Salon
from tests.e2e.talk import Talk, counted
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e


def test_an_answer_streams_and_says_what_it_took(talk: Talk) -> None:
    talk.send("count to 30")
    expect(talk.stop_button).to_be_visible()
    talk.counting(3)
    assert talk.answer.get_attribute("aria-busy") == "true"
    talk.finished()
    assert counted(talk.words) == list(range(1, 31))
    expect(talk.answer.locator(".figures")).to_have_text(
        re.compile(r"first word .+ s · in all .+ s · \d+ \+ \d+ tokens")
    )
    expect(talk.page.get_by_role("status").filter(has_text="30")).to_have_count(1)


def test_markdown_is_shown_as_it_is_meant(talk: Talk) -> None:
    talk.ask("show me Markdown")
    answer = talk.answer
    expect(answer.locator("h3")).to_have_text("A long answer")
    expect(answer.locator("ol > li")).to_have_count(3)
    expect(answer.locator("ol ul > li")).to_have_count(2)
    expect(answer.locator("table tbody tr")).to_have_count(3)
    expect(answer.locator("pre .t-word").first).to_have_text("from")
    link = answer.get_by_role("link", name="commonmark.org")
    assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener noreferrer nofollow")


def test_stopping_keeps_what_was_said(talk: Talk) -> None:
    talk.send("count to 200")
    talk.counting(4)
    talk.stop_button.click()
    talk.finished("stopped")
    said = counted(talk.words)
    assert said == list(range(1, len(said) + 1))
    assert 4 <= len(said) < 200
    expect(talk.answer.locator(".figures")).to_contain_text("stopped")
    assert "count to 200" in talk.ask("what did I say?")


def test_escape_stops(talk: Talk) -> None:
    talk.send("count to 200")
    talk.counting(2)
    talk.page.keyboard.press("Escape")
    talk.finished("stopped")


def test_answering_again_replaces_the_answer(talk: Talk) -> None:
    talk.ask("count to 3")
    first = talk.answer.element_handle()
    talk.answer.get_by_role("button", name="Answer again").click()
    talk.finished()
    expect(talk.answers).to_have_count(1)
    assert counted(talk.words) == [1, 2, 3]
    assert first is not None
    assert first.evaluate("element => element.isConnected") is False


def test_editing_a_message_cuts_what_came_after(talk: Talk) -> None:
    talk.ask("my name is Ada")
    talk.ask("count to 3")
    question = talk.questions.first
    question.hover()
    question.get_by_role("button", name="Edit and send again").click()
    field = question.get_by_role("textbox")
    assert field.input_value() == "my name is Ada"
    field.fill("my name is Grace")
    question.get_by_role("button", name="Send").click()
    talk.finished()
    expect(talk.questions).to_have_count(1)
    assert "Grace" in talk.ask("what is my name?")
    # The server has forgotten the rest as well.
    said = talk.ask("what did I say?")
    assert "Grace" in said
    assert "Ada" not in said
    assert "count" not in said


def test_a_tool_shows_what_it_was_asked_and_gave(talk: Talk) -> None:
    choose(talk, "Guide")
    talk.ask("weather city Paris")
    tool = talk.answer.locator(".tool")
    expect(tool).to_have_attribute("data-state", "done")
    tool.locator("summary").click()
    expect(tool.get_by_role("region", name="Asked")).to_contain_text('"city"')
    expect(tool.get_by_role("region", name="Result")).to_contain_text('"sky": "sunny"')
    expect(talk.answer.locator(".markdown")).to_contain_text("weather")


def test_another_answerer_hears_what_was_said_before(talk: Talk) -> None:
    talk.ask("my name is Ada")
    choose(talk, "Guide")
    talk.connected()
    assert "Ada" in talk.ask("what is my name?")


def test_settings_reach_the_server_and_stay(talk: Talk) -> None:
    drawer = talk.inspect()
    talk.page.get_by_role("button", name="Settings of this conversation").click()
    talk.page.get_by_role("textbox", name="Instructions").fill("Answer in rhyme.")
    talk.page.get_by_role("combobox", name="Reasoning").select_option("low")
    talk.page.get_by_role("button", name="Done").click()
    updates = drawer.get_by_role("button", name=re.compile("to the server, session.update"))
    expect(updates).to_have_count(2)
    updates.last.click()
    expect(drawer.locator(".wire-detail pre")).to_contain_text('"instructions": "Answer in rhyme."')
    expect(drawer.locator(".wire-detail pre")).to_contain_text('"effort": "low"')
    talk.ask("count to 2")
    talk.page.reload()
    talk.page.get_by_role("button", name="Settings of this conversation").click()
    expect(talk.page.get_by_role("textbox", name="Instructions")).to_have_value("Answer in rhyme.")


def test_a_suggestion_is_asked_by_a_click(talk: Talk) -> None:
    talk.page.get_by_role("button", name="Count to 5").click()
    talk.finished()
    assert counted(talk.words) == [1, 2, 3, 4, 5]


def test_the_send_key_can_be_chosen_and_enter_of_an_input_method_sends_nothing(talk: Talk) -> None:
    talk.box.fill("ni hao")
    talk.box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
    expect(talk.questions).to_have_count(0)
    talk.page.get_by_role("button", name="Preferences").first.click()
    talk.page.get_by_role("combobox", name="Send with").select_option("mod-enter")
    talk.page.keyboard.press("Escape")
    talk.box.fill("count to 2")
    talk.box.press("Enter")
    expect(talk.questions).to_have_count(0)
    assert talk.box.input_value() == "count to 2\n"
    talk.box.press("Control+Enter")
    expect(talk.questions).to_have_count(1)
    talk.finished()


def test_reading_back_is_not_disturbed_by_new_words(new_talk: NewTalk) -> None:
    talk = new_talk(viewport={"width": 900, "height": 420}).open()
    lines = "\n".join(f"line {number}." for number in range(1, 61))
    jump = talk.page.get_by_role("button", name="To the newest words")
    thread = talk.page.locator(".thread")
    talk.send(f"echo: {lines}")
    talk.counting(30)
    assert thread.evaluate("element => element.scrollTop") > 0
    thread.hover()
    talk.page.mouse.wheel(0, -100_000)
    expect(jump).to_be_visible()
    # A wheel scrolls smoothly.
    until(talk.page, "document.querySelector('.thread').scrollTop === 0")
    talk.finished()
    assert thread.evaluate("element => element.scrollTop") == 0
    jump.click()
    expect(jump).to_be_hidden()
    assert thread.evaluate("element => element.scrollHeight - element.clientHeight - element.scrollTop") < 2


def test_a_key_is_asked_for_and_never_put_into_an_address(new_talk: NewTalk, locked_salon: Salon) -> None:
    talk = new_talk(locked_salon.url)
    addresses: list[str] = []
    talk.page.on("request", lambda request: addresses.append(request.url))
    talk.page.on("websocket", lambda socket: addresses.append(socket.url))
    talk.page.goto(talk.url)
    key = talk.page.get_by_role("textbox", name="API key")
    key.fill("sk-wrong")
    talk.page.get_by_role("button", name="Continue").click()
    expect(talk.page.get_by_text("The server does not accept this key.")).to_be_visible()
    key.fill("sk-page-tests-0123456789")
    talk.page.get_by_role("button", name="Continue").click()
    talk.connected()
    assert counted(talk.ask("count to 3")) == [1, 2, 3]
    drawer = talk.inspect()
    assert "sk-page" not in drawer.inner_text()
    assert [address for address in addresses if "sk-" in address] == []
    # For this tab only, unless asked for more.
    assert talk.page.evaluate("JSON.stringify(localStorage).includes('sk-page')") is False


def choose(talk: Talk, name: str) -> None:
    talk.page.get_by_role("button", name="Answered by").click()
    talk.page.get_by_role("menuitemradio", name=name).click()
