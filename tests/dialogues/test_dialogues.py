"""Whose turn it is, judged by a dialogue set: some of it in virtual time, a little of it over real WebRTC.
``bench/dialogues.py`` plays all of it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.dialogues import calls
from tests.dialogues.judge import NOT_MEANT, Verdict, faults
from tests.dialogues.room import Room
from tests.dialogues.script import TURNS, Dialogue, dialogues, parts
from tests.dialogues.speech import written

SAMPLE = ("en-2", "en-16", "zh-4", "zh-12")
"""Held-out ones, of each kind of recogniser and of noise."""
BY_CALL = ("en-1", "zh-2", "zh-4")


def named(*names: str) -> list[Dialogue]:
    return [each for each in dialogues() if each.name in names]


def test_the_set_is_large_enough_for_its_percentages() -> None:
    kinds = [step.kind for dialogue in dialogues() for step in dialogue.steps]
    assert sum(kind in TURNS for kind in kinds) >= 100
    assert kinds.count("interruption") >= 60 <= kinds.count("nod")
    assert sum(kind in NOT_MEANT for kind in kinds) >= 120
    held_out = [dialogue for dialogue in dialogues() if dialogue.held_out]
    assert len(held_out) * 2 == len(dialogues())
    for half in (held_out, [dialogue for dialogue in dialogues() if not dialogue.held_out]):
        assert {dialogue.style for dialogue in half} == {"faithful", "written", "bare"}
        assert {dialogue.word_times for dialogue in half} == {True, False}
        assert {dialogue.language for dialogue in half} == {"en", "zh"}


def test_lines_are_read() -> None:
    first, second = parts("I nod {mm hm=mhm} because (900) I want to.")
    assert (first.spoken, first.understood, first.pause) == ("I nod mm hm because", "I nod mhm because", 0)
    assert (second.spoken, second.pause) == ("I want to.", 900)


@pytest.mark.parametrize(
    ("style", "text", "partial", "final"),
    [
        ("faithful", "Five two, please", "Five two, please", "Five two, please"),
        ("written", "it is five two", "it is 52", "it is 52."),
        ("written", "号码是五二", "号码是52", "号码是52。"),
        ("bare", "Yes, I do.", "yes i do", "yes i do"),
    ],
)
def test_recognisers_write_as_they_are_said_to(style: str, text: str, partial: str, final: str) -> None:
    assert written(text, style, final=False) == partial  # type: ignore[arg-type]
    assert written(text, style, final=True) == final  # type: ignore[arg-type]


def test_in_virtual_time_turns_end_where_they_end_and_only_interruptions_stop_us() -> None:
    # In a process of its own: there the voices are the same each time.
    command = [sys.executable, "-m", "tests.dialogues.virtual", *SAMPLE]
    verdict: Verdict = pickle.loads(subprocess.run(command, capture_output=True, check=True, timeout=100).stdout)
    assert len(verdict.records) == 11 * len(SAMPLE)
    told = "\n".join(faults(verdict))
    assert verdict.false_interruptions <= 0.05, told
    assert verdict.missed <= 0.02, told
    assert verdict.early <= 0.07, told  # one of 16
    assert verdict.median_wait <= 500, told
    assert verdict.worst_quote <= 1, told
    assert not verdict.lost_turns and not verdict.stuck, told
    assert len(verdict.quoted) > 2 * len(SAMPLE)


async def test_by_webrtc_a_nod_lets_us_go_on_and_an_interruption_stops_us() -> None:
    short = []
    for dialogue in named(*BY_CALL):
        turn, nod, _, interruption, *_ = dialogue.steps
        short.append(replace(dialogue, steps=(turn, replace(nod, after=600), replace(interruption, after=600))))
    verdict = await calls.replay(short, at_once=len(short), apart=0.2)
    told = "\n".join(faults(verdict))
    assert not verdict.stopped("nod"), told
    assert len(verdict.stopped("interruption")) == len(BY_CALL), told
    assert all(record.answered and not record.early for record in verdict.of("plain", "interruption")), told
    assert verdict.worst_quote <= 1, told
    assert verdict.quoted
    assert all(record.resumed is not None for record in verdict.of("nod") if record.silent is not None)


def test_a_room_hears_what_is_played_and_said_in_it() -> None:
    (dialogue,) = named("en-1")
    room = Room(dialogue, lambda: 0.0)
    assert len(room.microphone()) == 640
    assert not room.audible
