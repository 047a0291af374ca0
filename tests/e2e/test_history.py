"""What is kept: conversations in the browser, over reloads; their list; taking them away."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import NewTalk
from tests.e2e.talk import Talk, counted
from tests.e2e.waiting import until

pytestmark = pytest.mark.e2e


def test_two_conversations_stay_apart_and_can_be_found_renamed_and_deleted(talk: Talk) -> None:
    page = talk.page
    talk.ask("my name is Ada")
    page.keyboard.press("Control+k")
    expect(talk.questions).to_have_count(0)
    talk.connected()
    assert "Ada" not in talk.ask("what is my name?")
    expect(talk.conversations).to_have_count(2)
    talk.conversations.filter(has_text="my name is Ada").get_by_role("link").click()
    expect(talk.questions).to_have_text(re.compile("my name is Ada"))
    talk.connected()
    assert "Ada" in talk.ask("what is my name?")

    page.get_by_role("searchbox", name="Search titles").fill("nothing like this")
    expect(page.get_by_text("No title has these words.")).to_be_visible()
    page.get_by_role("searchbox", name="Search titles").fill("ADA")
    expect(talk.conversations).to_have_count(1)
    talk.conversations.get_by_role("button", name="More for").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Title").fill("Names")
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("searchbox", name="Search titles").fill("")
    expect(talk.conversations.first).to_contain_text("Names")

    talk.menu("Delete")
    expect(talk.conversations).to_have_count(1)
    expect(talk.questions).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(talk.conversations).to_have_count(2)
    expect(talk.questions).to_have_count(2)
    talk.menu("Delete")
    expect(talk.conversations).to_have_count(1)
    page.reload()
    expect(talk.conversations).to_have_count(1)


def test_a_reload_in_the_middle_of_an_answer_loses_no_word(talk: Talk) -> None:
    talk.send("count to 60")
    talk.counting(5)
    talk.page.reload()
    talk.counting(7)
    expect(talk.stop_button).to_be_visible()
    talk.finished()
    assert counted(talk.words) == list(range(1, 61))
    expect(talk.questions).to_have_text(re.compile("count to 60"))
    # The same session went on: it still knows, without being told again.
    assert "count to 60" in talk.ask("what did I say?")


def test_an_answer_goes_on_while_another_conversation_is_read(talk: Talk) -> None:
    talk.send("count to 60")
    talk.counting(3)
    talk.page.keyboard.press("Control+k")
    talk.connected()
    expect(talk.page.get_by_role("img", name="is being answered")).to_be_visible()
    assert counted(talk.ask("count to 3")) == [1, 2, 3]
    expect(talk.page.get_by_role("img", name="is being answered")).to_be_hidden(timeout=15_000)
    talk.conversations.filter(has_text="count to 60").get_by_role("link").click()
    expect(talk.questions).to_have_text(re.compile("count to 60"))
    assert counted(talk.words) == list(range(1, 61))
    expect(talk.answer).to_have_attribute("data-status", "done")


def test_unsent_words_are_kept(talk: Talk) -> None:
    talk.ask("count to 2")
    talk.box.fill("not yet")
    talk.page.keyboard.press("Control+k")
    expect(talk.box).to_have_value("")
    talk.conversations.get_by_role("link").click()
    expect(talk.box).to_have_value("not yet")
    until(
        talk.page,
        """(async () => {
            const request = indexedDB.open("salon");
            const database = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)));
            const all = database.transaction("conversations").objectStore("conversations").getAll();
            const metas = await new Promise((resolve) => (all.onsuccess = () => resolve(all.result)));
            database.close();
            return metas.some(({ draft }) => draft === "not yet");
        })()""",
    )
    talk.page.reload()
    expect(talk.box).to_have_value("not yet")


def test_a_second_tab_takes_over_and_can_be_taken_over_from(talk: Talk) -> None:
    talk.ask("count to 3")
    other = Talk(talk.page.context.new_page(), talk.page.url).open()
    expect(other.answers).to_have_count(1)
    expect(talk.page.get_by_text("This conversation goes on in another tab.")).to_be_visible()
    other.ask("count to 4")
    # What is written meanwhile is neither lost nor does it harm what the other tab has kept.
    talk.send("what did I say?")
    expect(talk.questions).to_have_count(1)
    talk.page.locator(".banner").get_by_role("button", name="Continue here").click()
    expect(talk.answers).to_have_count(2)
    talk.connected()
    expect(other.page.get_by_text("This conversation goes on in another tab.")).to_be_visible()
    expect(talk.box).to_have_value("what did I say?")
    assert "count to 4" in talk.ask("what did I say?")


def test_a_conversation_can_be_downloaded(talk: Talk, tmp_path: Path) -> None:
    talk.ask("count to 4")
    with talk.page.expect_download() as markdown:
        talk.menu("Download as Markdown")
    assert markdown.value.suggested_filename == "count-to-4.md"
    markdown.value.save_as(tmp_path / "a.md")
    text = (tmp_path / "a.md").read_text("utf-8")
    assert text.startswith("# count to 4\n")
    assert re.search(r"## You · [\d:]+ ?\w*\n\ncount to 4\n\n## Answer · [\d:]+ ?\w*\n\n1, 2", text)
    with talk.page.expect_download() as exported:
        talk.menu("Download as JSON")
    exported.value.save_as(tmp_path / "a.json")
    data = json.loads((tmp_path / "a.json").read_text("utf-8"))
    assert [entry["role"] for entry in data["entries"]] == ["user", "assistant"]
    assert counted(data["entries"][1]["text"]) == [1, 2, 3, 4]
    assert "token" not in json.dumps(data)


def test_an_address_of_a_conversation_that_is_gone_opens_a_new_one(new_talk: NewTalk) -> None:
    talk = new_talk()
    talk.page.goto(f"{talk.url}#/talk/conv_gone")
    talk.connected()
    expect(talk.page.get_by_text("What shall we talk about?")).to_be_visible()
    assert counted(talk.ask("count to 2")) == [1, 2]
