"""A person's turn, from the first sound to its end: what is told, what is recognised, when it is over.

Guesses of a voice detector and words of a recogniser go in; ``Heard`` outputs come out of the same call. Activity, endpoint and
interruption are machines of their own; this one joins them. Times are milliseconds of the audio.
"""

from __future__ import annotations

import msgspec

from salon.base.ids import NewId
from salon.base.session import SemanticVad, ServerVad, TurnDetection
from salon.turn.activity import Activity, Offset, Onset
from salon.turn.endpoint import Endpoint
from salon.turn.interrupt import Interrupt, Verdict

PREFIX_MS = 300
PAUSE_MS = 180
"""After so much silence what was said is taken to the recogniser's end: its words are ready when the turn is over."""

WORDS_MS = 500
"""A turn is over so much later, at most, where its words are still being recognised: they may say that it is not, and an answer
waits for them anyway."""

STIRRED_MS = 120
"""A turn is over so much later where something stirs in the moment in which it would be: until it is known whether that is a
voice."""


class SegmentBegan(msgspec.Struct, frozen=True):
    """Recognise from ``start`` on."""

    item_id: str
    start: int


class SegmentEnded(msgspec.Struct, frozen=True):
    """A pause: the recogniser may finish. ``last`` is when the last sound ended."""

    item_id: str
    last: int


class SpeechStarted(msgspec.Struct, frozen=True):
    item_id: str
    audio_start_ms: int


class SpeechStopped(msgspec.Struct, frozen=True):
    """The turn is over, and is to be committed. ``last`` is when the last sound ended."""

    item_id: str
    audio_start_ms: int
    audio_end_ms: int
    last: int


class Soften(msgspec.Struct, frozen=True):
    """Somebody may have begun to speak: ``on`` until that is known."""

    on: bool


class Duck(msgspec.Struct, frozen=True):
    pass


class Resume(msgspec.Struct, frozen=True):
    pass


class Interrupted(msgspec.Struct, frozen=True):
    """Our answer ends here."""


class Dropped(msgspec.Struct, frozen=True):
    """It was no turn: a nod, a cough, ourselves."""

    item_id: str


class TimedOut(msgspec.Struct, frozen=True):
    """Nobody has spoken since our answer was heard."""

    item_id: str
    audio_start_ms: int
    audio_end_ms: int


Outcome = (
    SegmentBegan
    | SegmentEnded
    | SpeechStarted
    | SpeechStopped
    | Soften
    | Duck
    | Resume
    | Interrupted
    | Dropped
    | TimedOut
)


class _Turn:
    __slots__ = ("endpoint", "id", "known", "last", "open", "start", "told")

    def __init__(self, item_id: str, start: int, endpoint: Endpoint) -> None:
        self.id = item_id
        self.start = start
        self.endpoint = endpoint
        self.told = False
        self.open = True  # a segment is being heard
        self.known = False  # all its words are
        self.last = start


class ListeningMachine:
    """``hears_words``: the recogniser tells what it understands while somebody speaks. ``silent``: ``Duck`` silences us."""

    def __init__(
        self, detection: TurnDetection, *, new_id: NewId, hears_words: bool = True, silent: bool = True, now: int = 0
    ) -> None:
        self._new_id = new_id
        self._now = now
        self._turn: _Turn | None = None
        self._idle_since: int | None = None
        self._playing = False
        self._softened = False
        self._activity = Activity()
        self._interrupt = Interrupt(waits_for_words=hears_words, silent=silent)
        self.configure(detection)

    @property
    def now(self) -> int:
        return self._now

    @property
    def item_id(self) -> str | None:
        """Of the turn under way."""
        return self._turn.id if self._turn else None

    @property
    def speaking(self) -> bool:
        return self._activity.speaking

    def configure(self, detection: TurnDetection) -> None:
        """New settings. A turn under way ends by them."""
        self.detection = detection
        self._activity.configure(detection.threshold if isinstance(detection, ServerVad) else 0.5)
        if self._turn is not None:
            self._turn.endpoint.detection = detection

    def feed(
        self, probability: float, length: int, *, playing: bool, guarded: bool = False, rising: bool = False
    ) -> list[Outcome]:
        """``length`` ms of audio with a voice in it as likely as ``probability``. ``playing``: the listener hears us now;
        ``guarded``: our first words, which may come back as an echo; ``rising``: something has just begun that may be a voice."""
        start, self._now = self._now, self._now + length
        outcomes: list[Outcome] = []
        change = self._activity.feed(probability, start, self._now)
        if playing != self._playing:
            self._playing = playing
            self._idle_since = None if playing else self._now
            if not playing and self._interrupt.ducked:
                # All was said before it was decided: what is being said is the next turn.
                self._interrupt.forget()
                outcomes += [Resume(), *self._tell()]
        if isinstance(change, Onset):
            outcomes += self._onset(change.at, playing, guarded)
        elif isinstance(change, Offset):
            self._offset(change.at)
        dawning = self._activity.dawning or (rising and not self._activity.speaking)
        soft = playing and not guarded and self.detection.interrupt_response and dawning
        if soft != self._softened:
            self._softened = soft
            if not self._interrupt.ducked:
                outcomes.append(Soften(soft))
        if self._turn is None and self._idle_since is None:
            return outcomes
        outcomes += self._obey(self._interrupt.wake(self._now, self._activity.sounded))
        return outcomes + self._passed()

    def words(self, item_id: str, text: str, ours: str, *, final: bool = False) -> list[Outcome]:
        """What was understood of the turn so far; ``ours`` is what we said in the last seconds. ``final``: of all the segment."""
        turn = self._turn
        if turn is None or turn.id != item_id:
            return []
        turn.endpoint.heard(text)
        turn.known = final
        outcomes = self._obey(self._interrupt.words(text, ours, final=final))
        # Who sends a recording at once sends no more silence in which to look again.
        return outcomes + self._passed() if final else outcomes

    def wordless(self, item_id: str) -> list[Outcome]:
        """The recogniser failed at what is being said."""
        turn = self._turn
        if turn is None or turn.id != item_id:
            return []
        turn.known = True
        return self._obey(self._interrupt.wordless()) + self._passed()

    def judged(self, item_id: str, probability: float) -> None:
        """What an audio turn model makes of the pause."""
        if self._turn is not None and self._turn.id == item_id:
            self._turn.endpoint.judged(probability)

    def answered(self) -> None:
        """An answer without sound is over: idleness counts from here."""
        if not self._playing:
            self._idle_since = self._now

    def clear(self) -> list[Outcome]:
        """Forget what is being said."""
        turn, self._turn = self._turn, None
        self._activity = Activity()
        self.configure(self.detection)
        outcomes: list[Outcome] = [Soften(False)] if self._softened else []
        self._softened = False
        if turn is None:
            return outcomes
        outcomes.append(Dropped(turn.id))
        if self._interrupt.ducked:
            self._interrupt.forget()
            outcomes.append(Resume())
        return outcomes

    def _onset(self, at: int, playing: bool, guarded: bool) -> list[Outcome]:
        outcomes: list[Outcome] = []
        self._idle_since = None
        turn = self._turn
        if turn is not None and not turn.open:
            turn.open, turn.known = True, False
            outcomes.append(SegmentBegan(turn.id, max(at - PREFIX_MS, turn.last)))
        elif turn is None:
            prefix = self.detection.prefix_padding_ms if isinstance(self.detection, ServerVad) else PREFIX_MS
            turn = self._turn = _Turn(self._new_id("item"), max(at - prefix, 0), Endpoint(self.detection))
            outcomes.append(SegmentBegan(turn.id, turn.start))
        turn.endpoint.onset()
        if turn.told:
            return outcomes
        if not playing or not self.detection.interrupt_response:
            return outcomes + self._tell()
        if isinstance(self.detection, ServerVad):
            # The protocol's server_vad interrupts "when a VAD start event occurs".
            return [*outcomes, *self._tell(), Interrupted()]
        return outcomes + self._obey(self._interrupt.onset(at, guarded=guarded))

    def _offset(self, at: int) -> None:
        self._interrupt.offset(at)
        if self._turn is not None:
            self._turn.last = at
            self._turn.endpoint.offset(at)

    def _passed(self) -> list[Outcome]:
        turn = self._turn
        outcomes: list[Outcome] = []
        if turn is None:
            return self._idle()
        if self._activity.speaking:
            return []
        if turn.open and self._now - turn.last >= PAUSE_MS:
            turn.open = False
            outcomes.append(SegmentEnded(turn.id, turn.last))
        due = turn.endpoint.due
        if turn.told and due is not None and self._now >= due + self._hesitation:
            if turn.open:
                turn.open = False
                outcomes.append(SegmentEnded(turn.id, turn.last))
            if isinstance(self.detection, SemanticVad) and not turn.known and self._now < due + WORDS_MS:
                return outcomes
            self._turn = None
            outcomes.append(SpeechStopped(turn.id, turn.start, self._now, turn.last))
        return outcomes

    @property
    def _hesitation(self) -> int:
        """ms more where somebody may just have gone on."""
        return STIRRED_MS if isinstance(self.detection, SemanticVad) and self._activity.stirring(self._now) else 0

    def _idle(self) -> list[Outcome]:
        detection = self.detection
        limit = detection.idle_timeout_ms if isinstance(detection, ServerVad) else None
        if limit is None or self._idle_since is None or self._now - self._idle_since < limit:
            return []
        since, self._idle_since = self._idle_since, None
        return [TimedOut(self._new_id("item"), since, self._now)]

    def _tell(self) -> list[Outcome]:
        turn = self._turn
        if turn is None or turn.told:
            return []
        turn.told = True
        return [SpeechStarted(turn.id, turn.start)]

    def _obey(self, verdict: Verdict | None) -> list[Outcome]:
        match verdict:
            case Verdict.DUCK:
                return [Duck()]
            case Verdict.STOP:
                return [*self._tell(), Interrupted()]
            case Verdict.RESUME:
                turn, self._turn = self._turn, None
                return [*([Dropped(turn.id)] if turn else []), Resume()]
        return []
