"""Pictures: chosen, pasted, dropped, made small, sent."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.talk import Talk

pytestmark = pytest.mark.e2e

# Draws noise, which no format can make small, and hands it to the page as a person would.
GIVE = """async ([how, width, height, type]) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    for (let at = 0; at < image.data.length; at += 65536) {
        crypto.getRandomValues(image.data.subarray(at, at + 65536));
    }
    for (let at = 3; at < image.data.length; at += 4) image.data[at] = 255;
    context.putImageData(image, 0, 0);
    const file = new File([await canvas.convertToBlob({ type })], "noise", { type });
    const data = new DataTransfer();
    data.items.add(file);
    const fire = (target, event) => target.dispatchEvent(event);
    if (how === "paste") {
        const box = document.querySelector("#composer");
        fire(box, new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
    } else if (how === "drop") {
        const main = document.querySelector("main");
        for (const name of ["dragenter", "dragover", "drop"]) {
            fire(main, new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
        }
    } else {
        const input = document.querySelector("input[type=file]");
        input.files = data.files;
        fire(input, new Event("change"));
    }
}"""


@pytest.mark.parametrize("how", ["choose", "paste", "drop"])
def test_a_picture_is_made_small_shown_and_sent(talk: Talk, how: str) -> None:
    drawer = talk.inspect()
    talk.page.evaluate(GIVE, [how, 3000, 1500, "image/jpeg"])
    preview = talk.page.locator(".shelf img")
    expect(preview).to_have_count(1)
    width, height = preview.evaluate(
        "async (image) => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }"
    )
    assert max(width, height) <= 1568
    assert abs(width / height - 2) < 0.01
    assert preview.evaluate("(image) => image.src.length") <= 700_000
    said = talk.ask("what is this?")
    assert f"{width} × {height}" in said
    expect(talk.questions.locator("img")).to_have_count(1)
    expect(preview).to_have_count(0)
    # What is shown of the frame is not the picture.
    drawer.get_by_role("button", name=re.compile("to the server, conversation.item.create")).click()
    expect(drawer.locator(".wire-detail pre")).to_contain_text("data:image/jpeg;base64,… (")
    talk.page.reload()
    expect(talk.questions.locator("img")).to_have_count(1)


def test_a_picture_can_be_taken_back_and_a_small_one_stays_as_it_is(talk: Talk) -> None:
    talk.page.evaluate(GIVE, ["paste", 64, 32, "image/png"])
    preview = talk.page.locator(".shelf img")
    expect(preview).to_have_attribute("src", re.compile("^data:image/png"))
    talk.page.get_by_role("button", name="Remove noise").click()
    expect(preview).to_have_count(0)
    expect(talk.page.locator(".composer").get_by_role("button", name="Send")).to_be_disabled()


def test_what_is_no_picture_is_said_to_be_none(talk: Talk) -> None:
    talk.page.locator("input[type=file]").set_input_files(
        {"name": "broken.png", "mimeType": "image/png", "buffer": b"not a picture"}
    )
    expect(talk.page.get_by_text("broken.png is not a picture that this browser can read.")).to_be_visible()
    expect(talk.page.locator(".shelf img")).to_have_count(0)
