"""All sessions of this process: who may be talked to, who is talking, who may come back, and how it all ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

import msgspec

from salon.base.errors import Refused
from salon.base.events import SessionResumed
from salon.base.ids import NewId
from salon.base.session import AudioInput, AudioOutput, SemanticVad, Session, Transcription
from salon.ports.asr import Asr
from salon.ports.clock import Clock
from salon.ports.link import Link
from salon.ports.llm import Llm
from salon.ports.media import AudioOut
from salon.ports.models import Models
from salon.ports.observer import Observer
from salon.ports.tts import Tts
from salon.ports.turn_detector import TurnDetector
from salon.ports.vad import Vad
from salon.session.agent import Agent, in_languages
from salon.session.client import CLOSE_TAKEN, Client, Encode
from salon.session.conversation import Conversation
from salon.session.voiced import Voiced
from salon.turn.character import Character
from salon.turn.conversation import ConversationMachine

CLOSE_BROKEN = 1011
CLOSE_RESTART = 1012


class Speech(msgspec.Struct, frozen=True):
    """None is nobody. ``aloud``: answers are spoken unless a client wants text."""

    asr: Asr | None = None
    tts: Tts | None = None
    aloud: bool = False


class Part(msgspec.Struct, frozen=True):
    """Who answers, by which model, and who hears and speaks for them."""

    agent: Agent
    llm: Llm
    speech: Speech = Speech()

    @property
    def asr(self) -> Asr | None:
        return self.speech.asr

    @property
    def tts(self) -> Tts | None:
        return self.speech.tts


class Hub:
    """``agents`` must not be empty: the first is who answers where a client names nobody in particular. Times are
    milliseconds. Use it as an async context manager; sessions end with it."""

    def __init__(
        self,
        agents: Sequence[Agent],
        models: Models,
        *,
        default_llm: str | Sequence[str],
        clock: Clock,
        observer: Observer,
        new_id: NewId,
        grace_ms: int = 60_000,
        max_sessions: int = 10_000,
        speech: Callable[[Agent], Speech] = lambda agent: Speech(),
        vad: Vad | None = None,
        turn_detector: TurnDetector | None = None,
    ) -> None:
        self._agents = {agent.name: agent for agent in agents}
        self._first = agents[0]
        self._models = models
        self._default_llm = default_llm
        self._clock = clock
        self._observer = observer
        self._new_id = new_id
        self.grace_ms = grace_ms
        self._max_sessions = max_sessions
        self._speech = speech
        self._vad = vad
        self._turn_detector = turn_detector
        self._clients: dict[str, Client] = {}
        self._resumable: dict[str, Client] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._group: asyncio.TaskGroup | None = None
        self._draining = False
        self._empty: asyncio.Event | None = None
        self.elsewhere: Callable[[], int] = lambda: 0
        """How many sessions there are in other processes: they count too."""

    async def __aenter__(self) -> Hub:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draining = True
        for client in list(self._clients.values()):
            client.close(CLOSE_RESTART, "the server is restarting")
            self._end(client)
        assert self._group is not None
        await self._group.__aexit__(kind, error, trace)
        self._group = None

    def __len__(self) -> int:
        return len(self._clients)

    @property
    def agents(self) -> Sequence[Agent]:
        return tuple(self._agents.values())

    def part(self, model: str | None) -> Part:
        """Who answers a client that asks for ``model``: an agent of that name; the first agent by a model named
        ``house:model``; else the first agent, since stock clients ask for models that only their vendor has.

        Raises ``ConfigError`` for a house that is not known or has no key.
        """
        agent = self._agents.get(model or "")
        if agent is None:
            agent = self._first
            if model and ":" in model:
                return Part(agent, self._models.llm(model), self._speech(agent))
        llm = agent.llm or self._default_llm
        # An agent may bring a model object of its own.
        return Part(agent, self._models.llm(llm) if isinstance(llm, str | Sequence) else llm, self._speech(agent))

    def admit(self) -> None:
        """Raises ``Refused`` (503) where ``open`` would."""
        if self._draining or self._group is None:
            raise Refused(
                "The server is restarting. Try again in a moment.", status=503, code="server_draining", retry_after=2
            )
        if len(self._clients) + self.elsewhere() >= self._max_sessions:
            raise Refused("The server is full. Try again later.", status=503, code="server_full", retry_after=30)

    def open(
        self,
        part: Part,
        encode: Encode,
        *,
        owner: str,
        model: str,
        resumable: bool = False,
        locked: bool = False,
        preset: Callable[[Session], Session] = lambda session: session,
        audio_out: AudioOut | None = None,
        transcription: bool = False,
        show_all: bool = False,
    ) -> Client:
        """A new session, not attached yet. ``preset`` changes its settings before anybody sees them. ``audio_out`` is that of a
        call; without it sound goes to the client in events. ``transcription`` is a session that only hears.
        ``show_all`` opts in to what is Salon's own, as ``resumable`` does.

        Raises ``Refused`` (503) when there are too many, or the server is about to stop.
        """
        self.admit()
        assert self._group is not None
        agent, llm = part.agent, part.llm
        session_id = self._new_id("sess")
        token = self._new_id("resume") if resumable else ""
        client = Client(encode, session_id=session_id, owner=owner, token=token)
        session = preset(opening(part, session_id, model, transcription=transcription, call=audio_out is not None))
        machine = ConversationMachine(
            session, character(part, locked=locked), new_id=self._new_id, show_served=resumable or show_all
        )
        spawn = self._group.create_task
        voiced = None
        if (part.asr is not None and self._vad is not None) or part.tts is not None:
            voiced = Voiced(
                machine, llm, part.asr, part.tts, self._vad, client,
                spawn=spawn, clock=self._clock, observer=self._observer, new_id=self._new_id, audio_out=audio_out,
                turn_detector=self._turn_detector,
            )  # fmt: skip
        client.conversation = Conversation(
            machine,
            voiced.llm if voiced is not None else llm,
            agent.toolbox,
            emit=client.emit,
            spawn=spawn,
            clock=self._clock,
            observer=self._observer,
            tool_timeout=agent.tool_timeout,
            pace=client.pace,
            rested=lambda: self._rested(client),
            broken=lambda: self._break(client),
            mouth=voiced.mouth if voiced is not None else None,
        )
        if voiced is not None:
            voiced.join(client.conversation)
        self._clients[client.id] = client
        if token:
            self._resumable[token] = client
        return client

    def resume(self, token: str, owner: str, last_event_id: str, link: Link) -> Client | None:
        """Attach to the session that ``token`` names, if it is still there, belongs to ``owner`` and remembers all that was
        said since."""
        client = self._resumable.get(token)
        if client is None or client.owner != owner or self._draining:
            return None
        missed = client.missed(last_event_id)
        if missed is None:
            client.close(CLOSE_TAKEN, "this session cannot be continued; a new one begins")
            self._end(client)
            return None
        if (timer := self._timers.pop(client.id, None)) is not None:
            timer.cancel()
        client.resume(link, SessionResumed(client.conversation.machine.session), missed)
        return client

    def detach(self, client: Client, link: Link) -> None:
        """The connection is gone: the session waits for its grace time if it may be resumed, else it ends at once."""
        if not client.detach(link) or client.ended:
            return
        if not client.token or self._draining:
            self._end(client)
            return
        loop = asyncio.get_running_loop()
        self._timers[client.id] = loop.call_later(self.grace_ms / 1000, self._end, client)

    async def drain(self, seconds: float) -> None:
        """Let answers under way be finished, and nothing new begin. Clients are told with 1012 that they should come back."""
        self._draining = True
        for client in list(self._clients.values()):
            if not client.conversation.busy:
                self._dismiss(client)
        if self._clients:
            self._empty = asyncio.Event()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._empty.wait()
        for client in list(self._clients.values()):
            client.close(CLOSE_RESTART, "the server is restarting")
            self._end(client)

    def _rested(self, client: Client) -> None:
        """No answer of this session is under way any more."""
        if self._draining:
            self._dismiss(client)

    def _dismiss(self, client: Client) -> None:
        """Tell the client to come back. One with a connection is over when that is closed."""
        client.close(CLOSE_RESTART, "the server is restarting")
        if not client.attached:
            self._end(client)

    def _break(self, client: Client) -> None:
        client.close(CLOSE_BROKEN, "internal error")
        self._end(client)

    def _end(self, client: Client) -> None:
        self._clients.pop(client.id, None)
        self._resumable.pop(client.token, None)
        if (timer := self._timers.pop(client.id, None)) is not None:
            timer.cancel()
        client.end()
        if self._empty is not None and not self._clients:
            self._empty.set()


def opening(part: Part, session_id: str, model: str, *, transcription: bool = False, call: bool = False) -> Session:
    """The settings a session with this agent begins with, under the name its client calls it by. A ``call`` is spoken."""
    agent = part.agent
    voice = agent.voice_of(part.tts.traits.voices if part.tts is not None else ())
    # Turns end by what was said rather than after a fixed silence, unless the client wishes otherwise.
    heard = AudioInput(turn_detection=SemanticVad()) if part.asr is not None else AudioInput()
    if transcription:
        heard = msgspec.structs.replace(heard, transcription=Transcription())
    return Session(
        id=session_id,
        model=model,
        type="transcription" if transcription else "realtime",
        output_modalities=("audio",) if part.speech.aloud or (call and part.tts is not None) else ("text",),
        instructions=agent.instructions,
        reasoning=agent.reasoning,
        max_output_tokens=agent.max_output_tokens,
        web_search=agent.web_search,
        audio_input=heard,
        audio_output=AudioOutput(voice=voice) if voice else AudioOutput(),
    )


def character(part: Part, *, locked: bool = False) -> Character:
    """What the agent and its model bring that a client cannot change."""
    agent, traits = part.agent, part.llm.traits
    return Character(
        tools=tuple(tool.spec for tool in agent.toolbox.values()),
        temperature=agent.temperature,
        context=traits.context,
        max_output=traits.max_output,
        max_rounds=agent.max_tool_rounds + 1,
        locked=locked,
        hears=part.asr is not None,
        speaks=part.tts is not None,
        welcomes=frozenset(in_languages(agent.welcome).values()),
    )


def facts(part: Part, client: Client, grace_ms: int) -> dict[str, Any]:
    """What a client that opted in to resuming is told beside its session."""
    return {
        "resume_token": client.token,
        "grace_ms": grace_ms,
        "agent": part.agent.name,
        "llm": part.llm.name,
        "asr": part.asr.name if part.asr is not None else None,
        "asr_detects": part.asr.traits.detects if part.asr is not None else None,
        "tts": part.tts.name if part.tts is not None else None,
        "voices": list(part.tts.traits.voices) if part.tts is not None else [],
        "tools": list(part.agent.toolbox),
    }
