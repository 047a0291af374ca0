"""The person of a dialogue: says each line when it is its time, and writes down what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.dialogues import sound
from tests.dialogues.room import Room
from tests.dialogues.script import Dialogue, Step
from tests.dialogues.speech import SpokenTts

PATIENCE = 6000
"""ms after which something that should have come will not come."""
VERDICT = 1600
"""ms after the end of what is said into our voice, in which it may still stop us."""
LEFT = 3000
"""ms of our answer that must be left for somebody to speak into it."""

TRIES = 3
"""At speaking into our voice, where other people's talk has stopped it first."""

STOPPED, CLEARED, TRUNCATED = (
    "input_audio_buffer.speech_stopped",
    "output_audio_buffer.cleared",
    "conversation.item.truncated",
)
STARTED, DONE = "output_audio_buffer.started", "output_audio_buffer.stopped"


@dataclass(frozen=True)
class Seen:
    """An event of the protocol, as the client saw it; ms by the room's clock."""

    at: float
    kind: str
    id: str = ""


class Line(Protocol):
    """What a client can do beside talking."""

    seen: list[Seen]
    ways: list[int]
    """ms that sound took from the microphone to the server, as it tells; empty without a network."""

    def stop(self) -> None:
        """Press the button that silences us."""
        ...

    def ask(self, text: str) -> None:
        """A question by text, to be answered."""
        ...

    async def text_of(self, item_id: str) -> str:
        """What the history says that an answer was."""
        ...


@dataclass
class Record:
    """What came of a step. ``onset`` and ``end`` are the true ones, by the clock; all else is relative to the onset, or to
    the end where it says so. None: it did not happen."""

    step: Step
    dialogue: Dialogue
    onset: float = 0.0
    end: float = 0.0
    early: bool = False
    """The turn was taken as over before its end."""
    wait: float | None = None
    """From the end of the turn until the client was told that it is over."""
    known: float | None = None
    """From the end of the turn until the server began to answer it."""
    answered: bool = False
    stopped: float | None = None
    """Until our answer was given up."""
    silent: float | None = None
    """Until our voice was heard no more, or no more for a while."""
    resumed: float | None = None
    """Until it was heard again."""


@dataclass
class Cut:
    """An answer was cut: at which time, what was kept, and which answer of the synthesiser's it was."""

    at: float
    item: str
    answer: int
    kept: str = ""


class Person:
    def __init__(self, dialogue: Dialogue, room: Room, line: Line, tts: SpokenTts) -> None:
        self.dialogue = dialogue
        self.room = room
        self.line = line
        self._tts = tts
        self.records: list[Record] = []
        self.cuts: list[Cut] = []
        self.stopped_by_room = 0
        """How often our answer was given up while the person neither spoke nor pressed anything."""
        self._means_it = True

    def told(self, kind: str, id: str) -> None:
        """The client has seen an event."""
        self.line.seen.append(Seen(self.room.now(), kind, id))
        if kind == CLEARED and not self._means_it:
            self.stopped_by_room += 1
        if kind == TRUNCATED:
            began = self._last(STARTED) or 0.0
            self.cuts.append(Cut(self.room.now(), id, sum(each.began <= began for each in self._tts.answers) - 1))

    async def talk(self) -> None:
        await self._pass(300)
        for step in self.dialogue.steps:
            record = Record(step, self.dialogue)
            self.records.append(record)
            if step.is_turn:
                await self._take_turn(step, record)
            else:
                await self._speak_into(step, record)
        await self._silence()
        for cut in self.cuts:
            cut.kept = await self.line.text_of(cut.item)

    # Steps.

    async def _take_turn(self, step: Step, record: Record) -> None:
        await self._silence()
        await self._pass(700)
        record.onset, record.end = self.room.say(sound.of(step, self.dialogue))
        await self._pass(record.end - self.room.now())
        await self._end_of_turn(record)

    async def _speak_into(self, step: Step, record: Record) -> None:
        for _ in range(TRIES):
            await self._our_voice(step.after)
            if self._playing:
                break
        self._means_it = True
        if step.kind == "echo":
            length, decibels = step.sound
            record.onset, record.end = self.room.now(), self.room.now() + length
            self.room.echo(length, decibels)
        else:
            record.onset, record.end = self.room.say(sound.of(step, self.dialogue))
        await self._pass(record.end - self.room.now())
        if step.kind != "interruption":
            await self._pass(VERDICT)
        else:
            await self._until(lambda: self._first(CLEARED, record.onset) is not None, VERDICT)
        cleared = self._first(CLEARED, record.onset)
        record.stopped = None if cleared is None else cleared - record.onset
        if cleared is not None:
            last = self.room.last_audible(record.onset, cleared + 150)
            record.silent = max(last - record.onset, 0.0) if last is not None else 0.0
        else:
            quiet = self._quiet(record.onset, record.end + 300)
            record.silent = None if quiet is None else quiet - record.onset
            again = self.room.first_audible(quiet + 60, self.room.now()) if quiet is not None else None
            record.resumed = None if again is None else again - record.onset
        if step.kind == "interruption" and cleared is not None:
            await self._end_of_turn(record)

    async def _end_of_turn(self, record: Record) -> None:
        record.early = self._first(STOPPED, record.onset, record.end) is not None
        if await self._until(lambda: self._first(STOPPED, record.end) is not None):
            over = self._first(STOPPED, record.end)
            record.wait = None if over is None else over - record.end
        record.answered = await self._until(lambda: self._first(STARTED, record.end) is not None)
        began = next((answer.began for answer in self._tts.answers if answer.began >= record.end), None)
        record.known = None if began is None else began - record.end

    # What is waited for.

    async def _our_voice(self, after: int) -> None:
        """Until there has been some of our voice, and enough is left of it."""
        self._means_it = False
        await self._until(lambda: self._playing and self.room.audible)
        if not self._playing or self._left() < after + LEFT:
            await self._silence()
            self._means_it = False
            self.line.ask("Tell me." if self.dialogue.language == "en" else "说说看。")
            await self._until(lambda: self._playing and self.room.audible)
        await self._pass(after)
        # In the middle of a word rather than in a pause.
        await self._until(lambda: self.room.audible, 700)

    def _left(self) -> float:
        """ms of our answer, if it was never held up."""
        began = self._last(STARTED)
        length = self._tts.answers[-1].length if self._tts.answers else 0.0
        return length - (self.room.now() - began) if began is not None else 0.0

    async def _silence(self) -> None:
        """Until we say nothing: the button is pressed once something of the answer was heard."""
        await self._pass(100)
        if self._playing:
            await self._until(lambda: self.room.audible, 2000)
            await self._pass(400)
            if self._playing:
                self._means_it = True
                self.line.stop()
            await self._until(lambda: not self._playing)
        await self._pass(400)

    @property
    def _playing(self) -> bool:
        for event in reversed(self.line.seen):
            if event.kind == STARTED:
                return True
            if event.kind in (DONE, CLEARED):
                return False
        return False

    def _quiet(self, start: float, end: float) -> float | None:
        """When our voice fell silent for at least 100 ms in that time."""
        silent: float | None = None
        at = start
        while at < end:
            if self.room.was_audible(at, at + 99):
                silent = None
            elif silent is None:
                silent = at
                break
            at += 20
        return silent

    def _first(self, kind: str, start: float, end: float = float("inf")) -> float | None:
        return next((each.at for each in self.line.seen if each.kind == kind and start <= each.at < end), None)

    def _last(self, kind: str) -> float | None:
        return next((each.at for each in reversed(self.line.seen) if each.kind == kind), None)

    async def _pass(self, ms: float) -> None:
        await asyncio.sleep(max(ms, 0) / 1000)

    async def _until(self, condition: Callable[[], bool], within: float = PATIENCE) -> bool:
        ends = self.room.now() + within
        while not condition():
            if self.room.now() >= ends:
                return False
            await asyncio.sleep(0.02)
        return True
