"""What a connection waits by, in a few dozen bytes. An ``asyncio.Queue`` holds four deques and an ``asyncio.Event`` one, of 760
bytes each, as long as they live; most connections are idle, and have nothing to put there."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A queue for one reader. What is put is bounded by whoever puts it: uvicorn stops reading while something waits."""

    __slots__ = ("_items", "_waiter")

    def __init__(self) -> None:
        self._items: deque[T] | None = None
        self._waiter: asyncio.Future[None] | None = None

    def empty(self) -> bool:
        return not self._items

    def put_nowait(self, item: T) -> None:
        if self._items is None:
            self._items = deque()
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> T:
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        item = self._items.popleft()
        if not self._items:
            self._items = None
        return item


class Open:
    """An event that is set most of the time: an ``asyncio.Event`` stands behind it only while it is not."""

    __slots__ = ("_event", "is_open")

    def __init__(self) -> None:
        self._event: asyncio.Event | None = None
        self.is_open = True

    def is_set(self) -> bool:
        return self.is_open

    def clear(self) -> None:
        if self.is_open:
            self.is_open = False
            self._event = asyncio.Event()

    def set(self) -> None:
        self.is_open = True
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        while self._event is not None:
            await self._event.wait()
