"""A conversation that is spoken: joins the ear, the mouth and what plays, and tells the machine.

What belongs to speech is decided by machines of ``turn``; here it meets the conversation: turns become items, an interruption
ends the answer and cuts it to what was heard, an answer waits for the words that it answers.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from salon.base.commands import (
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClearOutputAudio,
    Command,
    CommitAudio,
    CreateResponse,
    UpdateSession,
)
from salon.base.errors import ClientError, ProviderError
from salon.base.events import (
    AudioCleared,
    ErrorSeen,
    Event,
    InputSpeechStarted,
    InputSpeechStopped,
    InputTimedOut,
    ItemAdded,
    ItemRetrieved,
    OutputAudioDelta,
    ResponseCreated,
    ResponseDone,
)
from salon.base.session import AudioFormat, ResponseParams, Transcription
from salon.ports.clock import Clock
from salon.ports.observer import Observer
from salon.session.captions import Captions
from salon.session.ear import Ear
from salon.session.floor import Floor
from salon.session.held import Held
from salon.session.speaker import Speaker, WireSpeaker
from salon.session.speculation import SpeculatingLlm
from salon.session.timing import Timing
from salon.sound.incoming import Incoming
from salon.turn import settings
from salon.turn.conversation import ConversationMachine
from salon.turn.interrupt import GREETING_MS
from salon.turn.listening import (
    Dropped,
    Duck,
    Interrupted,
    Outcome,
    Resume,
    SegmentBegan,
    SegmentEnded,
    Soften,
    SpeechStarted,
    SpeechStopped,
    TimedOut,
)
from salon.turn.running import Output
from salon.turn.timeline import TimelineFull

LEAST_COMMIT_MS = 100
OURS_MS = 4000
"""Of what we said, so much may come back as an echo while it is being recognised."""
IDLE = (
    "The user has been silent for a while. Say something short that keeps the conversation going, or ask whether they are "
    "still there."
)


class Voice:
    """``tell`` sends to the client. ``ear`` and ``speaker`` are set by who builds it."""

    ear: Ear | None
    speaker: Speaker | None

    def __init__(
        self,
        machine: ConversationMachine,
        *,
        tell: Callable[[Event], None],
        clock: Clock,
        observer: Observer,
        guess: SpeculatingLlm,
        call: bool,
    ) -> None:
        self._machine = machine
        self._floor: Floor
        self._perform: Callable[[Sequence[Output]], None]
        self._submit: Callable[[Command], None]
        self._tell = tell
        self._clock = clock
        self._guess = guess
        self._call = call
        self.ear = None
        self.speaker = None
        self._held = Held()
        self._input = AudioFormat()
        self._incoming = Incoming(self._input)
        self._timing = Timing(clock, observer)
        self._captions = Captions(machine, tell)
        self._greeted_at: int | None = None
        self._answering = False
        self._age = 0

    def join(self, perform: Callable[[Sequence[Output]], None], submit: Callable[[Command], None]) -> None:
        """``perform`` carries out what the machine says, ``submit`` has it obey a command."""
        self._perform, self._submit = perform, submit
        self._floor = Floor(self._machine, self.speaker, self._clock, tell=self._tell, perform=perform, call=self._call)
        self.configure()

    # Listener: what the ear asks and tells.

    @property
    def playing(self) -> bool:
        """Or about to be: who goes on before the first word of ours interrupts us as well."""
        return self.speaker is not None and (self.speaker.playing or self._answering or bool(self._held))

    @property
    def guarded(self) -> bool:
        """Whether our first words are being heard."""
        if self._greeted_at is None:
            return False
        return self._clock.now() - self._greeted_at < GREETING_MS

    @property
    def ours(self) -> str:
        place = self.speaker.place if self.speaker is not None else None
        playout = self._machine.spoken.playout(place.item_id) if place is not None else None
        return playout.said(place.ms - OURS_MS, place.ms) if playout is not None and place is not None else ""

    def outcome(self, outcome: Outcome) -> None:
        match outcome:
            case SegmentBegan():
                self._guess.drop()
            case SegmentEnded(_, last):
                self._timing.paused(self._ended(last), self._age)
            case SpeechStarted(item_id, start):
                self._captions.began(item_id)
                self._tell(InputSpeechStarted(start, item_id))
            case Dropped(item_id):
                self._captions.dropped(item_id)
            case SpeechStopped(item_id, _, end, last):
                self._turn_over(item_id, end, last)
            case Soften(on):
                self._floor.soften(on)
            case Duck():
                self._floor.duck()
            case Resume():
                self._floor.unduck()
            case Interrupted():
                self._interrupt()
            case TimedOut(item_id, start, end):
                self._timed_out(item_id, start, end)

    def partial(self, item_id: str, text: str, stable: int) -> None:
        self._captions.heard(item_id, text, stable)

    def understood(self, item_id: str, text: str) -> None:
        """A first pause: perhaps the turn is over, and then the answer has begun already."""
        self._timing.mark("transcript")
        self._captions.heard(item_id, text, 0)
        if text and self._answers:
            ask = self._machine.foresee(text)
            if ask is not None:
                self._guess.ask(ask)

    def transcribed(self, item_id: str, text: str, seconds: float) -> None:
        self._timing.mark("transcript")
        self._captions.known(item_id, text)
        events = self._machine.spoken.transcribed(item_id, text, seconds)
        if self._captions.wanted:
            self._perform(events)
        self._release(wordless=not text)

    def failed(self, item_id: str, error: ProviderError) -> None:
        self._captions.known(item_id, "")
        self._perform(self._machine.spoken.not_transcribed(item_id, error.code, error.message))
        self._release(wordless=True)

    # The conversation: what the client asks, what it is told.

    def takes(self, command: Command) -> bool:
        """Whether the command is about sound, and has been obeyed here. Raises ``ClientError``."""
        match command:
            case AppendAudio() if self._call:
                raise ClientError("The audio of a call comes by the call.", code="invalid_value", param="type")
            case AppendAudio(audio=audio) if self._machine.hears:
                self._append(audio)
            case CommitAudio() if self._machine.hears:
                self._commit()
            case ClearAudio() if self.ear is not None:
                self.ear.clear()
                self._tell(AudioCleared())
            case ClearOutputAudio() if self._call and self.speaker is not None:
                self._floor.clear()
            case ClearOutputAudio() if self.speaker is not None:
                raise ClientError(
                    "output_audio_buffer.clear is for WebRTC: over a WebSocket the client holds the audio itself.",
                    code="invalid_value",
                    param="type",
                )
            case CreateResponse(params=params) if self._must_wait(params):
                self._held.add(command, of_turn=False)
            case CancelResponse(response_id=None) if self._held and not self._answering:
                # What waits has been asked for, and ends as it would have: begun and cancelled.
                self._held.release(self._submit)
                return False
            case _:
                return False
        return True

    def after(self, command: Command) -> None:
        """The machine has obeyed."""
        if isinstance(command, UpdateSession):
            self.configure()

    def configure(self) -> None:
        """Take over what the session says."""
        audio = self._machine.session.audio_input
        if self.ear is not None:
            self.ear.configure(audio.turn_detection)
            self.ear.options = settings.hearing(audio.transcription or Transcription())
        if audio.format != self._input:
            self._input = audio.format
            self._incoming = Incoming(audio.format)

    def rested(self) -> None:
        """An answer is over, and all of it has been told."""
        if self._held:
            self._release(wordless=False)

    def emit(self, event: Event) -> None:
        """What the conversation tells its client goes through here."""
        if event.__class__ is OutputAudioDelta:
            self._sound(event)
            return
        if isinstance(event, ResponseDone):
            event = self._done(event)
        elif isinstance(event, ResponseCreated):
            self._created(event)
        elif isinstance(event, ItemAdded) and self.ear is not None:
            self.ear.brought.take(event.item, self._input, self.ear.options)
        elif isinstance(event, ItemRetrieved) and self.ear is not None:
            event = self.ear.kept.fill(event, call=self._call)
        self._tell(event)

    def first_text(self) -> None:
        self._timing.mark("first_token")

    def first_packet(self, response_id: str, latency: int) -> None:
        self._timing.sent(response_id, latency)

    def heard(self, pcm: bytes, age: int = 0) -> None:
        """Audio of a call: 16 kHz. Its end was said ``age`` ms ago."""
        self._age = age
        if self.ear is not None:
            self.ear.push(pcm)

    def room(self) -> Awaitable[None] | None:
        """What to await before more sound is made; None where there is room."""
        return self.speaker.room() if self.speaker is not None else None

    def close(self) -> None:
        self._guess.drop()
        if self.ear is not None:
            self.ear.close()
        if self.speaker is not None:
            self.speaker.close()

    # Turns.

    def _turn_over(self, item_id: str, end: int, last: int) -> None:
        self._timing.over(self._ended(last), self._age)
        self._tell(InputSpeechStopped(end, item_id))
        self._commit_item(item_id)
        if self._answers:
            self._held.add(CreateResponse(), of_turn=True)
        assert self.ear is not None
        self.ear.committed(item_id)

    def _commit(self) -> None:
        assert self.ear is not None
        if self.ear.appended < LEAST_COMMIT_MS:
            raise ClientError(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer "
                f"only has {self.ear.appended:.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        self._timing.over(self._clock.now())
        item_id = self.ear.item
        self._commit_item(item_id)
        self.ear.commit(item_id)

    def _commit_item(self, item_id: str) -> None:
        try:
            self._perform(self._machine.spoken.commit(item_id))
        except TimelineFull:
            self._tell(ErrorSeen(code="conversation_full", message="The conversation is full."))

    def _timed_out(self, item_id: str, start: int, end: int) -> None:
        self._tell(InputTimedOut(start, end, item_id))
        self._commit_item(item_id)
        self._machine.spoken.transcribed(item_id, "", 0.0)
        if not self._machine.busy:
            instructions = "\n\n".join(filter(None, (self._machine.session.instructions, IDLE)))
            self._submit(CreateResponse(params=ResponseParams(instructions=instructions)))

    def _must_wait(self, params: ResponseParams) -> bool:
        return self.ear is not None and self.ear.pending and params.input is None

    def _release(self, *, wordless: bool) -> None:
        if self.ear is not None and self.ear.pending:
            return
        self._held.release(self._submit, wordless=wordless, make_way=self._make_way)

    def _interrupt(self) -> None:
        self._held.interrupted(self._submit)
        self._floor.leave()

    def _make_way(self) -> bool:
        """For the answer to a turn. One that was begun while the person spoke does not know what they said."""
        detection = self._machine.session.audio_input.turn_detection
        if self._answering and detection is not None and detection.interrupt_response:
            self._floor.leave()
        return not self._answering

    # Sound.

    def _append(self, audio: bytes) -> None:
        assert self.ear is not None
        self.ear.push(self._incoming.push(audio))

    def _sound(self, event: OutputAudioDelta) -> None:
        if self.speaker is None:
            return
        if self._greeted_at is None:
            self._greeted_at = self._clock.now()
        self._timing.sounded(event.response_id)
        self.speaker.play(event)
        if not self._call:
            self._timing.sent(event.response_id)
        self._captions.spoken(event.response_id, event.item_id)

    def _created(self, event: ResponseCreated) -> None:
        if isinstance(self.speaker, WireSpeaker):
            self.speaker.begin(event.response.id, event.response.audio_format)
        if event.response.conversation_id is not None:
            self._answering = True
            self._timing.began(event.response.id)

    def _done(self, event: ResponseDone) -> ResponseDone:
        response = event.response
        if self.speaker is not None:
            self.speaker.finish(response.id)
        if response.conversation_id is not None:
            self._answering = False
        if "audio" not in response.output_modalities and self.ear is not None:
            self.ear.answered()
        self._captions.done()
        return ResponseDone(self._timing.done(response))

    @property
    def _answers(self) -> bool:
        """Whether a turn is answered without being asked for it."""
        session = self._machine.session
        detection = session.audio_input.turn_detection
        return session.type == "realtime" and detection is not None and detection.create_response

    def _ended(self, last: int) -> int:
        """When, by the clock, the last sound was here: the newest sample is now. A detector hears it for a while longer."""
        assert self.ear is not None
        return self._clock.now() - max(self.ear.now - self.ear.sounded(last), 0)
