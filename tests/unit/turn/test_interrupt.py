"""Quiet at once, then the decision."""

from __future__ import annotations

import pytest

from salon.turn.interrupt import CONFIRM_MS, LATE_MS, NOD_MS, VERDICT_MS, WORDLESS_MS, Interrupt, Verdict

OURS = "The capital of France is Paris."


def ducked(*, guarded: bool = False, **how: bool) -> Interrupt:
    machine = Interrupt(**how)
    assert machine.onset(1000, guarded=guarded) is Verdict.DUCK
    return machine


@pytest.mark.parametrize(
    ("words", "silent", "patience"),
    [(True, True, LATE_MS), (False, True, WORDLESS_MS), (True, False, CONFIRM_MS), (False, False, CONFIRM_MS)],
)
def test_a_voice_that_stays_stops_us_and_where_we_are_silent_words_are_waited_for(
    words: bool, silent: bool, patience: int
) -> None:
    machine = ducked(waits_for_words=words, silent=silent)
    assert machine.wake(1000 + patience - 20, 1000 + patience - 20) is None
    assert machine.wake(1000 + patience, 1000 + patience) is Verdict.STOP
    assert not machine.ducked


def test_words_stop_us_at_once() -> None:
    assert ducked().words("wait", OURS) is Verdict.STOP


def test_a_cough_lets_us_go_on() -> None:
    machine = ducked()
    machine.offset(1200)
    assert machine.wake(1200 + VERDICT_MS - 20, 1200) is None
    assert machine.wake(1200 + VERDICT_MS, 1200) is Verdict.RESUME


def test_a_nod_lets_us_go_on_as_soon_as_it_is_known() -> None:
    machine = ducked()
    machine.offset(1250)
    assert machine.words("mhm", OURS, final=True) is Verdict.RESUME


def test_a_long_nod_is_given_time() -> None:
    machine = ducked()
    assert machine.words("嗯", OURS) is None
    assert machine.wake(1000 + CONFIRM_MS, 1000 + CONFIRM_MS) is None
    assert machine.wake(1000 + NOD_MS, 1000 + NOD_MS) is Verdict.STOP


def test_our_own_voice_never_stops_us() -> None:
    machine = ducked()
    assert machine.words("capital of France", OURS) is None
    assert machine.wake(9000, 9000) is None
    machine.offset(9000)
    assert machine.words("capital of France is Paris", OURS, final=True) is Verdict.RESUME


def test_a_short_word_that_is_no_nod_stops_us_even_late() -> None:
    machine = ducked()
    machine.offset(1200)
    assert machine.words("停", OURS, final=True) is Verdict.STOP


def test_during_the_greeting_only_words_interrupt() -> None:
    machine = ducked(guarded=True, silent=False)
    assert machine.wake(1000 + CONFIRM_MS, 1000 + CONFIRM_MS) is None
    assert machine.words("hello, who is this", OURS) is Verdict.STOP


def test_without_words_to_come_the_greeting_is_no_shield() -> None:
    machine = ducked(guarded=True, waits_for_words=False)
    assert machine.wake(1000 + WORDLESS_MS, 1000 + WORDLESS_MS) is Verdict.STOP


def test_a_second_sound_before_the_first_was_judged_goes_on() -> None:
    machine = ducked()
    machine.offset(1100)
    assert machine.onset(1200) is None
    assert machine.wake(1000 + LATE_MS, 1000 + LATE_MS) is Verdict.STOP


def test_where_the_recogniser_fails_the_length_decides() -> None:
    machine = ducked()
    assert machine.wordless() is None
    assert machine.wake(1000 + WORDLESS_MS, 1000 + WORDLESS_MS) is Verdict.STOP
    machine = ducked()
    machine.offset(1000 + WORDLESS_MS)
    assert machine.wordless() is Verdict.STOP
    machine = ducked()
    machine.offset(1200)
    assert machine.wordless() is None
    assert machine.wake(1200 + VERDICT_MS, 1200) is Verdict.RESUME
    # And the next sound has a recogniser of its own.
    machine.onset(5000)
    assert machine.wake(5000 + WORDLESS_MS, 5000 + WORDLESS_MS) is None


def test_what_may_become_a_nod_is_waited_for() -> None:
    machine = ducked()
    assert machine.words("of", OURS) is None
    assert machine.words("of course", OURS) is None
    assert machine.words("of course not", OURS) is Verdict.STOP


def test_what_is_not_heard_cannot_be_interrupted() -> None:
    machine = ducked()
    machine.forget()
    assert machine.words("wait", OURS) is None
    assert machine.wake(9000, 9000) is None


def test_a_short_sound_is_not_long_because_its_end_is_known_late() -> None:
    machine = ducked()
    assert machine.wake(1000 + CONFIRM_MS + 80, 1250) is None
