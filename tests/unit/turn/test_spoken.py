"""Turns and answers of a spoken conversation, as its history has them."""

from __future__ import annotations

from salon.base.events import (
    InputCommitted,
    ItemAdded,
    ItemDone,
    ItemTruncated,
    TranscriptionCompleted,
    TranscriptionFailed,
)
from salon.base.items import InputAudio, MessageItem, OutputAudio
from salon.turn.playout import Playout
from salon.turn.spoken import KEPT, Spoken
from salon.turn.timeline import Timeline


def playout(text: str = "One two three four.") -> Playout:
    made = Playout()
    made.clause(text)
    made.sound(1200, said=len(text))
    made.finish()
    return made


def with_answer(status: str = "completed") -> tuple[Timeline, Spoken]:
    timeline = Timeline()
    item = MessageItem(id="a", role="assistant", content=(OutputAudio("One two three four."),), status=status)  # type: ignore[arg-type]
    timeline.insert(item)
    spoken = Spoken(timeline, show_served=False)
    spoken.sounded("a", playout())
    return timeline, spoken


def text_of(timeline: Timeline, item_id: str) -> str:
    item = timeline.get(item_id)
    assert isinstance(item, MessageItem)
    return item.text


def test_a_turn_has_its_place_before_its_words() -> None:
    timeline, spoken = with_answer()
    item = MessageItem(id="u", role="user", content=(InputAudio(),))
    assert spoken.commit("u") == [InputCommitted("u", "a"), ItemAdded(item, "a"), ItemDone(item, "a")]
    assert spoken.transcribed("u", "Hello", 1.5) == [TranscriptionCompleted("u", 0, "Hello", 1.5)]
    assert text_of(timeline, "u") == "Hello"


def test_words_of_a_turn_that_was_deleted_are_told_all_the_same() -> None:
    _, spoken = with_answer()
    assert spoken.transcribed("gone", "Hello", 1.0) == [TranscriptionCompleted("gone", 0, "Hello", 1.0)]
    assert spoken.not_transcribed("gone", "c", "m") == [TranscriptionFailed("gone", 0, "c", "m")]


def test_what_is_known_to_be_all_that_was_heard_is_not_made_more() -> None:
    timeline, spoken = with_answer()
    spoken.truncate("a", 0, 560, known=True)
    spoken.truncate("a", 0, 60_000)
    assert text_of(timeline, "a") == "One two"
    spoken.truncate("a", 0, 0)
    assert text_of(timeline, "a") == ""


def test_an_answer_is_cut_to_what_was_heard_and_may_be_cut_again() -> None:
    timeline, spoken = with_answer()
    assert spoken.truncate("a", 0, 560) == [ItemTruncated("a", 0, 560)]
    assert text_of(timeline, "a") == "One two"
    item = timeline.get("a")
    assert item is not None and item.status == "incomplete"
    spoken.cut("a", 830)
    assert text_of(timeline, "a") == "One two three"


def test_at_or_past_the_end_all_stays() -> None:
    timeline, spoken = with_answer()
    spoken.truncate("a", 0, 1200)
    spoken.truncate("a", 0, 99_999)
    item = timeline.get("a")
    assert item is not None and item.status == "completed"
    assert text_of(timeline, "a") == "One two three four."


def test_what_has_no_record_is_not_cut() -> None:
    timeline, spoken = with_answer()
    spoken.cut("unknown", 0)
    timeline.insert(MessageItem(id="b", role="assistant", content=(OutputAudio("Preloaded."),)))
    spoken.cut("b", 0)
    assert text_of(timeline, "b") == "Preloaded."


def test_records_are_bounded() -> None:
    _, spoken = with_answer()
    for number in range(KEPT):
        spoken.sounded(f"item_{number}", playout())
    assert spoken.playout("a") is None
    assert spoken.playout("item_0") is not None
