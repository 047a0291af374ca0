"""From milliseconds to the words that were in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.base.speech import Word
from salon.turn.playout import Playout
from salon.turn.words import pieces


def timed() -> Playout:
    """ "Hello big world." with a word each 300 ms."""
    playout = Playout()
    playout.clause("Hello big world. ", "Hello big world. ")
    words = (Word("Hello", 0, 300, 0), Word("big", 300, 600, 6), Word("world", 600, 900, 10))
    playout.sound(900, words, 17)
    return playout


@pytest.mark.parametrize(
    ("ms", "text"), [(0, ""), (250, ""), (300, "Hello"), (590, "Hello big"), (600, "Hello big"), (850, "Hello big")]
)
def test_word_times_are_the_truth(ms: int, text: str) -> None:
    assert timed().heard(ms) == text


def test_all_that_was_played_was_heard() -> None:
    playout = timed()
    playout.finish()
    assert playout.heard(900) == playout.heard(5000) == "Hello big world. "


def test_what_was_trimmed_off_the_start_is_counted() -> None:
    playout = Playout()
    playout.clause("你好世界。", "你好世界。")
    playout.trim(200)
    playout.sound(800, tuple(Word(each, 200 + 200 * at, 400 + 200 * at, at) for at, each in enumerate("你好世界")), 5)
    assert [playout.heard(ms) for ms in (0, 200, 410, 799)] == ["", "你", "你好", "你好世界"]


def test_without_times_chinese_goes_by_characters() -> None:
    playout = Playout()
    playout.clause("今天天气很好啊，", "今天天气很好啊，")
    playout.sound(1600, said=8)
    playout.finish()
    assert [playout.heard(ms) for ms in (100, 400, 800, 1400)] == ["", "今天", "今天天气", "今天天气很好啊"]


def test_without_times_latin_goes_by_syllables() -> None:
    playout = Playout()
    playout.clause("Banana is a fruit.", "Banana is a fruit.")
    playout.sound(1600, said=18)  # 3 + 1 + 1 + 1 + a pause of 2
    playout.finish()
    assert [playout.heard(ms) for ms in (400, 600, 800, 1000, 1200)] == [
        "",
        "Banana",
        "Banana is",
        "Banana is a",
        "Banana is a fruit",
    ]


def test_before_the_end_is_known_a_usual_pace_is_taken() -> None:
    playout = Playout()
    playout.clause("一二三四五六七八九十。", "一二三四五六七八九十。")
    playout.sound(3000)
    assert playout.heard(950) == "一二三四五"


def test_marks_of_pieces_hold_where_words_have_no_times() -> None:
    playout = Playout()
    for text, ms in (("One. ", 1000), ("Two. ", 400)):
        playout.clause(text, text)
        playout.sound(ms, said=playout.clauses[-1].at + 5)
    assert playout.heard(1000) == "One."
    assert playout.heard(990) == "One."
    assert playout.heard(300) == ""
    assert playout.heard(1390) == "One. Two."


def test_what_is_shown_is_cut_where_what_is_spoken_was() -> None:
    playout = Playout()
    shown = "See **the** [documentation](https://example.com/a/b/c) now."
    playout.clause(shown, "See the documentation now.")
    playout.sound(2600, said=26)
    playout.finish()
    assert playout.heard(10) == ""
    assert playout.heard(2600) == shown
    assert shown.startswith(playout.heard(1300))
    assert 0 < len(playout.heard(1300)) < len(shown)


def test_a_clause_that_is_not_spoken_goes_with_the_one_before() -> None:
    playout = Playout()
    playout.clause("Look. ", "Look. ")
    playout.clause("🎉 ", "")
    playout.clause("Good.", "Good.")
    playout.sound(500, said=6)
    playout.sound(500, said=11)
    assert playout.heard(500) == "Look. 🎉"


def test_subtitles_have_every_word_with_its_time() -> None:
    assert [(word.text, word.start, word.end, word.at) for word in timed().words()] == [
        ("Hello", 0, 300, 0),
        ("big", 300, 600, 6),
        ("world", 600, 900, 10),
    ]
    playout = Playout()
    playout.clause("你好，", "你好，")
    playout.sound(600, said=3)
    assert [(word.text, word.start, word.end) for word in playout.words()] == [("你", 0, 200), ("好", 200, 400)]


@given(some.lists(some.text(alphabet="ab你好 ,。1.", min_size=1, max_size=20), max_size=5), some.integers(0, 3000))
def test_what_was_heard_is_a_beginning_of_what_is_shown(clauses: list[str], ms: int) -> None:
    playout = Playout()
    for clause in clauses:
        playout.clause(clause, clause)
        playout.sound(190 * sum(piece.beats for piece in pieces(clause)), said=playout.clauses[-1].at + len(clause))
    assert playout.shown.startswith(playout.heard(ms))
    assert len(playout.heard(ms)) <= len(playout.heard(ms + 200))
