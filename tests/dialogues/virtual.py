"""A dialogue in virtual time: the same sound through the same detector, machines and speaker as in a call, without a network."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterable, Sequence
from multiprocessing import get_context

from salon.base.chat import Message
from salon.base.commands import ClearOutputAudio, CreateItem, CreateResponse
from salon.base.events import (
    Event,
    InputSpeechStarted,
    InputSpeechStopped,
    ItemTruncated,
    OutputBufferCleared,
    OutputBufferStarted,
    OutputBufferStopped,
)
from salon.base.items import InputText, MessageItem
from salon.ports.vad import Vad
from salon.providers.local.vad import SileroVad
from salon.testing import SimulatedLlm, Simulation, run
from salon.testing.clock import LoopClock
from tests.dialogues import sound
from tests.dialogues.judge import Verdict
from tests.dialogues.person import CLEARED, DONE, STARTED, STOPPED, TRUNCATED, Person, Seen
from tests.dialogues.room import Room, thinned
from tests.dialogues.script import Dialogue, dialogues
from tests.dialogues.speech import AnnotatedAsr, SpokenTts

KINDS: dict[type[Event], str] = {
    InputSpeechStarted: "input_audio_buffer.speech_started",
    InputSpeechStopped: STOPPED,
    OutputBufferStarted: STARTED,
    OutputBufferStopped: DONE,
    OutputBufferCleared: CLEARED,
    ItemTruncated: TRUNCATED,
}


class SimulatedLine:
    def __init__(self, talk: Simulation) -> None:
        self.seen: list[Seen] = []
        self.ways: list[int] = []
        self._talk = talk

    def stop(self) -> None:
        self._talk.submit(ClearOutputAudio())

    def ask(self, text: str) -> None:
        self._talk.submit(CreateItem(item=MessageItem(id="", role="user", content=(InputText(text),))))
        self._talk.submit(CreateResponse())

    async def text_of(self, item_id: str) -> str:
        items = self._talk.client.conversation.machine.items
        return next(item.text for item in items if isinstance(item, MessageItem) and item.id == item_id)


def answering(dialogue: Dialogue) -> SimulatedLlm:
    """A model that answers at once, every question with the next of the answers."""

    def answer(messages: Sequence[Message]) -> str:
        return dialogue.answers[sum(message.role == "user" for message in messages) % len(dialogue.answers)]

    return SimulatedLlm(answer, first_token_ms=0, delta_ms=0)


async def converse(dialogue: Dialogue, vad: Vad) -> Person:
    room = Room(dialogue, LoopClock().now)
    tts = voice_of(dialogue, room)
    async with Simulation(
        llm=answering(dialogue),
        asr=AnnotatedAsr(dialogue.style, room, tts),
        tts=tts,
        vad=vad,
        microphone=room.microphone,
        loudspeaker=lambda pcm: room.loudspeaker(thinned(pcm, 3)),
    ) as talk:
        line = SimulatedLine(talk)
        person = Person(dialogue, room, line, tts)
        talk.listen(lambda event: _told(person, event))
        await person.talk()
    return person


def voice_of(dialogue: Dialogue, room: Room) -> SpokenTts:
    return SpokenTts("cmn" if dialogue.language == "zh" else "en-us", room.now, words=dialogue.word_times)


def one(name: str) -> Verdict:
    """To be called in a process of its own: espeak-ng's melody is never twice the same, and the same in each fresh one."""
    sound.begin()
    verdict = Verdict()
    dialogue = next(each for each in dialogues() if each.name == name)
    verdict.add(run(converse(dialogue, SileroVad())))
    return verdict


def replay(names: Iterable[str], workers: int = 2) -> Verdict:
    """Of the dialogues of those names: the same each time. Nothing here may have spoken before."""
    verdict = Verdict()
    with get_context("fork").Pool(workers, maxtasksperchild=1) as pool:
        for each in pool.map(one, names, chunksize=1):
            verdict.records += each.records
            verdict.quoted += each.quoted
            verdict.by_room += each.by_room
    return verdict


def _told(person: Person, event: Event) -> None:
    if (kind := KINDS.get(type(event))) is not None:
        person.told(kind, getattr(event, "item_id", ""))


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(replay(sys.argv[1:])))
