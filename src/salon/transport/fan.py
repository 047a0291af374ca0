"""Several ways out for one session: a call's data channel, and the sockets that listen beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from salon.ports.link import Link


class FanLink:
    """A ``salon.ports.link.Link`` that says everything to all of its links. ``closed`` is called, once, when it is closed."""

    def __init__(self, closed: Callable[[int, str], None] = lambda code, reason: None) -> None:
        self._links: tuple[Link, ...] = ()
        self._closed: Callable[[int, str], None] | None = closed

    def add(self, link: Link) -> None:
        self._links = (*self._links, link)

    def remove(self, link: Link) -> None:
        self._links = tuple(each for each in self._links if each is not link)

    def send(self, text: str) -> None:
        for link in self._links:
            link.send(text)

    @property
    def crowded(self) -> bool:
        return any(link.crowded for link in self._links)

    async def drained(self) -> None:
        await asyncio.gather(*(link.drained() for link in self._links))

    def close(self, code: int, reason: str) -> None:
        closed, self._closed = self._closed, None
        for link in self._links:
            link.close(code, reason)
        if closed is not None:
            closed(code, reason)
