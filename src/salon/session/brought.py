"""Turns that a client brings as sound in items of its own: their words are found, since a model is shown words."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from salon.base.errors import BadAnswer, ProviderError
from salon.base.items import InputAudio, Item, MessageItem
from salon.base.session import AudioFormat
from salon.base.speech import ASR_RATE, AsrOptions, Final
from salon.ports.asr import Asr
from salon.sound.incoming import Incoming
from salon.sound.pcm import milliseconds, size

log = logging.getLogger("salon.ear")

STEP = size(20, ASR_RATE)

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Listener(Protocol):
    def transcribed(self, item_id: str, text: str, seconds: float) -> None: ...

    def failed(self, item_id: str, error: ProviderError) -> None: ...


def broken() -> ProviderError:
    """What is told of an exception that is not the recogniser's own to tell; the log has all of it."""
    log.exception("recogniser broke")
    return ProviderError("The recogniser could not be used: an error inside the server.")


class Brought:
    """One is recognised at a time. What the listener is told of an item is its end: ``pending`` does not count it any more."""

    def __init__(self, asr: Asr, listener: Listener, spawn: Spawn) -> None:
        self._asr = asr
        self._listener = listener
        self._spawn = spawn
        self._waiting: deque[tuple[str, bytes, AsrOptions]] = deque()
        self._task: asyncio.Task[None] | None = None

    @property
    def pending(self) -> bool:
        """Whether words are still to come."""
        return bool(self._waiting)

    def take(self, item: Item, audio: AudioFormat, options: AsrOptions) -> None:
        """An item that joined the conversation; one without sound, or with words, needs nothing."""
        if not isinstance(item, MessageItem):
            return
        sounds = [part for part in item.content if isinstance(part, InputAudio)]
        if len(sounds) == 1 and sounds[0].audio and sounds[0].transcript is None:
            self._waiting.append((item.id, Incoming(audio).push(sounds[0].audio), options))
            if self._task is None:
                self._task = self._spawn(self._run())

    def close(self) -> None:
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while self._waiting:
            item_id, pcm, options = self._waiting[0]
            text, error = "", None
            try:
                text = await self._recognise(pcm, options)
            except ProviderError as problem:
                error = problem
            except Exception:
                error = broken()
            self._waiting.popleft()
            if error is None:
                self._listener.transcribed(item_id, text, milliseconds(pcm, ASR_RATE) / 1000)
            else:
                self._listener.failed(item_id, error)
        self._task = None

    async def _recognise(self, pcm: bytes, options: AsrOptions) -> str:
        async with self._asr.session(options) as session:
            for at in range(0, len(pcm), STEP):
                session.push(pcm[at : at + STEP])
            session.finish()
            async for heard in session.results():
                if isinstance(heard, Final):
                    return heard.text
        raise BadAnswer("The recogniser ended without saying what it heard.")
