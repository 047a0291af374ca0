"""The Voice view, keyless: a recording as the microphone, pocketsphinx hears it, the demo model answers, espeak-ng speaks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.serving import Salon
from tests.e2e.speaking import PATIENT, Open, open_at, open_voice, talker
from tests.e2e.talk import Talk
from tests.e2e.test_looks import axe, grave
from tests.e2e.upstream import upstream
from tests.fakes.openai_server import OpenAiServer

__all__ = ["axe", "open_at", "open_voice", "talker"]  # fixtures, used by their names

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("way", ["webrtc", "websocket"])
def test_a_question_is_heard_answered_and_lights_up(open_voice: Open, way: str) -> None:
    page = open_voice(way)
    page.get_by_role("button", name="Start talking").click()
    # The recording comes again and again: on a busy machine a recogniser may miss it once.
    asked = page.locator(".question", has_text=re.compile("what can you do", re.IGNORECASE)).first
    expect(asked).to_be_visible(timeout=PATIENT)
    answer = page.locator(".answer").last
    # Heard words, and not yet all of them; later all.
    expect(answer.locator(".heard")).to_contain_text(re.compile(r"\w{3}"), timeout=PATIENT)
    expect(page.locator(".orb")).to_have_attribute("data-state", re.compile("speaking|hearing|listening|interrupted"))
    expect(page.locator(".voice-info")).to_contain_text("WebRTC" if way == "webrtc" else "WebSocket")
    page.get_by_role("button", name="Hang up").click()
    expect(page.get_by_role("button", name="Go on by voice")).to_be_visible()
    # What was said stays.
    expect(asked).to_contain_text("spoken")


def test_a_scene_says_its_welcome_and_an_answer_is_stopped_by_the_button(open_voice: Open) -> None:
    page = open_voice("webrtc", greets=True)
    page.get_by_role("radio", name="Guide").click()
    expect(page.get_by_text("“Hello, I am the guide of this house.”")).to_be_visible()
    expect(page.get_by_placeholder("Message to Guide")).to_be_visible()
    page.get_by_role("button", name="Start talking").click()
    page.get_by_role("button", name="Mute the microphone").click(timeout=PATIENT)
    welcome = page.locator(".answer")
    expect(welcome).to_have_attribute("data-status", "done", timeout=PATIENT)
    expect(welcome.locator(".markdown")).to_have_text("Hello, I am the guide of this house.", timeout=PATIENT)
    page.get_by_label("Message", exact=True).fill("count to 50")
    page.keyboard.press("Enter")
    expect(page.locator(".orb")).to_have_attribute("data-state", "speaking", timeout=PATIENT)
    answer = page.locator(".answer").last
    expect(answer.locator(".heard")).to_contain_text("3", timeout=PATIENT)
    page.get_by_role("button", name="Stop the answer").click()
    expect(answer).to_have_attribute("data-status", "stopped", timeout=PATIENT)
    # The word that was lit when it stopped had begun, and was not heard whole.
    expect(answer.locator(".markdown")).to_contain_text("2")
    expect(answer.locator(".markdown")).not_to_contain_text("50")
    expect(answer).to_contain_text("interrupted here")
    # It goes on in writing, and what is downloaded says what was spoken, when, and how far.
    page.get_by_role("button", name="Hang up").click()
    page.get_by_role("button", name="Go on in writing").click()
    talk = Talk(page, "")
    talk.connected()
    assert "count to 50" in talk.ask("what did I say?")
    expect(talk.conversations).to_have_count(1)
    with page.expect_download() as markdown:
        talk.menu("Download as Markdown")
    exported = Path(markdown.value.path()).read_text("utf-8")
    assert re.search(r"## Answer · \d+:\d\d:\d\d ?\w* · spoken\n\nHello, I am the guide of this house\.\n", exported)
    assert re.search(r"## Answer · [\d:]+ ?\w* · spoken\n\n1, 2.* … \*\(interrupted here\)\*\n", exported)


LATE = """const { mediaDevices } = navigator;
    const open = mediaDevices.getUserMedia.bind(mediaDevices);
    const granted = new Promise((resolve) => (window.grant = resolve));
    mediaDevices.getUserMedia = async (wanted) => (await granted, open(wanted));"""


def test_calls_follow_each_other_and_what_is_written_meanwhile_is_kept(open_voice: Open) -> None:
    page = open_voice("webrtc", script=LATE)
    box = page.get_by_label("Message", exact=True)

    def call(name: str) -> None:
        page.get_by_role("button", name=name).click()
        page.get_by_role("button", name="Mute the microphone").click(timeout=PATIENT)
        box.click()
        page.keyboard.type("count to")
        page.evaluate("grant()")
        expect(page.locator(".voice-info")).to_contain_text("WebRTC", timeout=PATIENT)
        answers = page.locator(".answer")
        before = answers.count()
        page.keyboard.type(" 3")
        page.keyboard.press("Enter")
        # The last one of the call before says the same.
        expect(answers).to_have_count(before + 1)
        answer = answers.last
        expect(answer).to_have_attribute("data-status", "done", timeout=PATIENT)
        expect(answer.locator(".markdown")).to_have_text(re.compile("1, 2, 3"), timeout=PATIENT)
        page.get_by_role("button", name="Hang up").click()
        expect(page.get_by_role("button", name="Go on by voice")).to_be_visible()

    call("Start talking")
    call("Go on by voice")
    page.get_by_role("button", name="Go on in writing").click()
    talk = Talk(page, "")
    talk.connected()
    talk.ask("what did I say?")
    page.go_back()
    call("Go on by voice")
    expect(page.locator(".question", has_text="count to 3")).to_have_count(3)


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
    # For as long as it does, and how good the way is.
    expect(page.locator(".voice-info")).to_contain_text("WebSocket · no path for WebRTC", timeout=PATIENT)
    expect(page.locator(".voice-signal")).to_contain_text(re.compile(r"\d ms"), timeout=PATIENT)


@pytest.mark.parametrize(
    ("viewport", "locale", "scheme"),
    [pytest.param(DESKTOP, "en-US", "light", id="desktop"), pytest.param(PHONE, "zh-CN", "dark", id="phone")],
)
def test_nothing_grave_is_found_and_nothing_scrolls_sideways(
    open_voice: Open, axe: str, viewport: dict[str, int], locale: str, scheme: str
) -> None:
    page = open_voice("auto", viewport=viewport, locale=locale, color_scheme=scheme)
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert grave(page, axe) == []
    assert page.evaluate(fits)
    # The microphone is tried out: how loud it was is said, in words.
    if viewport == PHONE:
        page.get_by_role("button", name="更多").last.click()
        page.get_by_role("menuitem", name="麦克风测试").click()
    else:
        page.get_by_role("button", name="Microphone test").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Fake")
    record = dialog.get_by_role("button", name=re.compile("Record|录音"))
    record.click()
    expect(record).to_be_focused()
    assert grave(page, axe) == []
    assert dialog.evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
    expect(dialog.locator(".verdict")).to_have_attribute("data-kind", re.compile("good|bad"), timeout=PATIENT)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile("Settings of the voice|语音对话设置")).click()
    assert grave(page, axe) == []
    assert dialog.evaluate("(dialog) => dialog.scrollWidth <= dialog.clientWidth")
    page.keyboard.press("Escape")
    page.locator(".voice-begin").click()
    expect(page.get_by_role("button", name=re.compile("Hang up|挂断"))).to_be_visible(timeout=PATIENT)
    page.locator(".voice-info").evaluate("(each) => { each.open = true }")
    assert grave(page, axe) == []
    assert page.evaluate(fits)


PAINT = """async () => {
    const canvas = new OffscreenCanvas(1500, 1500);
    const context = canvas.getContext("2d");
    const image = context.createImageData(1500, 1500);
    for (let at = 0; at < image.data.length; at += 65536) crypto.getRandomValues(image.data.subarray(at, at + 65536));
    for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
    context.putImageData(image, 0, 0);
    const data = new DataTransfer();
    data.items.add(new File([await canvas.convertToBlob({ type: "image/jpeg" })], "noise", { type: "image/jpeg" }));
    const input = document.querySelector("input[type=file]");
    input.files = data.files;
    input.dispatchEvent(new Event("change"));
}"""


def test_the_model_sees_the_camera_and_pictures_in_a_call(tmp_path: Path, open_at: Open) -> None:
    """What was recognised does not matter here: a camera takes its part of the machine."""
    with upstream() as house:
        seer = f"""
[[agents]]
name = "seer"
llm = ["openai:gpt-4o-mini"]
asr = ["offline"]
tts = ["offline"]
[providers.openai]
api_key = "k"
base_url = "{house.base_url}"
"""
        salon = Salon(tmp_path, more=seer)
        salon.start()
        try:
            page = open_at(salon.url, "webrtc")
            page.get_by_role("radio", name="seer").click()
            page.get_by_role("button", name="Start talking").click()
            page.get_by_role("button", name="Show the camera").click(timeout=PATIENT)
            expect(page.locator("video.sight")).to_be_visible()
            # The camera's picture goes with what is said aloud ...
            talk = Talk(page, "")
            expect(talk.questions.first.locator("img")).to_be_visible(timeout=PATIENT)
            expect(talk.answers.first).to_have_attribute("data-status", "done", timeout=PATIENT)
            assert pictures(house)[0] == 1
            # ... and with what is written; a large picture is made to fit into a message of the data channel.
            page.get_by_role("button", name="Mute the microphone").click()
            page.evaluate(PAINT)
            expect(page.locator(".shelf img")).to_have_count(1)
            talk.ask_aloud("what is this?")
            expect(talk.answer).to_contain_text("what is this?", timeout=PATIENT)
            # What was said, what was written and its two pictures.
            assert pictures(house)[-1] == 3
        finally:
            salon.stop()


def pictures(house: OpenAiServer) -> list[int]:
    """How many pictures the model was shown with each question."""
    counted = []
    for asked in house.asked:
        parts = [
            part for said in asked.body["messages"] if isinstance(said["content"], list) for part in said["content"]
        ]
        urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
        assert all(url.startswith("data:image/jpeg;base64,") and 2_000 < len(url) <= 200_000 for url in urls)
        counted.append(len(urls))
    return counted


# What a browser with a recogniser and voices of its own has: Chromium without a window has neither.
BROWSER = """
window.SpeechRecognition = class {
  start() { window.recognition = this; }
  stop() { this.onend?.(); }
  abort() {}
};
window.hear = (text, isFinal) => {
  const result = Object.assign([{ transcript: text }], { isFinal });
  recognition.onresult({ results: [result], resultIndex: 0 });
};
const speech = {
  queue: [], timer: 0,
  getVoices: () => [{ voiceURI: "robot", name: "Robot", lang: "en-US" }],
  speak(utterance) { this.queue.push(utterance); if (this.queue.length === 1) this.next(); },
  cancel() { clearInterval(this.timer); this.queue = []; },
  next() {
    const [utterance] = this.queue;
    if (!utterance) return;
    const words = [...utterance.text.matchAll(/\\S+/g)];
    utterance.onstart();
    this.timer = setInterval(() => {
      const word = words.shift();
      if (word) return utterance.onboundary({ name: "word", charIndex: word.index, charLength: word[0].length });
      clearInterval(this.timer);
      this.queue.shift();
      utterance.onend();
      this.next();
    }, 60);
  },
};
Object.defineProperty(window, "speechSynthesis", { value: speech });
window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
"""


def test_the_browser_hears_and_speaks_by_itself(open_voice: Open) -> None:
    page = open_voice("auto", script=BROWSER)
    page.get_by_role("button", name="Settings of the voice conversation").click()
    page.get_by_role("combobox", name="Hears and speaks").select_option("browser")
    expect(page.get_by_text("send what you say to their makers")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Start talking").click()
    orb, talk = page.locator(".orb"), Talk(page, "")
    expect(orb).to_have_attribute("data-state", "listening")
    expect(page.locator(".voice-info")).to_contain_text("This browser")
    page.evaluate("hear('count', false)")
    expect(talk.questions.last).to_contain_text("count")
    page.evaluate("hear('count to 90', true)")
    expect(talk.answer.locator(".heard")).to_contain_text("5,")
    expect(talk.answer.locator(".unheard")).to_contain_text("90")
    expect(orb).to_have_attribute("data-state", "speaking")
    # A nod and what the loudspeaker says are no interruptions; words are.
    page.evaluate("hear('mhm', false)")
    page.evaluate("hear('3, 4, 5', false)")
    expect(orb).to_have_attribute("data-state", "speaking")
    page.evaluate("hear('what did I say', false)")
    first = talk.answers.first
    expect(first).to_contain_text("interrupted here")
    expect(first.locator(".markdown")).not_to_contain_text("90")
    page.evaluate("hear('what did I say', true)")
    expect(talk.answers).to_have_count(2)
    expect(talk.answer.locator(".message")).to_contain_text("count to 90")
    expect(orb).to_have_attribute("data-state", "listening", timeout=PATIENT)
    page.evaluate("recognition.onerror({ error: 'network' })")
    expect(page.get_by_role("alert")).to_contain_text("recogniser cannot be reached")
