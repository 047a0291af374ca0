"""Files from page to page: whole, paused, refused, cut off, resumed after a reload of either side."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import NewTalk

pytestmark = pytest.mark.e2e

SLOW = 30_000
BLOCK = 4 * 1024 * 1024


PAUSE = """row => new Promise((done) => {
    const look = () => {
        if (row.querySelector("progress").value < 0.1) return;
        changes.disconnect();
        row.querySelector("[aria-label=Pause]").click();
        done();
    };
    const changes = new MutationObserver(look);
    changes.observe(row, { subtree: true, childList: true, characterData: true });
    look();
})"""


class Mover:
    """A window with the Files view open."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        page.goto(f"{url}#/files")
        self.ready()
        self.id = page.locator(".own-id").inner_text()

    def ready(self) -> None:
        expect(self.page.locator(".own-id")).to_be_visible(timeout=SLOW)

    @property
    def row(self) -> Locator:
        return self.page.locator(".transfer").first

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def send(self, other: Mover, *files: Path, folder: bool = False) -> None:
        self.page.locator("#files-id").fill(other.id)
        self.page.locator("input[type=file]").nth(int(folder)).set_input_files(list(files))
        self.press("Send")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click(timeout=SLOW)

    def is_(self, state: str) -> None:
        expect(self.row).to_have_attribute("data-state", re.compile(state), timeout=SLOW)

    def moved(self) -> float:
        """The share that has come."""
        return float(self.row.locator("progress").evaluate("bar => bar.value"))

    def pause_under_way(self) -> None:
        """Press "Pause" once a few blocks have come. The page itself does it, however long this process waits for the machine."""
        self.row.evaluate(PAUSE, timeout=SLOW)

    def save(self, button: Locator, path: Path) -> bytes:
        with self.page.expect_download() as download:
            button.click()
        download.value.save_as(path)
        return path.read_bytes()


NewMover = Callable[[], Mover]


@pytest.fixture
def new_mover(new_talk: NewTalk) -> NewMover:
    def new_mover() -> Mover:
        talk = new_talk()
        return Mover(talk.page, talk.url)

    return new_mover


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """Fifteen blocks and a bit."""
    path = tmp_path / "big.bin"
    path.write_bytes(os.urandom(15 * BLOCK + 7))
    return path


def test_several_files_arrive_as_they_were_and_both_see_one_code(new_mover: NewMover, tmp_path: Path) -> None:
    ann, bob = new_mover(), new_mover()
    contents = {"one.bin": os.urandom(BLOCK + 1), "两个 字.txt": "你好".encode(), "empty": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    ann.send(bob, *(tmp_path / name for name in contents))
    expect(bob.dialog).to_contain_text("wants to send you 3 files (4.2 MB)", timeout=SLOW)
    expect(bob.dialog).to_contain_text("directly where your networks allow it")
    # Whoever types when it comes answers nothing by a key.
    bob.page.keyboard.press("Enter")
    expect(bob.dialog).to_be_visible()
    for name in contents:
        expect(bob.dialog).to_contain_text(name)
    bob.press("Accept")
    ann.is_("done")
    bob.is_("done")
    for name, content in contents.items():
        button = bob.page.get_by_role("button", name=f"Save {name}", exact=True)
        assert bob.save(button, tmp_path / "saved") == content


def test_a_folder_keeps_its_paths(new_mover: NewMover, tmp_path: Path) -> None:
    ann, bob = new_mover(), new_mover()
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "deep" / "b.txt").write_text("b")
    ann.send(bob, folder, folder=True)
    bob.press("Accept")
    bob.is_("done")
    assert bob.row.locator(".transfer-files li span:first-child").all_inner_texts() == [
        "photos/a.txt",
        "photos/deep/b.txt",
    ]


def test_it_is_declined_cancelled_and_nobody_is_there(new_mover: NewMover, tmp_path: Path) -> None:
    ann, bob = new_mover(), new_mover()
    file = tmp_path / "a.txt"
    file.write_text("a")
    ann.send(bob, file)
    bob.press("Decline")
    expect(ann.row).to_contain_text("Declined", timeout=SLOW)
    ann.press("Remove")
    ann.send(bob, file)
    expect(bob.dialog).to_be_visible(timeout=SLOW)
    ann.press("Cancel")
    expect(bob.dialog).to_have_count(0, timeout=SLOW)
    ann.press("Remove")
    there, bob.id = bob.id, "nobody-there"
    ann.send(bob, file)
    expect(ann.row).to_contain_text("Nobody is reached by this id now", timeout=SLOW)
    ann.press("Remove")
    # What came to nothing is offered once more at a click.
    bob.id = there
    ann.send(bob, file)
    bob.press("Decline")
    ann.press("Try again")
    bob.press("Accept")
    ann.is_("done")
    expect(ann.page.locator(".transfer")).to_have_count(1)


def test_pause_go_on_and_cancel_under_way(new_mover: NewMover, big: Path) -> None:
    ann, bob = new_mover(), new_mover()
    ann.send(bob, big)
    bob.press("Accept")
    bob.pause_under_way()
    expect(ann.row).to_contain_text("Paused by the other side", timeout=SLOW)
    codes = [each.row.locator(".transfer-path").inner_text() for each in (ann, bob)]
    assert codes[0] == codes[1]
    assert re.match(r"Direct · code \d{5} \d{5} \d{5} \d{5}", codes[0])
    bob.press("Go on")
    ann.is_("running|done")
    if ann.row.get_attribute("data-state") != "done":
        ann.press("Cancel")
        expect(bob.row).to_contain_text(re.compile("Cancelled by the other side|Received"), timeout=SLOW)


def test_the_receiver_closes_the_tab_in_the_middle_and_it_goes_on_by_itself_in_the_next(
    new_mover: NewMover, big: Path, tmp_path: Path
) -> None:
    ann, bob = new_mover(), new_mover()
    ann.send(bob, big)
    bob.press("Accept")
    ann.pause_under_way()
    expect(bob.row).to_contain_text("Paused by the other side", timeout=SLOW)
    bob.page.close()
    bob = Mover(bob.page.context.new_page(), bob.url)
    # What was there is there, before and after the sender has found it again.
    expect(bob.row).to_have_attribute("data-state", re.compile("kept|connecting|paused"), timeout=SLOW)
    expect(bob.row).to_contain_text("Paused by the other side", timeout=SLOW)
    assert bob.moved() >= 2 / 16
    ann.press("Go on")
    bob.is_("done")
    ann.is_("done")
    assert bob.save(bob.page.get_by_role("button", name="Save", exact=True), tmp_path / "saved") == big.read_bytes()


# The handle of a dialog that cannot be answered here: one of the browser's own storage.
CHOSEN = """globalThis.showOpenFilePicker = async () => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle("big.bin", { create: true });
    const target = await handle.createWritable();
    for (let block = 0; block < 15; block += 1) await target.write(new Uint8Array(4 * 1024 * 1024).fill(block + 1));
    await target.close();
    return [handle];
}"""


def test_the_senders_tab_is_closed_and_the_next_one_goes_on(
    new_mover: NewMover, new_talk: NewTalk, tmp_path: Path
) -> None:
    talk = new_talk()
    context = talk.page.context
    context.add_init_script(CHOSEN)
    ann, bob = Mover(talk.page, talk.url), new_mover()
    ann.page.locator("#files-id").fill(bob.id)
    ann.press("Choose files")
    expect(ann.page.locator(".drop-chosen")).to_contain_text("big.bin")
    ann.press("Send")
    bob.press("Accept")
    bob.pause_under_way()
    expect(ann.row).to_contain_text("Paused by the other side", timeout=SLOW)
    before = bob.moved()
    ann.page.close()
    bob.is_("waiting")
    # What the closed tab was, the next one is: nobody is asked twice.
    again = Mover(context.new_page(), talk.url)
    assert again.id == ann.id
    expect(again.row).to_contain_text("Interrupted.")
    again.press("Go on")
    expect(again.row).to_contain_text("Paused by the other side", timeout=SLOW)
    assert again.moved() >= before > 0
    bob.press("Go on")
    bob.is_("done")
    again.is_("done")
    saved = bob.save(bob.page.get_by_role("button", name="Save", exact=True), tmp_path / "saved")
    assert saved == b"".join(bytes([block]) * BLOCK for block in range(1, 16))
    again.page.reload()
    again.ready()
    expect(again.page.locator(".transfer")).to_have_count(0)


def test_the_sender_reloads_and_chooses_the_same_again(new_mover: NewMover, big: Path, tmp_path: Path) -> None:
    ann, bob = new_mover(), new_mover()
    ann.send(bob, big)
    bob.press("Accept")
    bob.pause_under_way()
    expect(ann.row).to_contain_text("Paused by the other side", timeout=SLOW)
    before = bob.moved()
    ann.page.on("dialog", lambda dialog: dialog.accept())
    ann.page.reload()
    ann.ready()
    bob.is_("waiting")
    with ann.page.expect_file_chooser() as chooser:
        ann.press("Choose the same files again")
    chooser.value.set_files(big)
    # Nobody is asked twice.
    expect(ann.row).to_contain_text("Paused by the other side", timeout=SLOW)
    assert ann.moved() >= before > 0
    bob.press("Go on")
    bob.is_("done")
    assert bob.save(bob.page.get_by_role("button", name="Save", exact=True), tmp_path / "saved") == big.read_bytes()


# A browser that may show no address of its own, and a server without TURN.
PATHLESS = """(() => {
    const Real = RTCPeerConnection;
    const hidden = (told) => ({ ...told, iceTransportPolicy: "relay" });
    globalThis.RTCPeerConnection = class extends Real {
        constructor(told) { super(hidden(told)); }
        setConfiguration(told) { super.setConfiguration(hidden(told)); }
    };
})()"""


def test_without_a_path_files_go_through_the_server_and_go_on_after_a_reload(
    new_mover: NewMover, new_talk: NewTalk, tmp_path: Path
) -> None:
    file = tmp_path / "file.bin"
    file.write_bytes(os.urandom(10 * BLOCK + 7))
    talk = new_talk()
    talk.page.add_init_script(PATHLESS)
    ann, bob = Mover(talk.page, talk.url), new_mover()
    ann.send(bob, file)
    bob.press("Accept")
    ann.pause_under_way()
    expect(bob.row).to_contain_text("Paused by the other side", timeout=SLOW)
    said = [each.row.locator(".transfer-path").inner_text() for each in (ann, bob)]
    assert said[0] == said[1]
    assert re.match(r"Through the server, which cannot read it · code \d{5} \d{5} \d{5} \d{5}", said[0])
    bob.page.reload()
    bob.ready()
    expect(bob.row).to_contain_text("Paused by the other side", timeout=SLOW)
    assert bob.moved() >= 2 / 11
    ann.press("Go on")
    bob.is_("done")
    ann.is_("done")
    assert bob.save(bob.page.get_by_role("button", name="Save", exact=True), tmp_path / "saved") == file.read_bytes()


def test_whoever_wants_it_sends_through_the_server_and_shows_no_address(new_mover: NewMover, tmp_path: Path) -> None:
    ann, bob = new_mover(), new_mover()
    file = tmp_path / "a.txt"
    file.write_text("hidden")
    for each in (ann, bob):
        each.press("WebSocket inspector")
    ann.page.get_by_label("Through the server").check()
    ann.send(bob, file)
    expect(bob.dialog).to_contain_text(
        "It comes through the server, which cannot read it. Neither side sees", timeout=SLOW
    )
    bob.press("Accept")
    bob.is_("done")
    for each in (ann, bob):
        rows = each.page.locator(".wire-type").all_inner_texts()
        assert "ANSWER · relay open" in rows
        assert "CANDIDATE" not in rows


# A dialog cannot be answered here; the handle that it gives is a real one, of the browser's own storage.
PICKED = """globalThis.showSaveFilePicker = async ({ suggestedName }) =>
    (await navigator.storage.getDirectory()).getFileHandle(`picked ${suggestedName}`, { create: true })"""
READ_PICKED = """async (name) => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle(`picked ${name}`);
    const digest = await crypto.subtle.digest("SHA-256", await (await handle.getFile()).arrayBuffer());
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}"""
NO_STORAGE = """
delete globalThis.showSaveFilePicker;
delete globalThis.showDirectoryPicker;
StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException("private", "SecurityError"));
"""


@pytest.mark.parametrize(
    ("script", "accept", "where"),
    [
        (PICKED, "To a file …", "It is kept in this browser until you save it"),
        (NO_STORAGE, "Accept", "It is saved as a download while it comes."),
    ],
    ids=["picked", "download"],
)
def test_it_goes_where_the_page_says(new_talk: NewTalk, tmp_path: Path, script: str, accept: str, where: str) -> None:
    windows = [new_talk() for _ in range(2)]
    windows[1].page.add_init_script(script)
    ann, bob = (Mover(each.page, each.url) for each in windows)
    file = tmp_path / "a file’s name.bin"
    file.write_bytes(os.urandom(2 * BLOCK + 7))
    ann.send(bob, file)
    expect(bob.dialog).to_contain_text(where, timeout=SLOW)
    saved = tmp_path / "saved"
    if "download" in where:
        assert bob.save(bob.page.get_by_role("button", name=accept), saved) == file.read_bytes()
    else:
        bob.press(accept)
    bob.is_("done")
    ann.is_("done")
    expect(bob.row).to_contain_text("Received and saved, every block checked")
    expect(bob.page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    if script is PICKED:
        assert bob.page.evaluate(READ_PICKED, file.name) == hashlib.sha256(file.read_bytes()).hexdigest()


def test_what_was_received_is_there_after_a_reload_until_it_is_removed(new_mover: NewMover, tmp_path: Path) -> None:
    ann, bob = new_mover(), new_mover()
    file = tmp_path / "a.txt"
    file.write_text("kept")
    ann.send(bob, file)
    bob.press("Accept")
    bob.is_("done")
    bob.page.reload()
    bob.ready()
    assert bob.save(bob.page.get_by_role("button", name="Save", exact=True), tmp_path / "saved") == b"kept"
    bob.press("Remove")
    expect(bob.page.locator(".transfer")).to_have_count(0)
    bob.page.reload()
    bob.ready()
    expect(bob.page.locator(".transfer")).to_have_count(0)
