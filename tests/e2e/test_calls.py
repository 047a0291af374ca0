"""Calls between pages, with cameras and microphones that are made up."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.calling import SLOW, Caller, met
from tests.e2e.conftest import NewTalk
from tests.e2e.relay import Relay
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

NewCaller = Callable[..., Caller]


@pytest.fixture
def new_caller(new_talk: NewTalk) -> NewCaller:
    def new_caller(url: str = "", **options: object) -> Caller:
        talk = new_talk(url, **options)
        return Caller(talk.page, talk.url)

    return new_caller


def test_the_sequence_of_a_call_from_offer_to_answered_close(new_caller: NewCaller) -> None:
    ann, bob = new_caller(), new_caller()
    ann.name("Ann")
    drawer = ann.inspect()
    ann.call(bob.id)
    expect(bob.dialog).to_contain_text("Ann", timeout=SLOW)
    expect(ann.tiles.locator(".tile-state")).to_have_text("Ringing …")
    bob.answer()
    ann.sees(bob)
    bob.sees(ann)
    expect(bob.tiles.locator(".tile-name")).to_have_text("Ann")
    # What each sees of the other's figures, and that nobody stands between.
    detail = [each.page.locator(".call-detail") for each in (ann, bob)]
    for each in detail:
        expect(each).to_contain_text(
            re.compile(r"ms there and back.* direct .*code \d{5} \d{5} \d{5} \d{5}"), timeout=SLOW
        )
    codes = [re.search(r"code [\d ]+", each.inner_text()) for each in detail]
    assert codes[0] and codes[1] and codes[0][0] == codes[1][0]
    expect(drawer.locator(".wire-row[data-way=down]", has_text="RTP")).to_be_visible(timeout=SLOW)
    ann.press("Hang up")
    ann.in_lobby()
    bob.in_lobby()
    expect(bob.notice).to_contain_text("Ann hung up.")
    expect(drawer.get_by_text("ANSWER · closed")).to_be_visible()
    rows = [
        (row.get_attribute("data-way"), row.locator(".wire-type").inner_text())
        for row in drawer.locator(".wire-row").all()
    ]
    steps = [
        ("up", "OFFER"), ("down", "ANSWER · ringing"), ("down", "ANSWER"), ("none", "ICE connected"), ("up", "RTP"),
        ("down", "RTP"), ("up", "ANSWER · close"), ("down", "ANSWER · closed"),
    ]  # fmt: skip
    assert [row for row in rows if row in steps] == steps
    assert {("up", "CANDIDATE"), ("down", "CANDIDATE")} <= set(rows)
    for phase in ("Signaling", "Media", "Hanging up"):
        expect(drawer.locator(".caption", has_text=phase).first).to_be_visible()


@pytest.mark.parametrize(("button", "says"), [("Decline", "declined"), ("Busy now", "is busy")])
def test_a_call_is_turned_down_with_a_reason(new_caller: NewCaller, button: str, says: str) -> None:
    ann, bob = new_caller(), new_caller()
    ann.call(bob.id)
    expect(bob.dialog).to_be_visible(timeout=SLOW)
    # Whoever types when it rings answers nothing by a key.
    bob.page.keyboard.press("Enter")
    expect(bob.dialog).to_be_visible()
    bob.answer(button)
    expect(ann.notice).to_contain_text(f"{bob.id} {says}", timeout=SLOW)
    expect(bob.dialog).to_have_count(0)


def test_whoever_hangs_up_before_the_answer_rings_no_more(new_caller: NewCaller) -> None:
    ann, bob = new_caller(), new_caller()
    ann.call(bob.id, "Voice call")
    expect(bob.dialog).to_contain_text("Incoming call", timeout=SLOW)
    expect(ann.tiles.locator(".tile-state")).to_have_text("Ringing …")
    ann.press("Hang up")
    expect(bob.dialog).to_have_count(0)
    ann.in_lobby()


def test_nobody_is_there(new_caller: NewCaller) -> None:
    ann = new_caller()
    ann.call("nobody-at-all")
    expect(ann.notice).to_contain_text("Nobody is reached by nobody-at-all now.", timeout=SLOW)
    # To be tried again at a click.
    expect(ann.page.locator("#calls-id")).to_have_value("nobody-at-all")
    ann.call("--")
    expect(ann.page.get_by_role("alert")).to_contain_text("That is no id.")
    ann.call(ann.id)
    expect(ann.page.get_by_role("alert")).to_contain_text("That is your own id.")


def test_a_call_is_heard_in_every_view_and_goes_on_in_all(new_caller: NewCaller) -> None:
    ann, bob = new_caller(), new_caller()
    bob.page.get_by_role("link", name="Talk").click()
    ann.call(bob.id)
    expect(bob.dialog).to_be_visible(timeout=SLOW)
    expect(bob.page.locator(".rail .badge")).to_have_text("!")
    bob.answer()
    ann.sees(bob)
    bob.page.get_by_role("link", name="Talk").click()
    expect(bob.page.locator("#composer")).to_be_visible()
    bob.page.get_by_role("link", name="Calls").click()
    bob.sees(ann)


def test_mute_and_camera_are_told_and_devices_change_without_another_offer(new_caller: NewCaller) -> None:
    ann, bob = new_caller(), new_caller()
    drawer = ann.inspect()
    met(ann, bob)
    before = bob.tiles.locator("figcaption svg").count()
    ann.press("Mute")
    expect(bob.tiles.locator("figcaption svg")).to_have_count(before + 1)
    ann.press("Unmute")
    expect(bob.tiles.locator("figcaption svg")).to_have_count(before)
    ann.press("Turn the camera off")
    expect(bob.tiles.locator("video")).to_be_hidden()
    ann.press("Turn the camera on")
    bob.sees(ann)
    ann.press("Microphone and camera")
    ann.page.get_by_role("menuitemradio", name="fake_device_2").click()
    bob.sees(ann)
    ann.press("Microphone and camera")
    expect(ann.page.get_by_role("menuitemradio", name="fake_device_2")).to_be_checked()
    ann.page.get_by_role("menuitemradio", name="Fake Audio Input 1").click()
    ann.press("Microphone and camera")
    expect(ann.page.get_by_role("menuitemradio", name="Fake Audio Input 1")).to_be_checked()
    ann.page.keyboard.press("Escape")
    expect(drawer.locator(".wire-type", has_text=re.compile("^OFFER$"))).to_have_count(1)


def test_the_screen_is_shared_in_place_of_the_camera(new_caller: NewCaller) -> None:
    ann, bob = new_caller(), new_caller()
    met(ann, bob)
    ann.press("Share the screen")
    expect(bob.page.locator(".tile.screen[data-peer]")).to_be_visible(timeout=SLOW)
    bob.sees(ann)
    ann.press("Stop sharing")
    expect(bob.page.locator(".tile.screen")).to_have_count(0)
    bob.sees(ann)


def test_three_meet_in_a_mesh_and_two_stay(new_caller: NewCaller) -> None:
    ann, bob, eve = new_caller(), new_caller(), new_caller()
    met(ann, bob)
    ann.press("Bring somebody in")
    ann.page.get_by_role("textbox", name="Id or link").fill(f"{ann.page.url.partition('#')[0]}#/calls/{eve.id}")
    ann.page.get_by_role("dialog").get_by_role("button", name="Call", exact=True).click()
    eve.answer()
    ann.sees(bob, eve)
    bob.sees(ann, eve)
    eve.sees(ann, bob)
    # Each is encoded twice now, so it is smaller than for one.
    small = "[...document.querySelectorAll('.tile[data-peer] video')].every(({ videoWidth }) => videoWidth <= 640)"
    until(eve.page, small)
    ann.press("Hang up")
    bob.sees(eve)
    eve.sees(bob)


def test_two_who_call_each_other_have_one_call(new_caller: NewCaller) -> None:
    ann, bob = new_caller(), new_caller()
    for caller, called in ((ann, bob), (bob, ann)):
        caller.page.locator("#calls-id").fill(called.id)
    script = "document.querySelector('.card-actions .primary').click()"
    # Bob has no camera yet when Ann's call comes, and calls her by himself.
    ann.page.evaluate(script)
    bob.page.evaluate(script)
    for each in (ann, bob):
        answer = each.page.get_by_role("button", name="With video")
        expect(answer.or_(each.page.locator(".tile[data-state=connected]")).first).to_be_visible(timeout=SLOW)
        if answer.is_visible():
            answer.click()
    ann.sees(bob)
    bob.sees(ann)


def test_whoever_calls_one_who_rings_answers(new_caller: NewCaller) -> None:
    ann, bob = new_caller(), new_caller()
    bob.page.locator("#calls-id").fill(ann.id)
    ann.call(bob.id)
    expect(bob.dialog).to_be_visible(timeout=SLOW)
    # From behind the dialog, as one whose click and whose call cross.
    bob.page.evaluate("document.querySelector('.card-actions .primary').click()")
    expect(bob.dialog).to_have_count(0)
    ann.sees(bob)
    bob.sees(ann)


def test_who_is_in_a_call_is_busy(new_caller: NewCaller) -> None:
    ann, bob, eve = new_caller(), new_caller(), new_caller()
    met(ann, bob)
    eve.call(bob.id)
    expect(eve.notice).to_contain_text("is busy", timeout=SLOW)
    ann.sees(bob)


@pytest.mark.parametrize("how", ["closed", "left"])
def test_a_tab_that_goes_hangs_up_first(new_caller: NewCaller, how: str) -> None:
    ann, bob = new_caller(), new_caller()
    bob.name("Bob")
    met(ann, bob)
    drawer = ann.inspect()
    if how == "closed":
        bob.page.close(run_before_unload=True)
    else:
        bob.page.goto("about:blank")
    expect(ann.notice).to_contain_text("Bob hung up.", timeout=SLOW)
    expect(drawer.locator(".wire-row[data-way=down]", has_text="ANSWER · close")).to_have_count(1)


def test_a_call_outlives_the_signaling_and_finds_new_paths(new_caller: NewCaller, relay: Relay) -> None:
    ann, bob = new_caller(relay.url), new_caller()
    met(ann, bob)
    relay.cut()
    expect(ann.page.locator(".dot")).to_have_attribute("data-state", re.compile("waiting|connecting"), timeout=SLOW)
    bob.sees(ann)
    relay.mend()
    expect(ann.page.locator(".dot")).to_have_attribute("data-state", "open", timeout=SLOW)
    drawer = ann.inspect()
    # What a browser says when the machine goes from one network to another.
    ann.page.evaluate("dispatchEvent(new Event('online'))")
    expect(drawer.get_by_text("ICE restart")).to_be_visible()
    expect(drawer.locator(".wire-row[data-way=down] .wire-type", has_text=re.compile("^ANSWER$"))).to_have_count(
        2, timeout=SLOW
    )
    bob.sees(ann)
    ann.press("Hang up")
    bob.in_lobby()
