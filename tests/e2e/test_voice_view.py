"""The Voice view around a call: by keyboard, with and without subtitles, both pictures, over a reload, in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.e2e.serving import Salon
from tests.e2e.speaking import PATIENT, Open, microphone, open_at, open_voice, speaker, talker
from tests.e2e.talk import Talk
from tests.e2e.waiting import until

__all__ = ["open_at", "open_voice", "talker"]

pytestmark = pytest.mark.e2e


def in_call(page: Page) -> None:
    expect(page.locator(".voice-info")).to_contain_text("WebRTC", timeout=PATIENT)


def test_a_call_is_made_by_keyboard_alone(open_voice: Open) -> None:
    page = open_voice("webrtc")
    keys = page.keyboard
    radio = page.get_by_role("radio")
    radio.first.focus()
    for key, chosen in (("ArrowRight", 1), ("ArrowDown", 0), ("ArrowLeft", 1), ("ArrowUp", 0)):
        keys.press(key)
        expect(radio.nth(chosen)).to_be_focused()
        expect(radio.nth(chosen)).to_be_checked()
        expect(radio.nth(1 - chosen)).not_to_be_checked()
    page.get_by_role("button", name="Start talking").focus()
    keys.press("Enter")
    # What took its place has the focus, while it begins and in the call.
    expect(page.get_by_role("button", name="Hang up")).to_be_focused()
    in_call(page)
    expect(page.get_by_role("button", name="Hang up")).to_be_focused()
    mute = page.get_by_role("button", name="Mute the microphone")
    mute.focus()
    keys.press("Enter")
    expect(mute).to_have_attribute("aria-pressed", "true")
    box = page.get_by_label("Message", exact=True)
    box.focus()
    keys.type("count to 90")
    keys.press("Enter")
    expect(page.locator(".orb")).to_have_attribute("data-state", "speaking", timeout=PATIENT)
    # From where one writes.
    expect(box).to_be_focused()
    keys.press("Escape")
    expect(page.locator(".answer").last).to_have_attribute("data-status", "stopped", timeout=PATIENT)
    stop = page.get_by_role("button", name="Stop the answer")
    stop.focus()
    expect(stop).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Hang up").focus()
    keys.press("Enter")
    expect(page.get_by_role("button", name="Go on by voice")).to_be_focused()


GIVEN = """const { addTrack } = RTCPeerConnection.prototype;
    window.given = [];
    RTCPeerConnection.prototype.addTrack = function (track, ...streams) {
      given.push(track.enabled);
      return addTrack.call(this, track, ...streams);
    };"""


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_key_is_held_to_talk(open_voice: Open, key: str) -> None:
    page = open_voice("webrtc", settings={"pushToTalk": True}, script=GIVEN)
    page.get_by_role("button", name="Start talking").click()
    in_call(page)
    assert page.evaluate("given") == [False], "who has pressed nothing is not heard, not even while the call begins"
    orb = page.locator(".orb")
    page.get_by_role("button", name="Hold to talk").focus()
    page.keyboard.down(key)
    expect(orb).to_have_attribute("data-state", "hearing")
    page.keyboard.up(key)
    expect(orb).not_to_have_attribute("data-state", "hearing")


def test_subtitles_are_switched_off_and_stay_off(open_voice: Open) -> None:
    page = open_voice("webrtc")
    start, thread = page.locator(".voice-begin"), page.locator(".thread")
    start.click()
    in_call(page)
    page.get_by_role("button", name="Mute the microphone").click()
    switch = page.get_by_role("button", name="Subtitles")
    expect(switch).to_have_attribute("aria-pressed", "true")
    switch.click()
    expect(thread).to_be_hidden()
    expect(page.get_by_text("Subtitles are off.")).to_be_visible()
    page.get_by_label("Message", exact=True).fill("count to 3")
    page.keyboard.press("Enter")
    expect(page.locator(".orb")).to_have_attribute("data-state", "speaking", timeout=PATIENT)
    page.get_by_role("button", name="Hang up").click()
    # What was said is there, and what was not, from wherever the call ended.
    expect(page.locator(".answer").last).to_contain_text(re.compile(r"1\W*2\W*3"))
    expect(thread).to_be_visible()
    page.reload()
    start.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(thread).to_be_hidden()
    switch.click()
    expect(thread).to_be_visible()


WIDTH = "(each) => document.querySelector(each).getBoundingClientRect().width"
LARGE = f"(({WIDTH})('.sight-frame') > 2 * ({WIDTH})('.orb'))"
SMALL = f"(({WIDTH})('.sight-frame') < ({WIDTH})('.orb'))"
SEES = '[[agents]]\nname = "seer"\nllm = ["openai:gpt-4o-mini"]\n[providers.openai]\napi_key = "k"\nbase_url = "http://127.0.0.1:9/v1"\n'


def test_the_large_and_the_small_picture_are_exchanged(open_at: Open, tmp_path: Path) -> None:
    salon = Salon(tmp_path, more=SEES)
    salon.start()
    try:
        page = open_at(salon.url, "webrtc")
        own = page.locator(".sight-frame")
        page.get_by_role("radio", name="seer").click()

        def show() -> None:
            page.locator(".voice-begin").click()
            in_call(page)
            page.get_by_role("button", name="Mute the microphone").click()
            page.get_by_role("button", name="Show the camera").click()
            expect(own).to_be_visible()

        show()
        until(page, SMALL)
        page.get_by_role("button", name="Exchange the large and the small picture").click()
        until(page, LARGE)
        page.get_by_role("button", name="Show the camera").click()
        expect(own).to_be_hidden()
        # It is remembered.
        page.reload()
        page.get_by_role("radio", name="seer").click()
        show()
        until(page, LARGE)
    finally:
        salon.stop()


def test_a_call_over_a_reload_is_one_conversation(open_voice: Open) -> None:
    # The call is hung up by a page that goes away and waits for no answer.
    page = open_voice("webrtc", allowed="/hangup|net::ERR_ABORTED")
    talk = Talk(page, "")
    begin = page.locator(".voice-begin")

    def call() -> None:
        begin.click()
        in_call(page)
        page.get_by_role("button", name="Mute the microphone").click()

    call()
    talk.ask_aloud("count to 3")
    expect(talk.answer).to_have_attribute("data-status", "done", timeout=PATIENT)
    talk.ask_aloud("count to 90")
    expect(talk.answer.locator(".heard")).to_contain_text("4", timeout=PATIENT)
    # In the middle of the answer.
    page.reload()
    expect(talk.questions).to_have_count(2)
    expect(talk.answers.first).to_contain_text(re.compile(r"1\D*2\D+3"))
    expect(talk.answer).to_contain_text("3, 4")
    expect(talk.answer).not_to_have_attribute("aria-busy", "true")
    expect(begin).to_have_text("Go on by voice")
    call()
    talk.ask_aloud("what did I say?")
    expect(talk.answer).to_contain_text("count to 90", timeout=PATIENT)
    expect(talk.conversations).to_have_count(1)


@pytest.fixture(scope="module")
def chinese(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = speaker(playwright, microphone(tmp_path_factory.mktemp("chinese"), "ni-neng-zuo-shenme.wav"))
    yield browser
    browser.close()


def test_who_speaks_chinese_is_greeted_heard_and_answered_in_chinese(
    open_at: Open, chinese: Browser, tmp_path: Path
) -> None:
    salon = Salon(tmp_path)
    # As it comes, without agents of anybody's: the six scenes.
    (tmp_path / "salon.toml").write_text('[media]\nload_limit = 1e9\n[llm]\ndefault = ["demo"]\n[rooms]\npath = ""\n')
    salon.start()
    try:
        page = open_at(salon.url, "webrtc", browser=chinese, locale="zh-CN", greets=True)
        scenes = page.get_by_role("radio")
        titles = ["智能助手", "智能客服", "同声传译", "儿童百科", "学习辅导", "读屏助手"]
        expect(scenes.locator("strong")).to_have_text(titles)
        latin = re.compile("[a-z]{3}", re.IGNORECASE)
        for title in titles:
            page.get_by_role("radio", name=title).click()
            # Its welcome and what one could say.
            expect(page.locator(".scene-chosen > p").first).to_contain_text(title)
            shown = page.locator(".scene-chosen > p, .scene-chosen li").all_inner_texts()
            assert len(shown) >= 4
            assert [text for text in shown if latin.search(text.replace("Markdown", ""))] == []
        page.get_by_role("radio", name="儿童百科").click()
        page.get_by_role("button", name="开始对话").click()
        talk = Talk(page, "")
        expect(talk.answers.first).to_contain_text("小朋友你好", timeout=PATIENT)
        expect(talk.questions.first).to_contain_text("你能做什么", timeout=PATIENT)
        expect(talk.answers.nth(1).locator(".heard")).to_contain_text(re.compile("[\u4e00-\u9fff]{2}"), timeout=PATIENT)
        expect(page.locator(".voice-state")).to_have_text(re.compile("正在|已打断"))
        # Words that are not the page's own in a page in Chinese would be seen here.
        hints = page.locator(".voice-stage").inner_text()
        assert not latin.search(re.sub("WebRTC|Esc|Salon|UDP|TCP|ms", "", hints)), hints
    finally:
        salon.stop()
