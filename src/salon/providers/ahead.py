"""Pieces of an answer that a house speaks by a request each: the next one is asked for while this one is still coming, and the
silence at their ends is taken off, so that there is no gap between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec

from salon.base.errors import RateLimited, SalonError
from salon.base.speech import Speech
from salon.providers.alongside import alongside
from salon.providers.speaking import MOST_FRAMES, Script
from salon.sound.edges import Edges

#: Requests under way at one time.
AT_ONCE: Final = 2

Pieces = AsyncIterator[tuple[int, str]]


class Take:
    """The sound of one piece, kept until those before it are handed over."""

    def __init__(self) -> None:
        self._frames: asyncio.Queue[Speech | Exception | None] = asyncio.Queue(MOST_FRAMES)

    async def say(self, speech: Speech) -> None:
        """More of it. Waits while too much waits to be handed over."""
        if speech.pcm:
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
        edges, last = None, None
        while (frame := await self._frames.get()) is not None:
            if isinstance(frame, Exception):
                raise frame
            edges, last = edges or Edges(frame.rate), frame
            await script.say(msgspec.structs.replace(frame, pcm=edges.push(frame.pcm)))
        if edges is not None and last is not None:
            await script.say(Speech(edges.flush(), last.rate, said=last.said))


async def speak_ahead(script: Script, pieces: Pieces, say: Callable[[Take, str, int], Awaitable[None]]) -> None:
    """Hand over the sound of each piece in order. ``pieces`` have their place in the text; ``say`` asks for one.

    Where a house does not take two requests at a time, pieces are asked for one by one from then on.
    """
    takes: asyncio.Queue[tuple[Take, str, int] | SalonError | None] = asyncio.Queue(AT_ONCE)
    room = asyncio.Semaphore(AT_ONCE)
    crowded = False

    async def record(take: Take, text: str, at: int) -> None:
        nonlocal crowded
        try:
            await say(take, text, at)
        except RateLimited:
            crowded = True
            raise

    async def ask() -> None:
        async with asyncio.TaskGroup() as group:
            try:
                async for at, text in pieces:
                    await room.acquire()
                    take = Take()
                    group.create_task(take.record(record(take, text, at)))
                    await takes.put((take, text, at))
            except SalonError as error:
                await takes.put(error)
            else:
                await takes.put(None)

    async with alongside(ask()):
        alone = False
        while (next_one := await takes.get()) is not None:
            if isinstance(next_one, SalonError):
                raise next_one
            take, text, at = next_one
            before = script.milliseconds
            try:
                await take.play(script)
            except RateLimited:
                if at == 0 or script.milliseconds > before:
                    raise
                # The one before was under way then; it is over now.
                again = Take()
                async with alongside(again.record(say(again, text, at))):
                    await again.play(script)
            if crowded and not alone:
                alone = True
            else:
                room.release()
