"""The Voice view, keyless: a recording as the microphone, pocketsphinx hears it, the demo model answers, espeak-ng speaks."""

from __future__ import annotations

import re
import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.conftest import CHROMIUM
from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.serving import Salon
from tests.e2e.talk import Talk
from tests.e2e.test_looks import axe, grave
from tests.fakes.chromium import ARGUMENTS

__all__ = ["axe"]  # a fixture, used by its name

pytestmark = pytest.mark.e2e

DATA = Path(__file__).parents[1] / "data" / "voice"
PATIENT = 40_000

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def talker(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser whose microphone hears a question, and then nothing for ten seconds, again and again."""
    recording = tmp_path_factory.mktemp("voice") / "microphone.wav"
    with wave.open(str(DATA / "what-can-you-do.wav")) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    with wave.open(str(recording), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * rate) + pcm + bytes(2 * rate * 10))
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    arguments = [
        *ARGUMENTS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}",
        "--autoplay-policy=no-user-gesture-required",
    ]
    browser = playwright.chromium.launch(executable_path=path, args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def open_voice(talker: Browser, salon: Salon) -> Iterator[Open]:
    contexts = []
    thrown: list[str] = []

    def opened(way: str = "auto", *, greets: bool = False, **options: object) -> Page:
        context = talker.new_context(**{"viewport": DESKTOP, "locale": "en-US", "reduced_motion": "reduce", **options})
        contexts.append(context)
        context.grant_permissions(["microphone", "camera"])
        page = context.new_page()
        page.on("pageerror", lambda error: thrown.append(str(error)))
        page.goto(salon.url)
        kept = {"way": way, "greets": greets}
        page.evaluate("kept => localStorage.setItem('salon.voice', JSON.stringify(kept))", kept)
        page.goto(f"{salon.url}#/voice")
        expect(page.locator(".voice-begin")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert thrown == []


@pytest.mark.parametrize("way", ["webrtc", "websocket"])
def test_a_question_is_heard_answered_and_lights_up(open_voice: Open, way: str) -> None:
    page = open_voice(way)
    page.get_by_role("button", name="Start talking").click()
    asked = page.locator(".question").first
    expect(asked).to_contain_text("what can you do", ignore_case=True, timeout=PATIENT)
    answer = page.locator(".answer").first
    # Heard words, and not yet all of them; later all.
    expect(answer.locator(".heard")).to_contain_text(re.compile(r"\w{3}"), timeout=PATIENT)
    expect(page.locator(".orb")).to_have_attribute("data-state", re.compile("speaking|hearing|listening|interrupted"))
    expect(page.locator(".voice-info")).to_contain_text("WebRTC" if way == "webrtc" else "WebSocket")
    page.get_by_role("button", name="Hang up").click()
    expect(page.get_by_role("button", name="Go on by voice")).to_be_visible()
    # What was said stays, and goes on in writing; what was not heard of it is not known.
    expect(asked).to_be_visible()
    page.get_by_role("button", name="Go on in writing").click()
    talk = Talk(page, "")
    talk.connected()
    assert "what can you do" in talk.ask("what did I say?").casefold()
    expect(talk.conversations).to_have_count(1)
    expect(page.locator(".question").first).to_contain_text("spoken")
    with page.expect_download() as markdown:
        talk.menu("Download as Markdown")
    exported = Path(markdown.value.path()).read_text("utf-8")
    assert re.search(r"## You · [\d:]+ ?\w* · spoken\n\nwhat can you do\n", exported, re.IGNORECASE)
    # And by voice again, as one conversation.
    page.get_by_role("button", name="Go on by voice").click()
    page.get_by_role("button", name="Go on by voice").last.click()
    page.get_by_role("button", name="Mute the microphone").click(timeout=PATIENT)
    talk.ask_aloud("what did I say?")
    expect(talk.answer.locator(".message")).to_contain_text("what did I say?", timeout=PATIENT)
    expect(talk.answer).to_contain_text("spoken", timeout=PATIENT)


def test_a_scene_is_chosen_and_its_welcome_is_said(open_voice: Open) -> None:
    page = open_voice("webrtc", greets=True)
    page.get_by_role("radio", name="Guide").click()
    expect(page.get_by_text("“Hello, I am the guide of this house.”")).to_be_visible()
    page.get_by_role("button", name="Start talking").click()
    page.get_by_role("button", name="Mute the microphone").click(timeout=PATIENT)
    answer = page.locator(".answer")
    expect(answer).to_have_attribute("data-status", "done", timeout=PATIENT)
    expect(answer.locator(".markdown")).to_have_text("Hello, I am the guide of this house.", timeout=PATIENT)
    expect(page.locator(".voice-info")).to_contain_text("demo")


def test_an_answer_is_stopped_by_the_button_and_cut_to_what_was_heard(open_voice: Open) -> None:
    page = open_voice("webrtc")
    page.get_by_role("button", name="Start talking").click()
    page.get_by_role("button", name="Mute the microphone").click()
    expect(page.locator(".orb")).to_have_attribute("data-state", "listening", timeout=PATIENT)
    page.get_by_label("Message", exact=True).fill("count to 50")
    page.keyboard.press("Enter")
    expect(page.locator(".orb")).to_have_attribute("data-state", "speaking", timeout=PATIENT)
    answer = page.locator(".answer").last
    expect(answer.locator(".heard")).to_contain_text("3", timeout=PATIENT)
    page.get_by_role("button", name="Stop the answer").click()
    expect(answer).to_have_attribute("data-status", "stopped", timeout=PATIENT)
    expect(answer.locator(".markdown")).to_contain_text("3")
    expect(answer.locator(".markdown")).not_to_contain_text("50")
    expect(answer).to_contain_text("interrupted here")


def test_without_a_path_for_media_it_goes_by_websocket_and_says_so(open_voice: Open) -> None:
    page = open_voice("auto")
    # A network that lets no packet through: the answer names a port where nobody is.
    page.route(
        re.compile("/v1/realtime/calls"),
        lambda route: route.fulfill(
            response=(answered := route.fetch()),
            body=re.sub(r"(a=candidate:\S+ \d \S+ \d+ \S+) \d+", r"\1 9", answered.text()),
        ),
    )
    page.get_by_role("button", name="Start talking").click()
    expect(page.get_by_text("The conversation goes over WebSocket.")).to_be_visible(timeout=PATIENT)
    expect(page.locator(".voice-info")).to_contain_text("WebSocket", timeout=PATIENT)


def test_a_microphone_that_is_denied_is_explained(talker: Browser, salon: Salon) -> None:
    context = talker.new_context(viewport=DESKTOP, locale="en-US")
    page = context.new_page()
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page.goto(f"{salon.url}#/voice")
    page.get_by_role("button", name="Start talking").click()
    expect(page.get_by_role("alert")).to_contain_text("does not let this page use the microphone")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    context.close()


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("zh-CN", "dark")])
def test_nothing_grave_is_found_and_nothing_scrolls_sideways(
    open_voice: Open, axe: str, viewport: dict[str, int], locale: str, scheme: str
) -> None:
    page = open_voice("auto", viewport=viewport, locale=locale, color_scheme=scheme)
    assert grave(page, axe) == []
    page.locator(".voice-begin").click()
    expect(page.get_by_role("button", name="Hang up").or_(page.get_by_role("button", name="挂断"))).to_be_visible(
        timeout=PATIENT
    )
    assert grave(page, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
