"""The Talk view as a person uses it."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

SLOW = 15_000


class Talk:
    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def open(self) -> Talk:
        self.page.goto(self.url)
        self.connected()
        return self

    def connected(self) -> None:
        expect(self.page.locator(".dot")).to_have_attribute("data-state", "open", timeout=SLOW)

    @property
    def box(self) -> Locator:
        return self.page.locator("#composer")

    @property
    def questions(self) -> Locator:
        return self.page.locator(".question")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".answer")

    @property
    def answer(self) -> Locator:
        """The last one."""
        return self.answers.last

    @property
    def words(self) -> str:
        """What the last answer says."""
        return self.answer.locator(".answer-body").inner_text()

    @property
    def stop_button(self) -> Locator:
        return self.page.locator(".composer").get_by_role("button", name="Stop", exact=True)

    @property
    def conversations(self) -> Locator:
        return self.page.locator(".conversation")

    def send(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def ask(self, text: str) -> str:
        """Send, wait for the end of the answer, and return what it says."""
        before = self.answers.count()
        self.send(text)
        expect(self.answers).to_have_count(before + 1)
        self.finished()
        return self.words

    def ask_aloud(self, text: str) -> None:
        """Send in a call, and wait for the answer to begin."""
        before = self.answers.count()
        self.send(text)
        expect(self.answers).to_have_count(before + 1)

    def finished(self, status: str = "done") -> None:
        expect(self.answer).to_have_attribute("data-status", status, timeout=SLOW)

    def counting(self, number: int) -> None:
        """Wait until the answer has counted that far."""
        expect(self.answer.locator(".answer-body")).to_contain_text(re.compile(rf"\b{number}\b"), timeout=SLOW)

    def menu(self, item: str) -> None:
        """Choose from the conversation's menu at the top."""
        self.page.locator(".view-head").get_by_role("button", name="More", exact=True).click()
        self.page.get_by_role("menuitem", name=item).click()

    def inspect(self) -> Locator:
        self.page.get_by_role("button", name="WebSocket inspector").click()
        drawer = self.page.get_by_role("complementary", name="WebSocket inspector")
        expect(drawer).to_be_visible()
        return drawer


def counted(words: str) -> list[int]:
    """The numbers of an answer, in order."""
    return [int(number) for number in re.findall(r"\d+", words)]
