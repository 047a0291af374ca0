"""What happens to people in a call: a button let go of at once, a microphone that is gone, no network, a second tab."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.serving import Salon
from tests.e2e.speaking import PATIENT, Open, open_at, open_voice, talker
from tests.e2e.waiting import until

__all__ = ["open_at", "open_voice", "talker"]

pytestmark = pytest.mark.e2e

TALKING = re.compile("listening|hearing|thinking|speaking|interrupted")
LOCALES = pytest.mark.parametrize("locale", ["en-US", "zh-CN"])

# What the page says to the server over the data channel, and the microphones that it was given.
WATCHED = """
window.said = [];
const send = RTCDataChannel.prototype.send;
RTCDataChannel.prototype.send = function (text) {
  const event = JSON.parse(text);
  window.said.push(event);
  if (window.emptied && event.type.endsWith("commit")) send.call(this, '{"type":"input_audio_buffer.clear"}');
  return send.call(this, text);
};
const { mediaDevices } = navigator;
const open = mediaDevices.getUserMedia.bind(mediaDevices);
window.refusal = "";
window.streams = [];
mediaDevices.getUserMedia = async (wanted) => {
  if (window.refusal) throw new DOMException("no", window.refusal);
  const stream = await open(wanted);
  window.streams.push(stream);
  return stream;
};
window.lose = (refusal) => {
  window.refusal = refusal;
  const [track] = window.streams.at(-1).getAudioTracks();
  track.stop();
  track.dispatchEvent(new Event("ended"));
};
"""


def call(page: Page) -> None:
    page.locator(".voice-begin").click()
    expect(page.locator(".orb")).to_have_attribute("data-state", TALKING, timeout=PATIENT)


def said(page: Page, kind: str) -> int:
    count: int = page.evaluate(f"said.filter(({{ type }}) => type === '{kind}').length")
    return count


def test_a_button_that_is_let_go_of_at_once_says_nothing_and_one_that_is_held_is_answered(open_voice: Open) -> None:
    page = open_voice("webrtc", script=WATCHED, settings={"pushToTalk": True})
    call(page)
    orb, push = page.locator(".orb"), page.get_by_role("button", name="Hold to talk")
    push.focus()
    for _ in range(3):
        page.keyboard.press("Space")
    push.click()
    expect(orb).to_have_attribute("data-state", "listening")
    expect(page.locator(".voice-hint")).to_contain_text("Hold the button")
    assert said(page, "input_audio_buffer.clear") == 8
    # Held while the recording speaks.
    page.keyboard.down("Space")
    expect(orb).to_have_attribute("data-state", "hearing")
    until(page, "Number(document.querySelector('.orb').style.getPropertyValue('--level')) > 0.3")
    page.wait_for_timeout(1500)
    assert said(page, "input_audio_buffer.commit") == said(page, "response.create") == 0
    page.keyboard.up("Space")
    expect(page.locator(".question")).to_have_count(1, timeout=PATIENT)
    expect(page.locator(".answer").first).to_have_attribute("data-status", "done", timeout=PATIENT)
    assert said(page, "input_audio_buffer.commit") == said(page, "response.create") == 1
    expect(page.locator(".toast")).to_have_count(0)


def test_a_turn_that_the_server_finds_empty_is_no_error(open_voice: Open) -> None:
    page = open_voice("webrtc", script=WATCHED, settings={"pushToTalk": True})
    call(page)
    push = page.get_by_role("button", name="Hold to talk")
    push.focus()
    page.keyboard.down("Space")
    page.wait_for_timeout(400)
    # What was heard so far is taken away just before the button is let go of.
    page.evaluate("window.emptied = true")
    page.keyboard.up("Space")
    expect(page.locator(".orb")).to_have_attribute("data-state", "listening")
    assert said(page, "input_audio_buffer.commit") == 1
    assert said(page, "response.create") == 0
    expect(page.locator(".toast")).to_have_count(0)


@LOCALES
def test_a_microphone_that_is_gone_is_explained_and_comes_back(open_voice: Open, locale: str) -> None:
    page = open_voice("webrtc", script=WATCHED, locale=locale)
    call(page)
    hint = page.locator(".voice-hint")
    again = page.get_by_role("button", name=re.compile("Try again|重试"))
    # It is not allowed any more.
    page.evaluate("lose('NotAllowedError')")
    expect(hint).to_contain_text("Allow it" if locale == "en-US" else "请在地址栏左侧允许")
    page.evaluate("window.refusal = ''")
    again.click()
    expect(again).to_be_hidden()
    # It is unplugged, and another one is plugged in.
    page.evaluate("lose('NotFoundError')")
    expect(hint).to_contain_text("Connect one" if locale == "en-US" else "请接上")
    page.evaluate("window.refusal = ''; navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    expect(again).to_be_hidden()
    until(page, "streams.at(-1).active")
    expect(page.locator(".question").first).to_be_visible(timeout=PATIENT)


@LOCALES
def test_without_a_network_it_says_so(open_voice: Open, locale: str) -> None:
    page = open_voice("auto", locale=locale, allowed="ERR_INTERNET_DISCONNECTED|ERR_NETWORK")
    page.context.set_offline(True)
    page.locator(".voice-begin").click()
    expect(page.get_by_role("alert")).to_contain_text("not connected" if locale == "en-US" else "没有联网")
    page.context.set_offline(False)
    page.get_by_role("button", name=re.compile("Try again|重试")).click()
    expect(page.locator(".orb")).to_have_attribute("data-state", TALKING, timeout=PATIENT)


def test_a_websocket_that_carries_nothing_is_noticed_and_made_again(open_voice: Open) -> None:
    page = open_voice("websocket", allowed="healthz|ERR_FAILED")
    call(page)
    expect(page.locator(".voice-signal")).to_contain_text(re.compile(r"\d ms"), timeout=PATIENT)
    page.route(re.compile("/healthz"), lambda route: route.abort())
    expect(page.locator(".voice-hint")).to_contain_text("Nothing gets through", timeout=PATIENT)
    expect(page.locator(".voice-state")).to_contain_text("Connecting again", timeout=PATIENT)
    page.unroute_all()
    expect(page.locator(".orb")).to_have_attribute("data-state", TALKING, timeout=PATIENT)
    expect(page.locator(".voice-hint")).not_to_contain_text("Nothing gets through")


def test_a_call_in_another_tab_ends_this_one_and_can_be_brought_back(open_voice: Open) -> None:
    first = open_voice("webrtc")
    call(first)
    first.locator("#composer").fill("count to 3")
    first.keyboard.press("Enter")
    expect(first.locator(".answer").last).to_contain_text("3", timeout=PATIENT)
    # As soon as it is kept, it can be opened elsewhere.
    until(first, "location.hash.includes('conv_')")
    second = first.context.new_page()
    second.goto(first.url)
    expect(second.locator(".question").first).to_contain_text("count to 3", timeout=PATIENT)
    call(second)
    expect(first.locator(".orb")).to_have_attribute("data-state", "idle", timeout=PATIENT)
    expect(first.locator(".voice-hint")).to_contain_text("goes on in another tab")
    second.get_by_role("button", name="Mute the microphone").click()
    second.locator("#composer").fill("count to 4")
    second.keyboard.press("Enter")
    expect(second.locator(".answer").last).to_contain_text("4", timeout=PATIENT)
    call(first)
    expect(second.locator(".orb")).to_have_attribute("data-state", "idle", timeout=PATIENT)
    expect(first.locator(".question", has_text="count to 4")).to_be_visible(timeout=PATIENT)


IAT = """
[[agents]]
name = "iat"
title = "Iat"
asr = ["spark:iat"]
[providers.spark]
app_id = "a"
api_key = "k"
api_secret = "s"
"""


@pytest.mark.parametrize(("locale", "language"), [("en-US", "en"), ("zh-CN", "zh-CN")])
def test_a_recogniser_is_told_the_pages_language_where_it_has_to_be(
    open_at: Open, tmp_path: Path, locale: str, language: str
) -> None:
    salon = Salon(tmp_path, more=IAT)
    salon.start()
    told = "said.findLast(({ type }) => type === 'session.update').session.audio.input.transcription"
    try:
        page = open_at(salon.url, "webrtc", script=WATCHED, locale=locale)
        # The one that comes with Salon finds it out.
        call(page)
        assert page.evaluate(told) == {}
        page.get_by_role("button", name=re.compile("Hang up|挂断")).click()
        page.get_by_role("radio", name="Iat").click()
        page.evaluate("window.said = []")
        call(page)
        assert page.evaluate(told) == {"language": language}
    finally:
        salon.stop()
