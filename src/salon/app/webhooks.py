"""Tells another server what happens in rooms: signed, in order, tried again for a while, and never in the way of the rooms.

The form is https://www.standardwebhooks.com: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature: v1,<base64>``,
which is the HMAC-SHA256 of ``id.timestamp.body``. What is tried again keeps its id.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import logging
from collections import deque
from typing import Final

import aiohttp
import msgspec

from salon.base.ids import NewId
from salon.ports.clock import Clock
from salon.session.hooks import Happening

logger = logging.getLogger(__name__)

MAX_WAITING: Final = 1000
MAX_BYTES: Final = 16 * 1024 * 1024
"""What waits for a server that does not answer; then the oldest is dropped, and the log says so."""
TIMEOUT_SECONDS: Final = 10.0
PAUSES: Final = (1.0, 5.0, 30.0, 120.0, 600.0)
"""Before the second try, the third, …; after the last it is given up."""
FINAL: Final = frozenset({400, 401, 403, 404, 405, 410, 413, 422})
"""Answers that another try would get too."""


class Webhook:
    """``pauses`` are in seconds."""

    def __init__(
        self, url: str, secret: str, *, clock: Clock, new_id: NewId, pauses: tuple[float, ...] = PAUSES
    ) -> None:
        self._url = url
        self._key = key_of(secret)
        self._clock = clock
        self._new_id = new_id
        self._pauses = pauses
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._bytes = 0
        self._news = asyncio.Event()
        self.dropped = 0

    def take(self, happening: Happening) -> None:
        """Queue it. Never blocks."""
        body = body_of(happening)
        while self._waiting and (len(self._waiting) >= MAX_WAITING or self._bytes + len(body) > MAX_BYTES):
            self._next()
            if not self.dropped:
                logger.warning("The webhook %s does not keep up: the oldest events are dropped", self._url)
            self.dropped += 1
        self._waiting.append((self._new_id("msg"), body))
        self._bytes += len(body)
        self._news.set()

    def _next(self) -> tuple[str, bytes]:
        id, body = self._waiting.popleft()
        self._bytes -= len(body)
        return id, body

    async def run(self) -> None:
        """Send what waits, until cancelled."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)) as client:
            while True:
                self._news.clear()
                while self._waiting:
                    await self._deliver(client, *self._next())
                await self._news.wait()

    async def _deliver(self, client: aiohttp.ClientSession, id: str, body: bytes) -> None:
        for pause in (*self._pauses, None):
            why = await self._try(client, id, body)
            if not why:
                return
            if pause is None or why.startswith("final"):
                logger.warning("The webhook %s did not take an event (%s)", self._url, why)
                return
            await asyncio.sleep(pause)

    async def _try(self, client: aiohttp.ClientSession, id: str, body: bytes) -> str:
        """Empty where it was taken, else why not."""
        now = self._clock.unix()
        headers = {
            "content-type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(now),
            "webhook-signature": sign(self._key, id, now, body),
        }
        try:
            # A redirect would send what is signed to somebody who was not named.
            async with client.post(self._url, data=body, headers=headers, allow_redirects=False) as answer:
                if answer.status < 300:
                    return ""
                return f"final {answer.status}" if answer.status in FINAL else f"status {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__


def key_of(secret: str) -> bytes:
    """``whsec_`` and base64, as the standard writes secrets, or any other text as it is."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            pass
    return secret.encode()


def sign(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    signed = f"{id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def body_of(happening: Happening) -> bytes:
    """``{"type", "timestamp", "data": {…}}``; members of ``data`` that say nothing are left out."""
    who = happening.who
    data = {
        "room": happening.room,
        "topic": happening.topic,
        "user": who.identity if who is not None else "",
        "client": who.session if who is not None else "",
        "key": happening.key,
        "offset": happening.offset,
        "reason": happening.reason,
        "message": msgspec.Raw(happening.data) if happening.data else None,
    }
    told = {name: value for name, value in data.items() if value}
    return msgspec.json.encode({"type": happening.name, "timestamp": happening.at, "data": told})
