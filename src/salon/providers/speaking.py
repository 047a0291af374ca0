"""A session of a synthesiser, of which a house has only to write the conversation with its server."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import TracebackType

from salon.base.errors import BadRequest, ProviderError, SalonError, TimedOut
from salon.base.speech import SAMPLE, Frame, Speech, Spoken

log = logging.getLogger("salon.providers")

#: Characters of one answer. What is more ends the session.
MOST_TEXT = 100_000
#: Pieces of audio that wait for a reader; then the house waits.
MOST_FRAMES = 32

Work = Callable[["Script"], Awaitable[Spoken]]


class Script:
    """The text of a session as the house's side sees it, and where it hands over what is spoken."""

    def __init__(self, frames: asyncio.Queue[Frame | SalonError]) -> None:
        self._frames = frames
        self._pieces: deque[str] = deque()
        self._news = asyncio.Event()
        self._finished = False
        self._too_long = False
        #: Whether the house waits for a reader who is slow.
        self.blocked = False
        #: Characters that were pushed, and ms of audio that were said.
        self.characters = 0
        self._milliseconds = 0.0

    @property
    def milliseconds(self) -> int:
        return round(self._milliseconds)

    @property
    def finished(self) -> bool:
        return self._finished

    def push(self, text: str) -> None:
        if not text or self._finished:
            return
        if self.characters + len(text) > MOST_TEXT:
            self._too_long = True
        else:
            self._pieces.append(text)
            self.characters += len(text)
        self._news.set()

    def finish(self) -> None:
        self._finished = True
        self._news.set()

    async def read(self) -> str:
        """The next piece as it was pushed. Empty when there is no more. Raises ``BadRequest`` where there is too much."""
        while not self._pieces:
            if self._too_long:
                raise BadRequest(f"An answer of more than {MOST_TEXT:,} characters is not spoken.")
            if self._finished:
                return ""
            self._news.clear()
            await self._news.wait()
        return self._pieces.popleft()

    async def say(self, speech: Speech) -> None:
        """Hand over. Waits for a slow reader."""
        if speech.pcm:
            self._milliseconds += speech.milliseconds
            self.blocked = self._frames.full()
            await self._frames.put(speech)
            self.blocked = False


class Tail:
    """Keeps the last 10 ms of a sound back, since only what comes last knows that the text has been said. ``rate`` is in samples
    a second; pieces may end within a sample."""

    def __init__(self, rate: int) -> None:
        self._most = rate // 100 * SAMPLE
        self._held = bytearray()

    def feed(self, pcm: bytes) -> bytes:
        """What is not the last, as far as is known."""
        self._held += pcm
        ready = (len(self._held) - self._most) // SAMPLE * SAMPLE
        if ready <= 0:
            return b""
        pcm = bytes(self._held[:ready])
        del self._held[:ready]
        return pcm

    def rest(self) -> bytes:
        """The last, in whole samples."""
        return bytes(self._held[: len(self._held) // SAMPLE * SAMPLE])


class Speaking:
    """A ``TtsSession`` and its context: ``work`` runs from entering to leaving, and returns the ``Spoken``."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._frames: asyncio.Queue[Frame | SalonError] = asyncio.Queue(MOST_FRAMES)
        self._script = Script(self._frames)
        self._group = asyncio.TaskGroup()
        self._task: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()

    async def __aenter__(self) -> Speaking:
        await self._group.__aenter__()
        self._task = self._group.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        assert self._task is not None
        self._task.cancel()
        while not self._frames.empty():
            self._frames.get_nowait()
        # A reader in another task is woken; it sees that the session is closed.
        self._frames.put_nowait(ProviderError("The session was closed."))
        # What ended the block is not the group's affair: it would wrap it.
        await self._group.__aexit__(None, None, None)

    def push(self, text: str) -> None:
        if not self._closed.is_set():
            self._script.push(text)

    def finish(self) -> None:
        self._script.finish()

    async def frames(self) -> AsyncGenerator[Frame, None]:
        while True:
            frame = await self._frames.get()
            if self._closed.is_set():
                return
            if isinstance(frame, SalonError):
                raise frame
            yield frame
            if isinstance(frame, Spoken) or self._closed.is_set():
                return

    async def _run(self) -> None:
        end: Frame | SalonError
        try:
            end = await self._work(self._script)
        except SalonError as error:
            end = error
        except Exception as error:
            log.exception("a synthesiser failed in a way that it must not")
            end = ProviderError(f"The synthesiser failed: {type(error).__name__}.")
        await self._frames.put(end)


async def keep_watch(script: Script, heard: asyncio.Event, *, first_audio: float, stall: float, house: str) -> None:
    """See that the house speaks: ``heard`` is set at each piece. Never returns; raises ``TimedOut`` with phase ``first_audio``
    when none comes within so many seconds, with phase ``stall`` when the next takes longer than that.

    It is begun when the text is whole: until then it may be the text that is late, not the house.
    """
    phase, limit = ("stall", stall) if heard.is_set() else ("first_audio", first_audio)
    while True:
        heard.clear()
        try:
            async with asyncio.timeout(limit):
                await heard.wait()
        except TimeoutError:
            if script.blocked:
                continue  # it is the reader that is slow
            said = "did not begin to speak" if phase == "first_audio" else "fell silent in the middle"
            raise TimedOut(f"{house} {said} for more than {limit:g} s.", phase=phase, house=house) from None
        phase, limit = "stall", stall
