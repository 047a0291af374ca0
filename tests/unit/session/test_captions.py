"""Words on their way."""

from __future__ import annotations

from typing import Any

from salon.base.events import Event, PartialHeard, TranscriptionDelta, WordsTimed
from salon.base.ids import counting
from salon.base.session import AudioInput, Session, Transcription
from salon.session.captions import Captions
from salon.turn.character import Character
from salon.turn.conversation import ConversationMachine
from salon.turn.playout import Playout


def captions(*, opted_in: bool = False, **session: Any) -> tuple[Captions, ConversationMachine, list[Event]]:
    told: list[Event] = []
    settings = Session(id="s", model="m", **session)
    machine = ConversationMachine(settings, Character(), new_id=counting(), show_served=opted_in)
    return Captions(machine, told.append), machine, told


def test_who_opted_in_sees_a_turn_being_understood() -> None:
    made, _, told = captions(opted_in=True)
    made.heard("i", "Hel", 0)
    made.heard("i", "Hello", 3)
    made.known("i", "Hello.")
    assert told == [PartialHeard("i", "Hel"), PartialHeard("i", "Hello")]


def test_a_transcription_is_told_as_far_as_it_is_certain() -> None:
    made, _, told = captions(type="transcription")
    made.heard("i", "Hello wor", 5)
    made.heard("i", "Hello word", 5)
    made.known("i", "Hello world.")
    assert told == [TranscriptionDelta("i", 0, "Hello"), TranscriptionDelta("i", 0, " world.")]


def test_a_turn_is_told_in_pieces_once_the_client_knows_of_it() -> None:
    made, _, told = captions(audio_input=AudioInput(transcription=Transcription()))
    made.heard("i", "Hello wor", 5)
    assert told == []
    made.began("i")
    made.heard("i", "Hello word", 5)
    made.heard("another", "Hm", 2)
    made.known("i", "Hello world.")
    made.known("another", "Hm.")
    assert told == [
        TranscriptionDelta("i", 0, "Hello"),
        TranscriptionDelta("i", 0, " world."),
        TranscriptionDelta("another", 0, "Hm."),
    ]


def test_nothing_is_kept_of_what_was_no_turn() -> None:
    made, _, told = captions(type="transcription")
    made.heard("i", "Hello", 5)
    made.dropped("i")
    made.dropped("never heard of")
    assert made._stable == {}
    assert len(told) == 1


def test_stock_clients_are_told_nothing_of_it() -> None:
    made, machine, told = captions()
    made.heard("i", "Hello", 5)
    machine.spoken.sounded("a", Playout())
    made.spoken("r", "a")
    made.known("i", "Hello")
    assert told == []


def test_words_of_ours_are_told_once_each_when_they_have_sound() -> None:
    made, machine, told = captions(opted_in=True)
    playout = Playout()
    machine.spoken.sounded("a", playout)
    made.spoken("r", "unknown")
    for text in ("Hi. ", "Yes."):
        playout.clause(text)
        playout.sound(500, said=len(playout.shown))
        made.spoken("r", "a")
    assert [[word.text for word in event.words] for event in told if isinstance(event, WordsTimed)] == [["Hi"], ["Yes"]]
    made.done()
