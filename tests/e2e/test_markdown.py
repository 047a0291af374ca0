"""What a model writes becomes elements and never runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.conftest import ProgramMissing
from tests.e2e.talk import Talk

pytestmark = pytest.mark.e2e

ATTACKS = [
    '<img src=x onerror="globalThis.ran = 1">',
    "<script>globalThis.ran = 2</script>",
    "[a](javascript:globalThis.ran=3)",
    "[b](java\tscript:globalThis.ran=4)",
    "[c](data:text/html,<script>globalThis.ran=5</script>)",
    "<javascript:globalThis.ran=6>",
    '![d](https://a.b/x.png"onerror="globalThis.ran=7)',
    "[e](  vbscript:globalThis.ran=8)",
    '```"><script>globalThis.ran=9</script>\n</code></pre><script>globalThis.ran=10</script>\n```',
    "| <svg onload=globalThis.ran=11> | b |\n|---|---|\n| <iframe src=javascript:globalThis.ran=12> | d |",
    "[f](&#106;avascript:globalThis.ran=13)",
    "[g](//a.b/c) [h](/web/app.js) [i](file:///etc/passwd)",
]


def test_what_a_model_writes_never_runs(talk: Talk) -> None:
    talk.ask("echo: " + "\n\n".join(ATTACKS))
    answer = talk.answer.locator(".answer-body")
    for link in answer.locator("a").all():
        href = link.get_attribute("href") or ""
        assert href.startswith("https://a.b/"), href
        link.evaluate("element => element.dispatchEvent(new MouseEvent('mouseover'))")
    assert answer.locator("img, script, iframe, svg:not(.icon), [onerror], [onload]").count() == 0
    expect(answer).to_contain_text("<script>globalThis.ran = 2</script>")
    assert talk.page.evaluate("globalThis.ran") is None


def test_a_question_is_text(talk: Talk) -> None:
    talk.ask('<img src=x onerror="globalThis.ran = 1"> **not bold**')
    expect(talk.questions.locator(".bubble")).to_have_text('<img src=x onerror="globalThis.ran = 1"> **not bold**')
    assert talk.page.evaluate("globalThis.ran") is None


# Streams random Markdown in random pieces and compares with what it gives in one piece.
FUZZ = """async ([seed, rounds]) => {
    const { MarkdownStream } = await import(new URL("web/markdown/stream.js", document.baseURI));
    const labels = { copy: "", copied: "", code: "", table: "" };
    let state = seed;
    const random = (below) => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
    const pieces = ["*", "**", "_", "~~", "`", "```", "```js\\n", "\\n", "\\n\\n", "- ", "1. ", "  ", "    ", "> ", "# ", "|",
        "|---|", "[", "](", ")", "!", "<script>", "javascript:", "https://a.b/", "a", "word ", "中文", "，", "$", "$$",
        "\\\\(", "\\\\[", "\\\\", "[x] ", "---", "<br>", "&lt;"];
    const bad = [];
    for (let round = 0; round < rounds; round += 1) {
        const text = Array.from({ length: 5 + random(60) }, () => pieces[random(pieces.length)]).join("");
        const streamed = new MarkdownStream(labels);
        for (let at = 0; at < text.length; at += 1 + random(12)) {
            streamed.update(text.slice(0, at), false);
            streamed.flush();
        }
        streamed.update(text, true);
        const whole = new MarkdownStream(labels);
        whole.update(text, true);
        if (streamed.root.innerHTML !== whole.root.innerHTML) bad.push(["differs", text]);
        for (const each of streamed.root.querySelectorAll("*")) {
            const harmless = new Set(("DIV P H3 H4 H5 H6 UL OL LI PRE CODE SPAN A EM STRONG DEL BR HR BLOCKQUOTE TABLE THEAD "
                + "TBODY TR TH TD BUTTON svg path").split(" "));
            if (!harmless.has(each.tagName)) bad.push([each.tagName, text]);
            if ([...each.attributes].some(({ name }) => name.startsWith("on"))) bad.push(["listener", text]);
            if (each.tagName === "A" && !/^https?:/.test(each.href)) bad.push([each.href, text]);
        }
    }
    return bad.slice(0, 3);
}"""


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_streaming_in_pieces_gives_what_one_piece_gives(talk: Talk, seed: int) -> None:
    assert talk.page.evaluate(FUZZ, [seed, 400]) == []


@pytest.mark.parametrize("file", sorted((Path(__file__).parent / "js").glob("*.test.mjs")), ids=lambda file: file.name)
def test_the_modules_that_need_no_browser(file: Path) -> None:
    node = shutil.which("node")
    if node is None:
        raise ProgramMissing("node")
    done = subprocess.run([node, "--test", file], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
