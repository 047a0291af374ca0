"""A call begins, or says in which stage it does not, and what to do: nobody is left with "connecting"."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.serving import Salon
from tests.e2e.speaking import PATIENT, Open, open_at, open_voice, talker
from tests.e2e.waiting import until

__all__ = ["open_at", "open_voice", "talker"]

pytestmark = pytest.mark.e2e

CALLS = re.compile("/v1/realtime/calls")
TALKING = re.compile("listening|hearing|thinking|speaking|interrupted")

MICROPHONE = """
const { mediaDevices, permissions } = navigator;
const open = mediaDevices.getUserMedia.bind(mediaDevices);
window.opened = [];
window.waits = true;
mediaDevices.getUserMedia = async (wanted) => {
  if (window.waits) await new Promise((resolve) => (window.grant = resolve));
  const stream = await open(wanted);
  window.opened.push(stream);
  return stream;
};
const query = permissions.query.bind(permissions);
permissions.query = async (asked) => (asked.name === "microphone" ? { state: "STATE" } : query(asked));
"""
# The server begins no session, by which line ever.
SILENT = """
const hear = Object.getOwnPropertyDescriptor(RTCDataChannel.prototype, "onmessage");
const set = function (listen) { if (!window.silent) hear.set.call(this, listen); };
Object.defineProperty(RTCDataChannel.prototype, "onmessage", { get: hear.get, set });
window.silent = true;
"""


def begin(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Start talking|开始对话")).click()


def stage(page: Page, name: str, seconds: int) -> None:
    """It is at that stage, and has been for so long."""
    expect(page.locator(".voice-progress .running")).to_have_text(name)
    page.clock.run_for(seconds * 1000)


def failed(page: Page, name: str, advice: str) -> None:
    trouble = page.get_by_role("alert")
    expect(trouble.locator(".bad")).to_have_text(name)
    expect(trouble).to_contain_text(advice)


def again(page: Page) -> None:
    """What kept it is over: it comes about."""
    page.get_by_role("button", name=re.compile("Try again|重试")).click()
    # The clock of the page stands still where nobody moves it, and the call is there all the same.
    expect(page.locator(".orb")).to_have_attribute("data-state", TALKING, timeout=PATIENT)
    expect(page.locator(".voice-progress")).to_be_hidden()


@pytest.mark.parametrize(
    ("locale", "state", "name", "slow", "advice"),
    [
        ("en-US", "prompt", "Microphone", "choose Allow", "got no answer"),
        ("zh-CN", "prompt", "麦克风", "请选择“允许”", "没有得到答复"),
        ("en-US", "granted", "Microphone", "being opened", "does not answer"),
    ],
    ids=["prompt", "prompt-zh", "device"],
)
def test_a_microphone_that_nobody_allows(
    open_voice: Open, locale: str, state: str, name: str, slow: str, advice: str
) -> None:
    page = open_voice("auto", script=MICROPHONE.replace("STATE", state), clock=True, locale=locale)
    begin(page)
    stage(page, name, 2)
    expect(page.locator(".voice-progress")).to_contain_text(slow)
    stage(page, name, 60)
    failed(page, name, advice)
    # An answer that comes too late opens no microphone for good.
    page.evaluate("grant()")
    until(page, "opened.length === 1 && opened[0].getTracks().every(({ readyState }) => readyState === 'ended')")
    page.evaluate("window.waits = false")
    again(page)


def test_who_hangs_up_before_allowing_the_microphone_does_not_open_it(open_voice: Open) -> None:
    page = open_voice("auto", script=MICROPHONE.replace("STATE", "prompt"))
    begin(page)
    page.get_by_role("button", name="Hang up").click()
    page.evaluate("grant()")
    until(page, "opened.length === 1 && opened[0].getTracks().every(({ readyState }) => readyState === 'ended')")
    expect(page.locator(".orb")).to_have_attribute("data-state", "idle")


def test_ice_servers_that_never_come_are_done_without(open_voice: Open) -> None:
    page = open_voice("webrtc", clock=True, allowed="ice-servers|TimeoutError")
    held: list[Route] = []
    page.route(re.compile("/v1/ice-servers"), lambda route: held.append(route))
    begin(page)
    # The browser's own limit, which is on no clock of the page's.
    expect(page.locator(".orb")).to_have_attribute("data-state", TALKING, timeout=PATIENT)
    assert len(held) == 1


@pytest.mark.parametrize("way", ["webrtc", "websocket"])
def test_a_server_that_never_answers(open_voice: Open, way: str) -> None:
    page = open_voice(way, clock=True, allowed="realtime")
    held: list[Route] = []
    if way == "webrtc":
        page.route(CALLS, lambda route: held.append(route))
    else:
        page.evaluate("() => { window.Real = WebSocket; window.WebSocket = class { static CLOSING = 2; close() {} }; }")
    begin(page)
    stage(page, "Asking the server", 4)
    expect(page.locator(".voice-progress")).to_contain_text("takes its time")
    stage(page, "Asking the server", 10)
    failed(page, "Asking the server", "did not answer in time")
    page.unroute_all()
    page.evaluate("() => { window.WebSocket = window.Real ?? WebSocket; }")
    again(page)


BLOCKED = """
const answer = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function (given) {
  if (window.passable) return answer.call(this, given);
  return answer.call(this, { type: given.type, sdp: given.sdp.replace(/(a=candidate:\\S+ \\d \\S+ \\d+ \\S+) \\d+/g, "$1 9") });
};
"""


def test_a_network_that_lets_no_sound_through(open_voice: Open) -> None:
    page = open_voice("webrtc", clock=True, script=BLOCKED)
    begin(page)
    stage(page, "Path for the sound", 4)
    expect(page.locator(".voice-progress")).to_contain_text("being looked for")
    stage(page, "Path for the sound", 8)
    failed(page, "Path for the sound", "may block UDP")
    expect(page.get_by_role("alert").get_by_role("button", name="Settings")).to_be_visible()
    page.evaluate("window.passable = true")
    again(page)


@pytest.mark.parametrize("way", ["webrtc", "websocket"])
def test_a_conversation_that_never_begins(open_voice: Open, way: str) -> None:
    page = open_voice(way, clock=True, script=SILENT)
    if way == "websocket":
        page.route_web_socket(re.compile("/v1/realtime"), lambda socket: None)
    begin(page)
    stage(page, "Conversation", 4)
    expect(page.locator(".voice-progress")).to_contain_text("Waiting for the server")
    stage(page, "Conversation", 8)
    failed(page, "Conversation", "did not begin the conversation")
    if way == "webrtc":
        page.evaluate("window.silent = false")
        again(page)


def test_a_microphone_that_is_denied_is_explained(open_voice: Open) -> None:
    page = open_voice(
        "auto",
        script="navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))",
    )
    begin(page)
    expect(page.get_by_role("alert")).to_contain_text("does not let this page use the microphone")
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    page.get_by_role("alert").get_by_role("button", name="Microphone test").click()
    expect(page.get_by_role("dialog")).to_contain_text("does not let this page use the microphone")


def test_a_line_that_is_lost_is_made_again_until_the_server_is_back(open_at: Open, own_salon: Salon) -> None:
    page = open_at(own_salon.url, "webrtc", allowed="realtime|ice-servers|ERR_CONNECTION|ui/config")
    begin(page)
    expect(page.locator(".orb")).to_have_attribute("data-state", TALKING, timeout=PATIENT)
    own_salon.stop()
    expect(page.locator(".voice-state")).to_contain_text("Connecting again", timeout=PATIENT)
    own_salon.start()
    expect(page.locator(".orb")).to_have_attribute("data-state", TALKING, timeout=PATIENT)
