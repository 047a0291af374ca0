"""A client's way out that ends in its own queue: the real outbox, and no socket behind it."""

from __future__ import annotations

import json
from typing import Any

from salon.transport.outbox import Outbox


class OutboxLink:
    """A ``salon.ports.link.Link``. ``read`` takes what waits, as a client would that reads all there is."""

    def __init__(self, max_messages: int = 4096) -> None:
        self.outbox = Outbox(max_messages)

    def send(self, text: str) -> None:
        self.outbox.put(text)

    @property
    def crowded(self) -> bool:
        return self.outbox.crowded

    async def drained(self) -> None:
        await self.outbox.drained()

    def close(self, code: int, reason: str) -> None:
        self.outbox.close(code, reason)

    @property
    def code(self) -> int | None:
        """The close code, None while it is open."""
        return self.outbox.closing[0] if self.outbox.closing else None

    def read(self) -> list[str]:
        texts = []
        while (text := self.outbox.take()) is not None:
            texts.append(text)
        return texts

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self.read()]

    async def until(self, kind: str) -> list[dict[str, Any]]:
        """All events up to the first of that type."""
        events: list[dict[str, Any]] = []
        while True:
            await self.outbox.wait()
            text = self.outbox.take()
            assert text is not None, f"closed with {self.outbox.closing} before {kind}, after {events}"
            events.append(json.loads(text))
            if events[-1]["type"] == kind:
                return events
