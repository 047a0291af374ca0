"""A plain client of the Realtime protocol, for tests: what it hears are dictionaries."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from tests.session.house import KEY, House

Heard = dict[str, Any]

PATIENCE = 30.0
"""Seconds until something that should be heard counts as lost."""


class Talker:
    """``heard`` is every event so far, in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.heard: list[Heard] = []

    async def say(self, type: str, **fields: Any) -> None:
        await self.connection.send(json.dumps({"type": type, **fields}))

    async def hear(self) -> Heard:
        async with asyncio.timeout(PATIENCE):
            event: Heard = json.loads(await self.connection.recv())
        self.heard.append(event)
        return event

    async def until(self, type: str) -> list[Heard]:
        """All events up to the next of that type, which is the last."""
        events = [await self.hear()]
        while events[-1]["type"] != type:
            events.append(await self.hear())
        return events

    async def message(self, text: str) -> None:
        """A message of the user's. Its two answers are left to be heard."""
        content = [{"type": "input_text", "text": text}]
        await self.say("conversation.item.create", item={"type": "message", "role": "user", "content": content})

    async def ask(self, text: str) -> list[Heard]:
        """One turn, to its end: all events up to ``rate_limits.updated``."""
        await self.message(text)
        await self.say("response.create")
        return await self.until("rate_limits.updated")

    def abort(self) -> None:
        """Drop the connection without a goodbye."""
        self.connection.transport.abort()


@asynccontextmanager
async def talk(house: House, url: str = "", *, key: str = KEY, **options: Any) -> AsyncIterator[Talker]:
    """A connection whose ``session.created`` has been heard."""
    async with connect(
        url or house.url(),
        additional_headers={"authorization": f"Bearer {key}"},
        compression=None,
        proxy=None,
        max_size=None,
        close_timeout=5,
        **options,
    ) as connection:
        talker = Talker(connection)
        await talker.hear()
        yield talker


def types(events: list[Heard]) -> list[str]:
    return [event["type"] for event in events]


def text_of(events: list[Heard]) -> str:
    """What the deltas make together."""
    return "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")


def done(events: list[Heard]) -> Heard:
    """The response of the only ``response.done`` among them."""
    (response,) = [event["response"] for event in events if event["type"] == "response.done"]
    return dict(response)
