"""A session of a recogniser, of which a house has only to write the conversation with its server."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType

from salon.base.errors import Overloaded, ProviderError, SalonError
from salon.base.speech import ASR_RATE, SAMPLE, Final, Heard, Partial

log = logging.getLogger("salon.providers")

BYTES_PER_MS = ASR_RATE * SAMPLE // 1000
#: Bytes of audio that wait for a house: 60 s. What is more ends the session.
MOST_WAITING = 60_000 * BYTES_PER_MS

Work = Callable[["Microphone"], Awaitable[Final]]


class Microphone:
    """The audio of a session as the house's side sees it, and where it tells what it understands."""

    def __init__(self, tell: Callable[[Partial], None]) -> None:
        self._tell = tell
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._news = asyncio.Event()
        self.finished = asyncio.Event()
        #: Bytes that were pushed.
        self.heard = 0
        self.overrun = False

    @property
    def milliseconds(self) -> int:
        """How much audio was pushed."""
        return self.heard // BYTES_PER_MS

    def push(self, pcm: bytes) -> None:
        if self._waiting + len(pcm) > MOST_WAITING:
            self.overrun = True
        elif pcm:
            self._chunks.append(pcm)
            self._waiting += len(pcm)
            self.heard += len(pcm)
        self._news.set()

    def finish(self) -> None:
        self.finished.set()
        self._news.set()

    async def read(self) -> bytes:
        """All audio that waits, as soon as there is some. Empty when the utterance is over. Raises ``Overloaded`` where more came
        than may wait."""
        while not self._chunks:
            if self.finished.is_set():
                return b""
            self._news.clear()
            if self.overrun:
                break
            await self._news.wait()
        if self.overrun:
            raise Overloaded("Speech came faster than it could be recognised; 60 s of it were waiting.")
        pcm = b"".join(self._chunks)
        self._chunks.clear()
        self._waiting = 0
        return pcm

    def tell(self, partial: Partial) -> None:
        self._tell(partial)


def joined(before: str, more: str) -> str:
    """Two parts of an utterance: words of Latin scripts stand apart, Chinese ones do not."""
    apart = before and more and before[-1].isascii() and more[0].isascii() and not (before[-1] + more[0]).count(" ")
    return f"{before} {more}" if apart else before + more


class Listening:
    """An ``AsrSession`` and its context: ``work`` runs from entering to leaving, and returns the ``Final``."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._microphone = Microphone(self._told)
        self._partial: Partial | None = None
        self._end: Final | SalonError | None = None
        self._news = asyncio.Event()
        self._group = asyncio.TaskGroup()
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    async def __aenter__(self) -> Listening:
        await self._group.__aenter__()
        self._task = self._group.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._settle(ProviderError("The session was closed."))
        assert self._task is not None
        self._task.cancel()
        # What ended the block is not the group's affair: it would wrap it.
        await self._group.__aexit__(None, None, None)

    def push(self, pcm: bytes) -> None:
        if not self._closed and self._end is None and not self._microphone.finished.is_set():
            self._microphone.push(pcm)

    def finish(self) -> None:
        self._microphone.finish()

    async def results(self) -> AsyncGenerator[Heard, None]:
        while True:
            await self._news.wait()
            self._news.clear()
            partial, self._partial = self._partial, None
            if self._closed and not isinstance(self._end, Final):
                return
            if partial is not None:
                yield partial
            if isinstance(self._end, Final):
                yield self._end
                return
            if self._end is not None:
                raise self._end

    def _told(self, partial: Partial) -> None:
        if self._end is None:
            self._partial = partial
            self._news.set()

    def _settle(self, end: Final | SalonError) -> None:
        if self._end is None:
            self._end = end
            self._news.set()

    async def _run(self) -> None:
        try:
            self._settle(await self._work(self._microphone))
        except SalonError as error:
            self._settle(error)
        except Exception as error:
            log.exception("a recogniser failed in a way that it must not")
            self._settle(ProviderError(f"The recogniser failed: {type(error).__name__}."))
