"""A spoken conversation with a simulated person, in a call."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from types import TracebackType
from typing import TypeVar

from salon.base.commands import Command, UpdateSession
from salon.base.errors import ProviderError
from salon.base.events import Event
from salon.base.ids import counting
from salon.base.items import MessageItem
from salon.base.session import AudioInputPatch, SessionPatch, TurnDetection
from salon.ports.asr import Asr
from salon.ports.llm import Llm
from salon.ports.observer import Observer
from salon.ports.tts import Tts
from salon.ports.turn_detector import TurnDetector
from salon.ports.vad import Vad
from salon.session.agent import Agent
from salon.session.client import Client
from salon.session.hub import Hub, Speech
from salon.testing import sounds
from salon.testing.clock import LoopClock, Stuck
from salon.testing.models import SimulatedAsr, SimulatedLlm, SimulatedTts, Utterance
from salon.turn.words import BEAT_MS, beats

E = TypeVar("E")
TICK = sounds.FRAME_MS / 1000
SILENCE = bytes(640)
QUIET = bytes(960)
LONGEST_MS = 3_600_000


class Simulation:
    """Use it as an async context manager, in a ``VirtualLoop``. Times are ms since it began.

    ``say`` and ``wait`` let time pass; ``events`` are what the client was told, each with its time; ``heard`` is what the person
    heard of each answer, to the last whole word.

    With sound of your own, recorded for instance, give a ``vad`` that hears it, and ``microphone``, which is asked for every
    20 ms (16 kHz) in which ``say`` says nothing; ``loudspeaker`` is given every 20 ms that the person hears (24 kHz, silence
    too).
    """

    def __init__(
        self,
        agent: Agent | None = None,
        *,
        llm: Llm | None = None,
        asr: Asr | None = None,
        tts: Tts | None = None,
        turn_detector: TurnDetector | None = None,
        detection: TurnDetection | str | None = "",
        vad: Vad | None = None,
        microphone: Callable[[], bytes] = lambda: SILENCE,
        loudspeaker: Callable[[bytes], None] = lambda pcm: None,
    ) -> None:
        self.utterances: list[Utterance] = []
        self.agent = agent or Agent(name="host", instructions="Be kind.")
        self.llm = llm or SimulatedLlm()
        self.asr = asr or SimulatedAsr(self.utterances)
        if isinstance(self.asr, SimulatedAsr):
            self.asr.utterances = self.utterances
        self.tts = tts or SimulatedTts()
        self.events: list[tuple[int, Event]] = []
        self._detection = detection
        self._turn_detector = turn_detector
        self._vad = vad or _Vad()
        self._around = microphone
        self._listen = loudspeaker
        self._microphone: deque[bytes] = deque()
        self._out = Loudspeaker()
        self._stack = AsyncExitStack()
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[Event], None]] = []
        self._clock = LoopClock()
        self.client: Client

    async def __aenter__(self) -> Simulation:
        hub = Hub(
            [self.agent],
            _Models(self.llm, self.asr, self.tts),
            default_llm="simulated:llm",
            clock=self._clock,
            observer=Observer(),
            new_id=counting(),
            speech=lambda agent: Speech(self.asr, self.tts, aloud=True),
            vad=self._vad,
            turn_detector=self._turn_detector,
        )
        await self._stack.enter_async_context(hub)
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        microphone = group.create_task(self._talk())
        self._stack.callback(microphone.cancel)
        self.client = hub.open(
            hub.part(None), self._told, owner="simulation", model=self.agent.name, resumable=True, audio_out=self._out
        )
        self.client.conversation.open()
        if not isinstance(self._detection, str):
            patch = SessionPatch(audio_input=AudioInputPatch(turn_detection=self._detection))
            self.submit(UpdateSession(patch=patch))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What the script raises is the caller's, not one of a group.
        stuck: BaseException | None = None
        try:
            await self._stack.__aexit__(None, None, None)
        except* Stuck as group:
            stuck = group
            while isinstance(stuck, BaseExceptionGroup):
                stuck = stuck.exceptions[0]
        if stuck is not None:
            raise stuck

    @property
    def now(self) -> int:
        return self._clock.now()

    @property
    def speaking(self) -> bool:
        """Whether our voice can be heard now."""
        return self._out.audible

    @property
    def heard(self) -> list[str]:
        """What the person heard of each thing that the synthesiser was given."""
        assert isinstance(self.tts, SimulatedTts)
        return [
            text[: self._out.reached.get(number % sounds.SESSIONS, -1) + 1]
            for number, text in enumerate(self.tts.texts)
        ]

    @property
    def silences(self) -> list[tuple[int, int]]:
        """From when to when our voice fell silent in between."""
        return self._out.silences

    @property
    def history(self) -> list[tuple[str, str]]:
        """Role and words of each message of the conversation."""
        items = self.client.conversation.machine.items
        return [(item.role, item.text) for item in items if isinstance(item, MessageItem)]

    def submit(self, command: Command) -> None:
        """What the client sends."""
        self.client.conversation.submit(command)

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call ``listener`` with each event from now on, in its moment."""
        self._listeners.append(listener)

    async def say(self, text: str, *, ms: int = 0, recognised: str | ProviderError | None = None) -> None:
        """The person says this, in ``ms`` or at the usual pace; returns when it is said."""
        self.begin(text, ms=ms, recognised=recognised)
        while self._microphone:
            await asyncio.sleep(TICK)

    def begin(self, text: str, *, ms: int = 0, recognised: str | ProviderError | None = None) -> None:
        """The person begins to say this, behind what they are saying."""
        utterance = Utterance(text, ms or round(beats(text) * BEAT_MS), recognised)
        self.utterances.append(utterance)
        number = len(self.utterances) - 1
        self._microphone.extend(sounds.person_frame(number, frame) for frame in range(utterance.frames))

    def stop(self) -> None:
        """The person says no more of it."""
        self._microphone.clear()

    async def wait(self, ms: int) -> None:
        """Nobody does anything for so long."""
        await asyncio.sleep(ms / 1000)

    async def until(self, kind: type[E], *, within: int = 60_000, count: int = 1) -> E:
        """The first event of that kind, or the one of that ``count``. Raises ``TimeoutError``."""
        async with asyncio.timeout(within / 1000):
            while len(found := self.all(kind)) < count:
                self._changed.clear()
                await self._changed.wait()
            return found[count - 1]

    async def until_speaking(self, within: int = 60_000) -> None:
        async with asyncio.timeout(within / 1000):
            while not self.speaking:
                await asyncio.sleep(TICK)

    def all(self, kind: type[E]) -> list[E]:
        return [event for _, event in self.events if isinstance(event, kind)]

    def when(self, kind: type[Event], count: int = 1) -> int:
        """The time of an event. Raises ``IndexError``."""
        return [at for at, event in self.events if isinstance(event, kind)][count - 1]

    def _told(self, event: Event, event_id: str) -> str:
        self.events.append((self.now, event))
        for listener in self._listeners:
            listener(event)
        self._changed.set()
        return ""

    async def _talk(self) -> None:
        """The person's microphone: 20 ms every 20 ms."""
        while self.now < LONGEST_MS:
            await asyncio.sleep(TICK)
            self._listen(self._out.tick(self.now))
            voice = self.client.conversation.voice
            if voice is not None and not self.client.ended:
                voice.heard(self._microphone.popleft() if self._microphone else self._around())
        raise Stuck("The conversation has lasted for an hour: its script waits for something that will not happen.")


class Loudspeaker:
    """A ``salon.ports.media.AudioOut`` that plays 20 ms every 20 ms and knows what it plays."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._played = 0
        self._silent_since: int | None = None
        self._drained = asyncio.Event()
        self.reached: dict[int, int] = {}
        self.audible = False
        self.silences: list[tuple[int, int]] = []

    @property
    def queued_ms(self) -> int:
        return len(self._frames) * sounds.FRAME_MS

    @property
    def latency_ms(self) -> int:
        return 0

    @property
    def played_ms(self) -> int:
        return self._played

    def write(self, samples: bytes, rate: int = 24_000) -> None:
        self._frames.extend(samples[at : at + 960] for at in range(0, len(samples), 960))

    def withdraw(self) -> int:
        taken = self.queued_ms
        self._frames.clear()
        return taken

    def flush(self) -> int:
        self._frames.clear()
        played, self._played = self._played, 0
        return played

    async def drained(self) -> None:
        while self._frames:
            await asyncio.sleep(TICK)

    def tick(self, now: int) -> bytes:
        """What is heard in these 20 ms."""
        characters: list[tuple[int, int]] = []
        frame = QUIET
        if self._frames:
            frame = self._frames.popleft()
            characters = sounds.characters_of(frame)
            self._played += sounds.FRAME_MS
        for session, character in characters:
            self.reached[session] = max(self.reached.get(session, -1), character)
        audible = bool(characters)
        if audible and self._silent_since is not None:
            self.silences.append((self._silent_since, now))
            self._silent_since = None
        elif self.audible and not audible:
            self._silent_since = now
        self.audible = audible
        return frame


class _Vad:
    name = "simulated"

    @contextmanager
    def session(self) -> Iterator[_Vad]:
        yield self

    def push(self, pcm: bytes) -> float:
        return 0.95 if sounds.person_of(pcm) is not None else 0.0


class _Models:
    def __init__(self, llm: Llm, asr: Asr, tts: Tts) -> None:
        self._llm, self._asr, self._tts = llm, asr, tts

    def llm(self, names: object) -> Llm:
        return self._llm

    def asr(self, names: object = "") -> Asr:
        return self._asr

    def tts(self, names: object = "") -> Tts:
        return self._tts
