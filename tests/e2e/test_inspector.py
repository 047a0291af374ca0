"""The inspector draws what really went over the wire."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import NewTalk
from tests.e2e.relay import Relay
from tests.e2e.talk import Talk

pytestmark = pytest.mark.e2e


def labels(drawer: Locator) -> list[str]:
    return drawer.locator(".wire-row .wire-type").all_inner_texts()


def test_it_shows_the_life_of_a_connection_from_upgrade_to_answered_close(talk: Talk) -> None:
    drawer = talk.inspect()
    talk.ask("count to 20")
    rows = labels(drawer)
    assert rows[:3] == ["GET /v1/realtime", "101 Switching Protocols", "session.created"]
    item, created, done = (
        rows.index(name) for name in ("conversation.item.create", "response.created", "response.done")
    )
    assert 2 < item < created < done
    assert rows.count("response.output_text.delta") == 1
    assert int(drawer.locator(".wire-count").inner_text().removeprefix("× ")) >= 20
    talk.page.keyboard.press("Control+k")
    expect(drawer.get_by_text("Close frame 1000 conversation left")).to_be_visible()
    expect(drawer.get_by_text("Close answered 1000")).to_be_visible()
    for phase in ("Opening #1", "Talking", "Closing", "Opening #2"):
        expect(drawer.locator(".caption", has_text=phase).first).to_be_visible()


def test_a_frame_is_shown_by_a_click_and_secrets_are_not(talk: Talk) -> None:
    drawer = talk.inspect()
    drawer.get_by_role("button", name=re.compile("session.created")).click()
    detail = drawer.locator(".wire-detail pre")
    expect(detail).to_contain_text('"resume_token": "•••"')
    drawer.get_by_role("button", name="GET /v1/realtime").click()
    expect(detail).to_contain_text('"Upgrade": "websocket"')
    talk.ask("count to 2")
    talk.page.reload()
    drawer = talk.inspect()
    drawer.get_by_role("button", name="GET /v1/realtime").click()
    expect(drawer.locator(".wire-detail pre")).to_contain_text("resume=•••")


def test_escape_closes_what_was_opened_last_and_gives_the_focus_back(talk: Talk) -> None:
    drawer = talk.inspect()
    opener = talk.page.get_by_role("button", name=re.compile("^WebSocket inspector"))
    drawer.get_by_role("button", name=re.compile("session.created")).click()
    talk.page.keyboard.press("Escape")
    expect(drawer.locator(".wire-detail")).to_be_hidden()
    drawer.get_by_role("searchbox").fill("nothing like it")
    talk.page.keyboard.press("Escape")
    expect(drawer.get_by_role("searchbox")).to_have_value("")
    talk.page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(opener).to_be_focused()


def test_a_lost_connection_and_the_way_back_are_drawn(new_talk: NewTalk, relay: Relay) -> None:
    talk = new_talk(relay.url).open()
    drawer = talk.inspect()
    relay.cut()
    expect(drawer.get_by_text("Connection lost, no close frame (1006)")).to_be_visible()
    expect(drawer.locator(".caption", has_text="Coming back").first).to_be_visible()
    relay.mend()
    talk.connected()
    expect(drawer.get_by_role("button", name=re.compile("salon.session.resumed"))).to_be_visible()


def test_it_can_be_filtered_paused_cleared_and_downloaded(talk: Talk, tmp_path: Path) -> None:
    drawer = talk.inspect()
    drawer.get_by_role("searchbox", name="Filter").fill("session")
    assert {row.split(".")[0] for row in labels(drawer)} == {"session"}
    drawer.get_by_role("searchbox", name="Filter").fill("")
    expect(drawer.locator(".wire-row").first).to_contain_text("GET /v1/realtime")
    drawer.get_by_role("button", name="Pause").click()
    before = labels(drawer)
    talk.ask("count to 2")
    assert labels(drawer) == before
    drawer.get_by_role("button", name="Go on").click()
    expect(drawer.locator(".wire-row").last).to_contain_text("rate_limits.updated")
    with talk.page.expect_download() as download:
        drawer.get_by_role("button", name="Download as JSON").click()
    download.value.save_as(tmp_path / "wire.json")
    saved = json.loads((tmp_path / "wire.json").read_text("utf-8"))
    assert [row["kind"] for row in saved[:3]] == ["upgrade", "accepted", "frame"]
    drawer.get_by_role("button", name="Clear").click()
    expect(drawer.get_by_text("Nothing yet.")).to_be_visible()
    expect(drawer.locator(".wire-row")).to_have_count(0)


def test_it_keeps_the_last_rows_only(talk: Talk) -> None:
    drawer = talk.inspect()
    talk.page.evaluate(
        """async () => {
            const { Recorder } = await import(new URL("web/realtime/recorder.js", document.baseURI));
            const recorder = new Recorder();
            for (let n = 0; n < 1200; n += 1) recorder.received(1, JSON.stringify({ type: `event.${n}` }));
            globalThis.kept = [recorder.rows.length, recorder.rows[0].type, recorder.rows.at(-1).type];
        }"""
    )
    assert talk.page.evaluate("kept") == [500, "event.700", "event.1199"]
    expect(drawer).to_be_visible()
