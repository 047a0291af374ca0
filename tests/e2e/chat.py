"""The Chat view as a person uses it, and a stranger who says to its server whatever he likes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from playwright.sync_api import Locator, Page, expect
from websockets.asyncio.client import connect

SLOW = 20_000
T = TypeVar("T")


class Chat:
    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url

    def enter(self, room: str, name: str) -> Chat:
        """Come in by the form, as somebody who is here for the first time."""
        self.page.goto(f"{self.url}#/chat")
        self.page.fill("input[name=room]", room)
        self.page.fill("input[name=name]", name)
        self.page.get_by_role("button", name="Enter", exact=True).click()
        return self.connected()

    def connected(self) -> Chat:
        expect(self.page.locator(".dot")).to_have_attribute("data-state", "open", timeout=SLOW)
        return self

    @property
    def box(self) -> Locator:
        return self.page.locator("#chat-composer")

    def say(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    @property
    def messages(self) -> Locator:
        return self.page.locator(".chat-message article")

    def message(self, text: str) -> Locator:
        return self.page.locator(".chat-message", has_text=text)

    def act(self, text: str, action: str) -> None:
        """Press one of the buttons that a message shows under the pointer."""
        self.message(text).locator("article").hover()
        self.message(text).get_by_role("button", name=action, exact=True).click()

    def words(self) -> list[str]:
        """Everything that is said, as it is shown."""
        return [text.strip() for text in self.page.locator(".chat-words").all_inner_texts()]

    def has(self, text: str) -> None:
        expect(self.page.locator(".chat-words", has_text=text)).to_have_count(1, timeout=SLOW)


def publish(port: int, channel: str, entries: list[Any], user: str = "stranger", **info: Any) -> None:
    """Put these into a log, without a page."""
    _elsewhere(_publish(port, channel, entries, user, info))


def read(port: int, channel: str) -> list[Any]:
    """What stands in a log."""
    return _elsewhere(_read(port, channel))


def _elsewhere(work: Coroutine[Any, Any, T]) -> T:
    """In another thread, because Playwright has this one's loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(120)


async def _read(port: int, channel: str) -> list[Any]:
    async with connect(f"ws://127.0.0.1:{port}/connection/websocket", max_size=None) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"data": {"user": "reader"}}}))
        await socket.send(json.dumps({"id": 2, "history": {"channel": channel, "limit": 1000}}))
        while True:
            for line in str(await socket.recv()).split("\n"):
                said = json.loads(line)
                if said.get("id") == 2:
                    return list(said["history"].get("publications", []))


async def _publish(port: int, channel: str, entries: list[Any], user: str, info: Any) -> None:
    async with connect(f"ws://127.0.0.1:{port}/connection/websocket", max_size=None) as socket:
        await socket.send(json.dumps({"id": 1, "connect": {"data": {"user": user, "info": info}}}))
        done = 0
        pending = list(enumerate(entries, 2))
        waiting: dict[int, Any] = {}

        async def send() -> None:
            while pending and len(waiting) < 50:
                number, data = pending.pop(0)
                waiting[number] = data
                await socket.send(json.dumps({"id": number, "publish": {"channel": channel, "data": data}}))

        while done < len(entries):
            await send()
            for line in str(await socket.recv()).split("\n"):
                said = json.loads(line)
                if not said:
                    await socket.send("{}")
                elif said.get("id", 0) > 1:
                    data = waiting.pop(said["id"])
                    if said.get("error", {}).get("code") == 111:
                        pending.insert(0, (said["id"], data))
                    else:
                        assert "error" not in said, said
                        done += 1
