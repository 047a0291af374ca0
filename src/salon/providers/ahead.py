"""Pieces of an answer that a house speaks by a request each: the next one is asked for while this one is still coming, so that
there is no gap between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from salon.base.errors import SalonError
from salon.base.speech import Speech
from salon.providers.alongside import alongside
from salon.providers.speaking import MOST_FRAMES, Script

#: Requests under way at one time.
AT_ONCE: Final = 2

Pieces = AsyncIterator[tuple[int, str]]


class Take:
    """The sound of one piece, kept until those before it are handed over."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[Speech | Exception | None] = asyncio.Queue(MOST_FRAMES)

    async def say(self, speech: Speech) -> None:
        """More of it. Waits while too much waits to be handed over."""
        await self._frames.put(speech)

    async def record(self, work: Awaitable[None]) -> None:
        end: Exception | None = None
        try:
            await work
        except Exception as error:
            # It is told when its turn has come: what was spoken before it is heard first.
            end = error
        await self._frames.put(end)

    async def play(self, script: Script) -> None:
        while (frame := await self._frames.get()) is not None:
            if isinstance(frame, Exception):
                raise frame
            await script.say(frame)


async def speak_ahead(script: Script, pieces: Pieces, say: Callable[[Take, str, int], Awaitable[None]]) -> None:
    """Hand over the sound of each piece in order. ``pieces`` have their place in the text; ``say`` asks for one."""
    takes: asyncio.Queue[Take | SalonError | None] = asyncio.Queue(AT_ONCE)
    room = asyncio.Semaphore(AT_ONCE)

    async def ask() -> None:
        async with asyncio.TaskGroup() as group:
            try:
                async for at, text in pieces:
                    await room.acquire()
                    take = Take()
                    group.create_task(take.record(say(take, text, at)))
                    await takes.put(take)
            except SalonError as error:
                await takes.put(error)
            else:
                await takes.put(None)

    async with alongside(ask()):
        while (take := await takes.get()) is not None:
            if isinstance(take, SalonError):
                raise take
            await take.play(script)
            room.release()
