"""Live in the page: two windows and a server, with a camera and a microphone that are made up."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Response, expect

from salon.base.ids import worker_of
from tests.e2e.conftest import NewTalk
from tests.e2e.serving import Salon
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e

SLOW = 20_000
# The viewer's clock from the answer to its first picture.
FIRST_PICTURE = """
    const ask = window.fetch;
    window.fetch = async (...request) => {
        const response = await ask.call(window, ...request);
        if (response.status === 201) window.answered = performance.now();
        return response;
    };
    window.took = new Promise((resolve) => {
        new MutationObserver((_, observer) => {
            const video = document.querySelector(".live-video");
            if (!video) return;
            observer.disconnect();
            video.requestVideoFrameCallback((now) => resolve(Math.round(now - window.answered)));
        }).observe(document, { childList: true, subtree: true });
    });
"""


class Window:
    """A window with the Live view."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self, path: str = "live") -> Window:
        self.page.goto(f"{self.url}#/{path}")
        return self

    def press(self, name: str | re.Pattern[str]) -> None:
        self.page.get_by_role("button", name=name, exact=isinstance(name, str)).click()

    def go_live(self, room: str) -> Window:
        self.open()
        self.press("Camera")
        self.page.get_by_label("Name", exact=True).fill(room)
        self.press("Go live")
        expect(self.badge).to_have_text("Live", timeout=SLOW)
        return self

    def watch(self, room: str) -> Window:
        return self.open(f"live/{room}")

    @property
    def badge(self) -> Locator:
        return self.page.locator(".live-bar .live-badge")

    def sees(self, minimum: int = 5) -> None:
        """Wait until so many more pictures were shown."""
        until(self.page, "document.querySelector('.live-video')?.videoWidth > 0")
        self.page.evaluate(
            """(wanted) => new Promise((resolve) => {
                const video = document.querySelector(".live-video");
                const next = () => (wanted-- > 0 ? video.requestVideoFrameCallback(next) : resolve());
                next();
            })""",
            minimum,
        )

    def inspect(self) -> Locator:
        self.page.get_by_role("button", name=re.compile("nspector")).first.click()
        drawer = self.page.get_by_role("complementary")
        expect(drawer).to_be_visible()
        return drawer


NewWindow = Callable[..., Window]


@pytest.fixture
def new_window(new_talk: NewTalk) -> NewWindow:
    def new_window(url: str = "", **options: Any) -> Window:
        talk = new_talk(url, **options)
        return Window(talk.page, talk.url)

    return new_window


@pytest.fixture
def recording_salon(tmp_path: Path) -> Iterator[Salon]:
    folder = tmp_path / "recordings"
    salon = Salon(tmp_path, more=f'\n[live]\nrecordings = "{folder}"\n')
    salon.start()
    yield salon
    salon.stop()


@pytest.fixture
def salon_of_two(tmp_path: Path) -> Iterator[Salon]:
    salon = Salon(tmp_path, more="\n[server]\nworkers = 2\n")
    salon.start()
    yield salon
    salon.stop()


def test_one_sends_and_another_sees_it_at_once(new_window: NewWindow) -> None:
    ann, bob = new_window(), new_window()
    ann.go_live("studio")
    bob.page.add_init_script(FIRST_PICTURE)
    bob.watch("studio")
    took = bob.page.evaluate("took")
    print(f"first picture {took} ms after the answer")
    bob.sees()
    expect(bob.badge).to_have_text("Live")
    expect(ann.page.locator(".live-viewers")).to_contain_text("1 watching", timeout=SLOW)
    # It starts without sound, and says how to have it.
    assert bob.page.locator(".live-video").evaluate("(video) => video.muted")
    bob.page.locator(".live-unmute").click()
    assert not bob.page.locator(".live-video").evaluate("(video) => video.muted")
    expect(bob.page.locator(".live-line")).to_contain_text(re.compile(r"\d+ ms behind · \d+ × \d+"), timeout=SLOW)
    bob.page.get_by_text("Figures").click()
    expect(bob.page.locator(".live-figures")).to_contain_text("VP8")
    ann.press("End broadcast")
    expect(bob.page.locator(".live-over").first).to_contain_text("has gone", timeout=SLOW)
    expect(ann.badge).to_have_text("Preview")


def test_the_inspector_draws_what_happened(new_window: NewWindow) -> None:
    ann, bob = new_window(), new_window()
    ann.go_live("drawn")
    bob.watch("drawn")
    bob.sees()
    drawer = bob.inspect()
    expect(drawer.get_by_text("first packet out")).to_be_visible(timeout=SLOW)
    said = [text.strip() for text in drawer.locator(".wire-type").all_inner_texts()]
    wanted = ["POST /whep/drawn", "201 Created", "selected", "dtls started", "dtls done", "first packet out"]
    assert [step for step in said if step in wanted] == wanted
    with bob.page.expect_download() as saved:
        drawer.get_by_role("button", name=re.compile("Download|Export")).click()
    text = Path(saved.value.path()).read_text("utf-8")
    json.loads(text)
    # No password of ICE and no fingerprint's key is in what people send each other.
    assert "a=ice-pwd:•••" in text
    assert not re.search(r"a=ice-pwd:(?!•••)", text)
    bob.open("live")
    expect(drawer.locator(".wire-type", has_text="DELETE")).to_be_visible(timeout=SLOW)


def test_the_list_share_and_obs(new_window: NewWindow) -> None:
    ann, bob = new_window(), new_window()
    bob.open()
    ann.go_live("listed")
    card = bob.page.locator(".live-card", has_text="listed")
    expect(card).to_contain_text("VP8", timeout=SLOW)
    ann.press("Share")
    dialog = ann.page.get_by_role("dialog")
    expect(dialog.locator("input")).to_have_value(f"{ann.url}#/live/listed")
    expect(dialog.get_by_role("img", name="QR code of the link")).to_be_visible()
    ann.page.keyboard.press("Escape")
    card.click()
    bob.sees()
    bob.page.get_by_role("link", name="All that is live").click()
    bob.press("OBS Studio and others")
    expect(bob.page.get_by_role("dialog").locator("input").first).to_have_value(re.compile(r"/whip/live-\w+$"))


def test_a_viewer_waits_for_a_name_and_stays_while_its_publisher_is_away(new_window: NewWindow) -> None:
    bob = new_window().watch("patience")
    expect(bob.page.locator(".live-over").first).to_contain_text("Nobody is live", timeout=SLOW)
    ann = new_window().go_live("patience")
    bob.sees()
    # A window that is closed without a word is gone like a machine that crashed.
    ann.page.goto("about:blank")
    expect(bob.badge).to_have_text("Interrupted", timeout=SLOW)
    requests: list[str] = []
    bob.page.on("request", lambda request: request.method == "POST" and requests.append(request.url))
    new_window().go_live("patience")
    bob.sees()
    expect(bob.badge).to_have_text("Live", timeout=SLOW)
    assert requests == []


def test_going_live_somewhere_else_takes_over_and_does_not_fight_back(new_window: NewWindow) -> None:
    ann, again, bob = new_window(), new_window(), new_window()
    ann.go_live("mine")
    bob.watch("mine")
    bob.sees()
    again.go_live("mine")
    expect(ann.badge).to_have_text("Not live", timeout=SLOW)
    expect(ann.page.locator(".live-controls .problem-text")).to_contain_text("took over")
    bob.sees()
    expect(again.badge).to_have_text("Live")


def test_a_broadcast_goes_on_while_another_view_is_open(new_window: NewWindow) -> None:
    ann, bob = new_window(), new_window()
    ann.go_live("around")
    ann.page.goto(f"{ann.url}#/")
    expect(ann.page.locator("#composer")).to_be_visible()
    bob.watch("around")
    bob.sees()
    ann.page.goto(f"{ann.url}#/live")
    expect(ann.badge).to_have_text("Live")


def test_a_server_that_stops_ends_it_and_one_that_returns_is_found(new_window: NewWindow, own_salon: Salon) -> None:
    ann, bob = new_window(own_salon.url), new_window(own_salon.url)
    ann.go_live("drained")
    bob.watch("drained")
    bob.sees()
    own_salon.stop()
    expect(ann.badge).to_have_text("Waiting for the server", timeout=SLOW)
    expect(bob.page.locator(".live-over").first).not_to_be_empty()
    own_salon.start()
    expect(ann.badge).to_have_text("Live", timeout=2 * SLOW)
    bob.sees()


def test_both_sides_come_back_when_their_worker_is_killed(new_window: NewWindow, salon_of_two: Salon) -> None:
    def begins(response: Response) -> bool:
        return response.status == 201

    ann, bob = new_window(salon_of_two.url), new_window(salon_of_two.url)
    with ann.page.expect_response(begins) as first:
        ann.go_live("again")
    bob.watch("again")
    bob.sees()
    home = worker_of(first.value.headers["location"].rsplit("/", 1)[-1])
    assert home is not None
    with bob.page.expect_response(begins, timeout=3 * SLOW), ann.page.expect_response(begins, timeout=3 * SLOW):
        os.kill(salon_of_two.workers()[home], signal.SIGKILL)
    expect(ann.badge).to_have_text("Live", timeout=SLOW)
    expect(bob.badge).to_have_text("Live", timeout=SLOW)
    bob.sees()


def test_a_recording_is_made_and_played(new_window: NewWindow, recording_salon: Salon) -> None:
    ann = new_window(recording_salon.url).go_live("kept")
    ann.press("Record")
    expect(ann.page.get_by_role("button", name=re.compile(r"Stop recording 0:0[3-9]"))).to_be_visible(timeout=SLOW)
    ann.press(re.compile("Stop recording"))
    expect(ann.page.get_by_role("button", name="Record", exact=True)).to_be_visible(timeout=SLOW)
    ann.press("End broadcast")
    ann.press("Close")
    bob = new_window(recording_salon.url).open()
    bob.press("Play")
    film = bob.page.locator(".live-film")
    until(bob.page, "document.querySelector('.live-film').currentTime > 1")
    width, duration = film.evaluate("(video) => [video.videoWidth, video.duration]")
    assert width >= 320
    assert duration > 2
    # It can be jumped in.
    film.evaluate("(video) => { video.currentTime = 0.2; }")
    until(bob.page, "!document.querySelector('.live-film').seeking")
    bob.page.keyboard.press("Escape")
    bob.press("Delete")
    bob.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(bob.page.locator(".live-recording")).to_have_count(0, timeout=SLOW)


def test_sound_alone(new_window: NewWindow) -> None:
    ann, bob = new_window(), new_window()
    ann.open()
    ann.press("Sound only")
    ann.page.get_by_label("Name", exact=True).fill("radio")
    ann.press("Go live")
    expect(ann.badge).to_have_text("Live", timeout=SLOW)
    bob.watch("radio")
    expect(bob.badge).to_have_text("Live", timeout=SLOW)
    bob.page.locator(".live-unmute").click()
    until(bob.page, "document.querySelector('.live-video').currentTime > 0.5")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_in_chinese_nothing_is_wider_than_the_screen(new_window: NewWindow, scheme: str) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "locale": "zh-CN", "color_scheme": scheme}
    ann = new_window(**phone).open()
    expect(ann.page.get_by_role("heading", name="直播", exact=True)).to_be_visible()
    wide = "document.querySelector('#main').scrollWidth - document.documentElement.clientWidth"
    assert ann.page.evaluate(wide) <= 0
    ann.press("摄像头")
    expect(ann.page.get_by_role("button", name="开始直播")).to_be_enabled(timeout=SLOW)
    assert ann.page.evaluate(wide) <= 0
    ann.watch("nobody")
    expect(ann.page.locator(".live-over").first).to_contain_text("尚未开播", timeout=SLOW)
    assert ann.page.evaluate(wide) <= 0
