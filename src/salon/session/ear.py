"""What a person says: audio in; turns and their words out.

The machine of ``turn.listening`` decides; this runs the voice detector over every 20 ms, and one session of the recogniser for
each stretch of speech. A turn may have several: at a pause the recogniser is taken to its end, so that the words are there when
the turn is over, and for what follows another one begins.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, Protocol

from salon.base.errors import ProviderError
from salon.base.ids import NewId
from salon.base.session import SemanticVad, TurnDetection
from salon.base.speech import ASR_RATE, AsrOptions, Final
from salon.ports.asr import Asr, AsrSession
from salon.ports.vad import Vad, VadSession
from salon.session.brought import Brought, broken
from salon.session.judging import Judging
from salon.session.kept import MOST_KEPT, KeptSound
from salon.sound.pcm import Framer, level, size, trailing_silence
from salon.sound.rise import Rise
from salon.turn.listening import (
    Dropped,
    ListeningMachine,
    Outcome,
    Resume,
    SegmentBegan,
    SegmentEnded,
    Soften,
    SpeechStopped,
)

log = logging.getLogger("salon.ear")

FRAME_MS = 20
BEHIND_MS = 2000
"""Audio that is kept for a beginning that is seen late. A longer ``prefix_padding_ms`` is cut to it."""

MOST_FRAMES = MOST_KEPT // size(FRAME_MS, ASR_RATE)
"""Of one stretch of speech, to be kept for who retrieves it."""
LOOK_BACK = 25
"""Frames in which a sound is looked for that has ended."""

Spawn = Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


class Listener(Protocol):
    """Who is told what the ear makes of it. ``playing`` and ``guarded`` are asked for each frame."""

    @property
    def playing(self) -> bool: ...

    @property
    def guarded(self) -> bool: ...

    @property
    def ours(self) -> str:
        """What we said in the last seconds."""
        ...

    def outcome(self, outcome: Outcome) -> None: ...

    def partial(self, item_id: str, text: str, stable: int) -> None: ...

    def understood(self, item_id: str, text: str) -> None:
        """A stretch of the turn is known to its end; more may follow."""
        ...

    def transcribed(self, item_id: str, text: str, seconds: float) -> None:
        """Every stretch of a turn that is over is known."""
        ...

    def failed(self, item_id: str, error: ProviderError) -> None: ...


class Ear:
    """``judging`` is asked at pauses where turns end by what was said. ``ducks``: who speaks hears nothing of ours from that
    moment on. Use ``close`` at the end."""

    def __init__(
        self,
        asr: Asr,
        vad: Vad,
        listener: Listener,
        *,
        detection: TurnDetection | None,
        new_id: NewId,
        spawn: Spawn,
        judging: Judging | None = None,
        ducks: bool = True,
    ) -> None:
        self._asr = asr
        self._judging = judging
        self._ducks = ducks
        self._listener = listener
        self._new_id = new_id
        self._spawn = spawn
        self.options = AsrOptions()
        self._entered: AbstractContextManager[VadSession] = vad.session()
        self._vad = self._entered.__enter__()
        self._framer = Framer(size(FRAME_MS, ASR_RATE))
        self._rise = Rise()
        self._behind: deque[bytes] = deque(maxlen=BEHIND_MS // FRAME_MS)
        self.kept = KeptSound()
        self.brought = Brought(asr, listener, spawn)
        self.now = 0
        self.appended = 0  # ms since the last commit or clear, for clients that commit themselves
        self._machine: ListeningMachine | None = None
        self._turns: dict[str, _Turn] = {}
        self._manual = ""
        self.configure(detection)

    def configure(self, detection: TurnDetection | None) -> None:
        """How turns end: None leaves it to the client."""
        if detection is None:
            if self._machine is not None:
                self._tell(self._machine.clear())
            self._machine = None
        elif self._machine is None:
            self._drop_manual()
            self._machine = ListeningMachine(
                detection,
                new_id=self._new_id,
                hears_words=self._asr.traits.partials,
                silent=self._ducks,
                now=self.now,
            )
        elif detection != self._machine.detection:
            self._machine.configure(detection)

    def push(self, pcm: bytes) -> None:
        """More audio, 16 kHz, in pieces of any length."""
        for frame in self._framer.push(pcm):
            self.now += FRAME_MS
            self.appended += FRAME_MS
            self._behind.append(frame)
            probability = self._vad.push(frame)
            if self._machine is None:
                self._push_manual(frame, probability)
                continue
            segment = self._segment()
            if segment is not None:
                segment.push(frame)
            if self._judging is not None and self._machine.item_id is not None:
                self._judging.push(frame)
            listener = self._listener
            playing = listener.playing
            rising = self._ducks and playing and self._rise.feed(level(frame))
            self._tell(
                self._machine.feed(probability, FRAME_MS, playing=playing, guarded=listener.guarded, rising=rising)
            )

    @property
    def item(self) -> str:
        """The id of what is being said, or of what would be said next."""
        return self._manual or (self._machine.item_id if self._machine else "") or self._new_id("item")

    def sounded(self, last: int) -> int:
        """When the sound ended that the detector let end at ``last``."""
        kept = list(self._behind)
        end = len(kept) - (self.now - last) // FRAME_MS
        if end <= 0:
            return last
        room = level(b"".join(kept[end:]))
        return last - trailing_silence(b"".join(kept[max(end - LOOK_BACK, 0) : end]), ASR_RATE, room=room)

    def commit(self, item_id: str) -> None:
        """The client says that the turn is over; ``item_id`` is ``item``."""
        turn = self._turns.setdefault(item_id, _Turn())
        if not turn.segments and self.appended:
            # No voice was seen in it. The client thinks that there is one.
            self._begin(item_id, self.now - min(self.appended, BEHIND_MS))
        self._manual = ""
        if self._machine is not None:
            # The turn is kept; what had been ducked for it goes on.
            self._tell([each for each in self._machine.clear() if isinstance(each, Resume | Soften)])
        if turn.segments:
            turn.segments[-1].finish()
        self.committed(item_id)

    def committed(self, item_id: str) -> None:
        """The turn has its place in the conversation: its words are wanted once they are known. Its sound is in no other turn."""
        self.appended = 0
        turn = self._turns.setdefault(item_id, _Turn())
        turn.over = True
        self._settle(item_id, turn)

    def clear(self) -> None:
        """What was said since the last turn was not meant."""
        self.appended = 0
        self._framer.flush()
        self._behind.clear()
        self._drop_manual()
        if self._machine is not None:
            self._tell(self._machine.clear())

    def answered(self) -> None:
        if self._machine is not None:
            self._machine.answered()

    @property
    def pending(self) -> bool:
        """Whether words of a turn that is over are still to come."""
        return self.brought.pending or any(turn.over for turn in self._turns.values())

    def close(self) -> None:
        for turn in self._turns.values():
            turn.abort()
        self._turns.clear()
        self.brought.close()
        self._over()
        self._entered.__exit__(None, None, None)

    def _push_manual(self, frame: bytes, probability: float) -> None:
        if not self._manual:
            if probability < 0.5:
                return
            # From the first voice on, with what came just before it: silence before a button is pressed costs nobody anything.
            self._manual = self._new_id("item")
            self._begin(self._manual, max(self.now - 400, self.now - self.appended))
            return
        self._turns[self._manual].segments[-1].push(frame)

    def _drop_manual(self) -> None:
        if self._manual:
            self._drop(self._manual)
            self._manual = ""

    def _segment(self) -> _Segment | None:
        assert self._machine is not None
        turn = self._turns.get(self._machine.item_id or "")
        return turn.segments[-1] if turn is not None and turn.segments and not turn.segments[-1].finished else None

    def _tell(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            match outcome:
                case SegmentBegan(item_id, start):
                    self._begin(item_id, start)
                case SegmentEnded(item_id):
                    if (turn := self._turns.get(item_id)) is not None and turn.segments:
                        turn.segments[-1].finish()
                        self._paused(item_id)
                case SpeechStopped():
                    self._over()
                case Dropped(item_id):
                    self._over()
                    self._drop(item_id)
            self._listener.outcome(outcome)

    def _begin(self, item_id: str, start: int) -> None:
        turn = self._turns.setdefault(item_id, _Turn())
        segment = _Segment()
        turn.segments.append(segment)
        missed = (self.now - start) // FRAME_MS
        frames = list(self._behind)[-missed:] if missed else []
        for frame in frames:
            segment.push(frame)
        if self._judging is not None:
            if len(turn.segments) == 1:
                self._judging.began(frames)
            else:
                self._judging.went_on()
        segment.task = self._spawn(self._listen(item_id, turn, segment))

    def _paused(self, item_id: str) -> None:
        machine = self._machine
        if self._judging is not None and machine is not None and isinstance(machine.detection, SemanticVad):
            self._judging.paused(lambda probability: machine.judged(item_id, probability))

    def _over(self) -> None:
        if self._judging is not None:
            self._judging.over()

    def _drop(self, item_id: str) -> None:
        if (turn := self._turns.pop(item_id, None)) is not None:
            turn.abort()

    async def _listen(self, item_id: str, turn: _Turn, segment: _Segment) -> None:
        try:
            async with self._asr.session(self.options) as session:
                segment.attach(session)
                async for heard in session.results():
                    if isinstance(heard, Final):
                        segment.text, segment.done = heard.text, True
                        segment.seconds = segment.pushed * FRAME_MS / 1000
                        break
                    segment.text = heard.text
                    text = turn.text
                    stable = len(text) - len(heard.text) + heard.stable
                    self._listener.partial(item_id, text, stable)
                    self._words(item_id, text, final=False)
        except ProviderError as error:
            segment.error = error
        except Exception:
            segment.error = broken()
        if segment.error is not None and not segment.finished:
            # What was said since then nobody heard: half a sentence is none.
            segment.text = ""
        segment.done = True
        if self._turns.get(item_id) is not turn:
            return
        if segment.error is None and turn.known:
            self._listener.understood(item_id, turn.text)
            self._words(item_id, turn.text, final=True)
        elif segment.error is not None and self._machine is not None:
            self._tell(self._machine.wordless(item_id))
        self._settle(item_id, turn)

    def _words(self, item_id: str, text: str, *, final: bool) -> None:
        if self._machine is not None and self._turns.get(item_id) is not None:
            self._tell(self._machine.words(item_id, text, self._listener.ours, final=final))

    def _settle(self, item_id: str, turn: _Turn) -> None:
        if not turn.over or not turn.known or self._turns.get(item_id) is not turn:
            return
        del self._turns[item_id]
        if all(segment.frames for segment in turn.segments):
            self.kept.keep(item_id, [frame for segment in turn.segments for frame in segment.frames])
        error = next((segment.error for segment in turn.segments if segment.error is not None), None)
        if error is not None and not turn.text:
            self._listener.failed(item_id, error)
        else:
            self._listener.transcribed(item_id, turn.text, sum(segment.seconds for segment in turn.segments))


class _Turn:
    def __init__(self) -> None:
        self.segments: list[_Segment] = []
        self.over = False

    @property
    def known(self) -> bool:
        return all(segment.done for segment in self.segments)

    @property
    def text(self) -> str:
        text = ""
        for segment in self.segments:
            piece = segment.text.strip()
            # Words of Latin scripts stand apart, Chinese ones do not.
            apart = text and piece and text[-1].isascii() and piece[0].isascii()
            text += f" {piece}" if apart else piece
        return text

    def abort(self) -> None:
        for segment in self.segments:
            if segment.task is not None:
                segment.task.cancel()


class _Segment:
    """A stretch of speech with a recogniser of its own; what comes before that is there waits here."""

    def __init__(self) -> None:
        self.text = ""
        self.done = False
        self.finished = False
        self.error: ProviderError | None = None
        self.seconds = 0.0
        self.pushed = 0
        self.task: asyncio.Task[None] | None = None
        self.frames: list[bytes] = []
        self._session: AsrSession | None = None

    def push(self, frame: bytes) -> None:
        self.pushed += 1
        if self._session is not None:
            self._session.push(frame)
        if self._session is None or self.pushed <= MOST_FRAMES:
            self.frames.append(frame)
        else:
            self.frames.clear()

    def attach(self, session: AsrSession) -> None:
        self._session = session
        for frame in self.frames:
            session.push(frame)
        if self.finished:
            session.finish()

    def finish(self) -> None:
        self.finished = True
        if self._session is not None:
            self._session.finish()
