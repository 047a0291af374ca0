"""npm ``@openai/agents-realtime`` over WebRTC in Chromium, with a recording as its microphone."""

from __future__ import annotations

import asyncio
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, async_playwright

from salon.session.agent import Agent
from tests.conformance.environments import ProgramMissing, node_env
from tests.conformance.realtime.foreign import Foreign
from tests.conformance.realtime.spoken import DATA, LINES, STORY, Facts, companion
from tests.conftest import CHROMIUM
from tests.fakes.chromium import ARGUMENTS
from tests.fakes.instant_speech import InstantAsr, InstantTts
from tests.fakes.scripted_llm import ScriptedLlm
from tests.session.house import KEY, open_house

pytestmark = [pytest.mark.conformance, pytest.mark.timeout(180)]

FOREIGN = Foreign("voice_agents_chromium.html", "npm", ("@openai/agents-realtime@0.20.0",), env="agents-node")
BUNDLE = "node_modules/@openai/agents-realtime/dist/bundle/openai-realtime-agents.umd.js"
PATIENCE_MS = 90_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def facts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Facts]:
    recording = tmp_path_factory.mktemp("voice") / "microphone.wav"
    await asyncio.to_thread(_record, recording)
    bundle = await asyncio.to_thread(node_env, "agents-node", FOREIGN.requirements) / BUNDLE
    llm = ScriptedLlm(companion)
    agent = Agent("host", instructions="I am the host.", llm=llm, asr=InstantAsr(*LINES), tts=InstantTts())
    arguments = [*ARGUMENTS, f"--use-file-for-fake-audio-capture={recording}"]
    async with open_house(agent) as house, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        page = await browser.new_page()

        async def serve(route: Route) -> None:
            script = route.request.url.endswith("/sdk.js")
            await route.fulfill(
                path=bundle if script else FOREIGN.folder / FOREIGN.script,
                content_type="text/javascript" if script else "text/html",
            )

        await page.route(f"{house.http}/sdk.js", serve)
        await page.route(f"{house.http}/voice", serve)
        await page.goto(f"{house.http}/voice")
        await page.evaluate("([base, key]) => start(base, key)", [house.http, KEY])
        # What was written, hello, the weather (two answers), the story, and what interrupts it.
        await _until(page, "response.done", 6)
        seen = await page.evaluate("report()")
        yield Facts(seen, dict(house.tally.errors), llm)
        await browser.close()


async def _until(page: Page, kind: str, count: int) -> None:
    await page.wait_for_function(
        "([kind, count]) => facts.seen.filter((each) => each === kind).length >= count",
        arg=[kind, count],
        timeout=PATIENCE_MS,
    )


def chromium_path() -> str:
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        raise ProgramMissing("Chromium is not installed (Debian: apt install chromium)")
    return path


def _record(path: Path) -> None:
    with wave.open(str(DATA / "what-can-you-do.wav")) as file:
        pcm = file.readframes(file.getnframes())
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        # Chromium plays it again and again.
        file.writeframes(bytes(32_000) + pcm + bytes(32_000))


def test_no_error_anywhere(facts: Facts) -> None:
    assert facts.seen["errors"] == []
    assert facts.said_by_server == {}


def test_connected_by_its_call(facts: Facts) -> None:
    assert facts.seen["callId"].startswith("rtc_")
    assert facts.seen["seen"][0] == "session.created"


def test_text_turn_is_spoken(facts: Facts) -> None:
    assert facts.seen["said"][:2] == [
        ["user", "Hello by text.", "completed"],
        ["assistant", "You said: Hello by text.", "completed"],
    ]


def test_spoken_turn_heard_in_the_page(facts: Facts) -> None:
    assert facts.seen["said"][2:4] == [
        ["user", "Hello there.", "completed"],
        ["assistant", "You said: Hello there.", "completed"],
    ]
    assert facts.seen["energy"] > 0.001
    assert "output_audio_buffer.stopped" in facts.seen["seen"]
    assert "response.output_audio.delta" not in facts.seen["seen"]


def test_function_tool_runs(facts: Facts) -> None:
    assert facts.seen["ran"] == ["Paris"]
    assert ["assistant", "The tool says sunny.", "completed"] in facts.seen["said"]


def test_interrupted_by_voice_and_cut_to_what_was_sent(facts: Facts) -> None:
    assert "output_audio_buffer.cleared" in facts.seen["seen"]
    assert "conversation.item.truncated" in facts.seen["seen"]
    assert STORY.startswith(facts.kept)
    assert 0 < len(facts.kept) < len(STORY) // 2
