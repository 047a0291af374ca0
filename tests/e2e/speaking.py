"""Windows in which somebody speaks: a recording is the microphone. Whatever goes wrong in one fails the test."""

from __future__ import annotations

import re
import shutil
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.conftest import CHROMIUM
from tests.e2e.conftest import DESKTOP
from tests.e2e.serving import Salon
from tests.fakes.chromium import ARGUMENTS

DATA = Path(__file__).parents[1] / "data" / "voice"
PATIENT = 40_000

Open = Callable[..., Page]


def microphone(folder: Path, recording: str) -> Path:
    """A second of silence, what is said, and nothing for ten seconds, again and again."""
    path = folder / "microphone.wav"
    with wave.open(str(DATA / recording)) as file:
        rate, pcm = file.getframerate(), file.readframes(file.getnframes())
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * rate) + pcm + bytes(2 * rate * 10))
    return path


def speaker(playwright: Playwright, recording: Path) -> Browser:
    """A browser whose microphone hears a recording."""
    arguments = [
        *ARGUMENTS,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        "--auto-select-desktop-capture-source=Entire screen",
        f"--use-file-for-fake-audio-capture={recording}",
        "--autoplay-policy=no-user-gesture-required",
    ]
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    return playwright.chromium.launch(executable_path=path, args=arguments)


class Watch:
    """What a window throws, complains of on its console, and is refused. ``allowed`` is a pattern of what a test provokes."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def over(self, page: Page, allowed: str) -> None:
        def note(problem: str) -> None:
            if not (allowed and re.search(allowed, problem)):
                self.problems.append(problem)

        page.on("pageerror", lambda error: note(str(error)))
        page.on("console", lambda said: said.type == "error" and note(f"console: {said.text} ({said.location['url']})"))
        # A page that says goodbye waits for no answer.
        page.on(
            "requestfailed",
            lambda asked: asked.url.endswith("/hangup") or note(f"failed: {asked.method} {asked.url}: {asked.failure}"),
        )
        page.on("response", lambda came: came.status >= 400 and note(f"refused: {came.status} {came.url}"))


@pytest.fixture(scope="module")
def talker(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = speaker(playwright, microphone(tmp_path_factory.mktemp("voice"), "what-can-you-do.wav"))
    yield browser
    browser.close()


@pytest.fixture
def open_at(talker: Browser) -> Iterator[Open]:
    contexts = []
    watch = Watch()

    def opened(url: str, way: str = "auto", *, script: str = "", allowed: str = "", **options: Any) -> Page:
        kept = {"way": way, "greets": options.pop("greets", False), **options.pop("settings", {})}
        clock = options.pop("clock", False)
        browser = options.pop("browser", talker)
        context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-US", "reduced_motion": "reduce", **options})
        contexts.append(context)
        context.grant_permissions(["microphone", "camera"])
        page = context.new_page()
        watch.over(page, allowed)
        if clock:
            page.clock.install()
        if script:
            page.add_init_script(script)
        page.goto(url)
        page.evaluate("kept => localStorage.setItem('salon.voice', JSON.stringify(kept))", kept)
        page.goto(f"{url}#/voice")
        expect(page.locator(".voice-begin")).to_be_visible()
        return page

    yield opened
    problems = list(watch.problems)
    for context in contexts:
        context.close()
    if problems:
        pytest.fail("\n".join(problems))


@pytest.fixture
def open_voice(open_at: Open, salon: Salon) -> Open:
    return lambda *way, **options: open_at(salon.url, *way, **options)
