"""Bad networks and servers that go away: nothing is lost, and the page says what is going on."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.conftest import NewTalk
from tests.e2e.relay import Relay
from tests.e2e.serving import Salon
from tests.e2e.talk import SLOW, counted

pytestmark = pytest.mark.e2e


def test_a_connection_cut_in_the_middle_of_an_answer_loses_no_word(new_talk: NewTalk, relay: Relay) -> None:
    talk = new_talk(relay.url).open()
    talk.send("count to 80")
    for number in (5, 25, 45):
        talk.counting(number)
        relay.cut()
        expect(talk.page.locator(".dot")).not_to_have_attribute("data-state", "open")
        relay.mend()
        talk.connected()
    talk.finished()
    assert counted(talk.words) == list(range(1, 81))


def test_words_sent_while_the_connection_is_away_arrive_once(new_talk: NewTalk, relay: Relay) -> None:
    talk = new_talk(relay.url).open()
    talk.ask("count to 2")
    relay.cut()
    expect(talk.page.get_by_text("The connection was lost.")).to_be_visible(timeout=SLOW)
    talk.send("count to 5")
    expect(talk.answer).to_have_attribute("data-status", "waiting")
    relay.mend()
    # It may have come back by itself meanwhile, and the button is gone with the banner.
    talk.page.evaluate("document.querySelector('.banner button')?.click()")
    talk.finished()
    assert counted(talk.words) == [1, 2, 3, 4, 5]
    said = talk.ask("what did I say?")
    assert said.count("count to 5") == 1
    expect(talk.page.get_by_text("The connection was lost.")).to_be_hidden()


def test_words_sent_in_the_moment_of_the_cut_are_answered_once(new_talk: NewTalk, relay: Relay) -> None:
    talk = new_talk(relay.url).open()
    talk.ask("my name is Ada")
    talk.box.fill("count to 5")
    relay.cut()
    talk.box.press("Enter")
    relay.mend()
    talk.finished()
    assert counted(talk.words) == [1, 2, 3, 4, 5]
    assert talk.ask("what did I say?").count("count to 5") == 1


def test_a_server_that_was_restarted_is_told_the_conversation_again(new_talk: NewTalk, own_salon: Salon) -> None:
    talk = new_talk(own_salon.url).open()
    talk.ask("my name is Ada")
    talk.send("count to 200")
    talk.counting(5)
    own_salon.kill()
    expect(talk.page.get_by_text("The connection was lost.")).to_be_visible(timeout=SLOW)
    own_salon.start()
    talk.finished("cut")
    assert counted(talk.words)[:5] == [1, 2, 3, 4, 5]
    expect(talk.answer.get_by_text("The answer was cut off when the server restarted")).to_be_visible()
    talk.answer.locator(".problem").get_by_role("button", name="Answer again").click()
    talk.counting(8)
    talk.stop_button.click()
    talk.finished("stopped")
    assert "Ada" in talk.ask("what is my name?")


def test_being_offline_is_said_and_ends_by_itself(new_talk: NewTalk, relay: Relay) -> None:
    talk = new_talk(relay.url).open()
    talk.page.context.set_offline(True)
    relay.cut()
    expect(talk.page.get_by_text("This device is offline.")).to_be_visible(timeout=SLOW)
    relay.mend()
    talk.page.context.set_offline(False)
    talk.connected()
    assert counted(talk.ask("count to 3")) == [1, 2, 3]


def test_a_server_that_does_not_answer_is_said_to_be_so(new_talk: NewTalk) -> None:
    talk = new_talk()
    talk.page.route("**/v1/ui/config", lambda route: route.abort())
    talk.page.goto(talk.url)
    expect(talk.page.get_by_role("heading", name="Salon does not answer")).to_be_visible()
    talk.page.unroute("**/v1/ui/config")
    talk.page.get_by_role("button", name="Try again").click()
    talk.connected()


def test_a_model_that_the_server_refuses_is_not_asked_for_for_ever(new_talk: NewTalk) -> None:
    talk = new_talk()

    def offer(route: Route) -> None:
        config = route.fetch().json()
        config["models"].append({"name": "nobody:nothing", "title": "Nothing", "images": False})
        route.fulfill(json=config)

    talk.page.route("**/v1/ui/config", offer)
    talk.open()
    talk.page.get_by_role("button", name="Answered by").click()
    talk.page.get_by_role("menuitemradio", name="Nothing").click()
    expect(talk.page.get_by_text("The server does not accept this connection.")).to_be_visible(timeout=SLOW)
    talk.page.get_by_role("button", name="Answered by").click()
    talk.page.get_by_role("menuitemradio", name="Guide").click()
    talk.connected()
    expect(talk.page.locator(".banner")).to_be_hidden()


@pytest.mark.parametrize(
    ("code", "says", "offers"),
    [
        ("inference_rate_limit_exceeded", "Too many requests for now", "Answer again"),
        ("provider_auth_failed", "The provider does not accept the server’s key", None),
        ("provider_unreachable", "The model cannot be reached", "Answer again"),
        ("context_length_exceeded", "This conversation is too long for the model", "New conversation"),
        ("some_new_code", "Something went wrong", "Answer again"),
    ],
)
def test_a_failed_answer_says_what_to_do(new_talk: NewTalk, code: str, says: str, offers: str | None) -> None:
    talk = new_talk()
    message = "What the provider said."
    failed = {"status": "failed", "status_details": {"type": "failed", "error": {"code": code, "message": message}}}
    # Between page and server, every answer is made a failed one.
    talk.page.add_init_script(
        f"""{{
            const Real = WebSocket;
            const failed = {failed!r};
            globalThis.WebSocket = class extends Real {{
                set onmessage(listener) {{
                    super.onmessage = ({{ data }}) => {{
                        const event = JSON.parse(data);
                        if (event.type === "response.done") Object.assign(event.response, failed);
                        listener({{ data: JSON.stringify(event) }});
                    }};
                }}
            }};
        }}"""
    )
    talk.open()
    talk.send("count to 2")
    talk.finished("failed")
    card = talk.answer.locator(".problem")
    expect(card.locator(".problem-title")).to_have_text(says)
    expect(card).to_contain_text(message)
    assert card.get_by_role("button").all_inner_texts() == ([offers] if offers else [])
    expect(talk.page.locator(".composer").get_by_role("button", name=re.compile("Send"))).to_be_visible()
