"""From milliseconds to the words that were in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from salon.base.speech import Word
from salon.turn.aligned import Aligned
from salon.turn.playout import Playout
from salon.turn.sentences import Cutter
from salon.turn.speakable import Speakable
from salon.turn.words import pieces

DATA = Path(__file__).parents[2] / "data" / "read-aloud.tsv"


def timed() -> Playout:
    """ "Hello big world." with a word each 300 ms."""
    playout = Playout()
    playout.clause("Hello big world. ")
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
    playout.clause("你好世界。")
    playout.trim(200)
    playout.sound(800, tuple(Word(each, 200 + 200 * at, 400 + 200 * at, at) for at, each in enumerate("你好世界")), 5)
    assert [playout.heard(ms) for ms in (0, 200, 410, 799)] == ["", "你", "你好", "你好世界"]


def test_without_times_chinese_goes_by_characters() -> None:
    playout = Playout()
    playout.clause("今天天气很好啊，")
    playout.sound(1600, said=8)
    playout.finish()
    assert [playout.heard(ms) for ms in (100, 400, 830, 1500)] == ["", "今天", "今天天气", "今天天气很好啊"]


def test_without_times_latin_goes_by_syllables() -> None:
    playout = Playout()
    playout.clause("Banana is a fruit.")
    playout.sound(1600, said=18)  # 3 + 1 + 1 + 1, and the end
    playout.finish()
    assert [playout.heard(ms) for ms in (400, 720, 970, 1210, 1460)] == [
        "",
        "Banana",
        "Banana is",
        "Banana is a",
        "Banana is a fruit",
    ]


def test_before_the_end_is_known_a_usual_pace_is_taken() -> None:
    playout = Playout()
    playout.clause("一二三四五六七八九十。")
    playout.sound(3000)
    assert playout.heard(950) == "一二三四五"


def test_marks_of_pieces_hold_where_words_have_no_times() -> None:
    playout = Playout()
    for text, ms in (("One. ", 1000), ("Two. ", 400)):
        playout.clause(text)
        playout.sound(ms, said=playout.clauses[-1].at + 5)
    assert playout.heard(1000) == "One."
    assert playout.heard(990) == "One."
    assert playout.heard(300) == ""
    assert playout.heard(1390) == "One. Two."


def test_what_is_shown_is_cut_where_what_is_spoken_was() -> None:
    playout = Playout()
    shown = "See **the** [documentation](https://example.com/a/b/c) now."
    playout.clause(shown, Speakable().say(shown))
    playout.sound(2600, said=26)
    playout.finish()
    assert playout.heard(10) == ""
    assert playout.heard(2600) == shown
    assert shown.startswith(playout.heard(1300))
    assert 0 < len(playout.heard(1300)) < len(shown)


def test_a_clause_that_is_not_spoken_goes_with_the_one_before() -> None:
    playout = Playout()
    playout.clause("Look. ")
    playout.clause("🎉 ", Aligned())
    playout.clause("Good.")
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
    playout.clause("你好，")
    playout.sound(600, said=3)
    assert [(word.text, word.start, word.end) for word in playout.words()] == [("你", 0, 240), ("好", 240, 480)]


@given(some.lists(some.text(alphabet="ab你好 ,。1.", min_size=1, max_size=20), max_size=5), some.integers(0, 3000))
def test_what_was_heard_is_a_beginning_of_what_is_shown(clauses: list[str], ms: int) -> None:
    playout = Playout()
    for clause in clauses:
        playout.clause(clause)
        playout.sound(190 * sum(piece.beats for piece in pieces(clause)), said=playout.clauses[-1].at + len(clause))
    assert playout.shown.startswith(playout.heard(ms))
    assert len(playout.heard(ms)) <= len(playout.heard(ms + 200))


def test_a_number_that_is_read_in_words_was_heard_when_all_of_it_was() -> None:
    playout = Playout()
    shown = "It is $1,250.50 in all."
    playout.clause(shown, Speakable().say(shown))
    spoken = playout.clauses[0].spoken
    assert spoken == "It is 1250 dollars and 50 cents in all."
    words = tuple(
        Word(spoken[piece.start : piece.end], 100 * number, 100 * number + 100, piece.start)
        for number, piece in enumerate(pieces(spoken))
        if not piece.is_pause
    )
    playout.sound(100 * len(words), words)
    assert [playout.heard(100 * number) for number in (1, 2, 4, 6, 7, 8)] == [
        "It",
        *["It is"] * 3,
        "It is $1,250.50",
        "It is $1,250.50 in",
    ]
    assert [(word.text, word.start, word.end) for word in playout.words()][2:3] == [("1,250.50", 200, 700)]


def test_what_stands_beside_a_number_is_not_moved_by_it() -> None:
    """By time alone, a number said at length does not take its neighbours with it."""
    playout = Playout()
    shown = "2026-11-29 10:30开始，请准时到。"
    playout.clause(shown, Speakable().say(shown))
    spoken = playout.clauses[0].spoken
    playout.sound(190 * (sum(piece.beats for piece in pieces(spoken)) - 1.5), said=len(spoken))
    assert (
        playout.heard(190 * sum(piece.beats for piece in pieces(spoken[: spoken.index("始")]))) == "2026-11-29 10:30开"
    )


@pytest.mark.parametrize(
    "written", [line.partition("\t")[0].replace("\\n", "\n") for line in DATA.read_text("utf-8").splitlines()[1:]]
)
def test_never_a_word_that_was_not_spoken_and_at_most_one_lost(written: str) -> None:
    speakable, playout, ms = Speakable(), Playout(), 0
    cutter = Cutter()
    for clause in [*cutter.push(written), cutter.flush()]:
        said = speakable.say(clause)
        playout.clause(clause, said)
        at = playout.clauses[-1].at
        for piece in pieces(said.text):
            if not piece.is_pause:
                playout.sound(200, (Word(said.text[piece.start : piece.end], ms, ms + 200, at + piece.start),))
                ms += 200
    times = playout.words()
    for heard_ms in range(0, ms + 1, 200):
        heard = playout.heard(heard_ms)
        spoken = [word for word in times if word.start < word.end <= heard_ms]
        shown = [word for word in times if word.at + len(word.text) <= len(heard) and word.start < word.end]
        assert all(word.end <= heard_ms for word in shown), (heard, heard_ms)
        assert len(shown) >= len(spoken) - 1, (heard, spoken)
