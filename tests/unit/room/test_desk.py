"""A service desk without a desk: every case from the first word to the rating, and what is asked at the wrong time."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.room import desk
from salon.room.desk import Case, Notice, Outcome

ROOM = "help-1"


def new() -> Case:
    case = desk.word(None, ROOM, "vera", "Vera", 10).case
    assert case is not None
    return case


def must(outcome: Outcome) -> Case:
    assert outcome.case is not None
    return outcome.case


def test_a_case_from_the_first_word_to_the_rating() -> None:
    case = new()
    assert case == Case(room=ROOM, visitor="vera", name="Vera", status="agent", since=10, at=10)
    asked = desk.ask(case, "  wants a refund ", 20)
    assert asked.notice == Notice("handed over", text="wants a refund")
    case = must(asked)
    assert (case.status, case.at, case.summary) == ("waiting", 20, "wants a refund")
    taken = desk.take(case, "ann", "Ann", 30)
    assert taken.notice == Notice("taken", "Ann")
    given = desk.transfer(must(taken), "ann", "ben", "Ben", 40)
    assert given.notice == Notice("transferred", "Ben")
    case = must(given)
    assert (case.status, case.staff, case.staff_name, case.at) == ("taken", "ben", "Ben", 40)
    closed = desk.close(case, "Ben", 50)
    assert (must(closed).status, closed.notice) == ("closed", Notice("closed", "Ben"))
    rated = desk.rate(must(closed), "vera", 4)
    assert (must(rated).stars, rated.notice) == (4, Notice("rated", stars=4))
    again = must(desk.word(must(rated), ROOM, "vera", "Vera", 60))
    assert again == Case(room=ROOM, visitor="vera", name="Vera", status="agent", since=60, at=60)


def test_what_comes_at_the_wrong_time_or_from_the_wrong_person_changes_nothing() -> None:
    case = new()
    waiting = must(desk.ask(case, "", 20))
    taken = must(desk.take(waiting, "ann", "Ann", 30))
    closed = must(desk.close(taken, "Ann", 40))
    rated = must(desk.rate(closed, "vera", 5))
    nothing = [
        desk.word(case, ROOM, "vera", "Vera", 50),
        desk.word(closed, ROOM, "ann", "Ann", 50),
        desk.ask(None, "", 50),
        desk.ask(waiting, "again", 50),
        desk.ask(taken, "", 50),
        desk.take(None, "ann", "Ann", 50),
        desk.take(taken, "ann", "Ann", 50),
        desk.take(closed, "ben", "Ben", 50),
        desk.transfer(waiting, "ann", "ben", "Ben", 50),
        desk.transfer(taken, "ben", "cy", "Cy", 50),
        desk.transfer(taken, "ann", "ann", "Ann", 50),
        desk.transfer(taken, "ann", "", "", 50),
        desk.close(None, "Ann", 50),
        desk.close(closed, "Ann", 50),
        desk.rate(taken, "vera", 5),
        desk.rate(closed, "ann", 5),
        desk.rate(closed, "vera", 6),
        desk.rate(rated, "vera", 1),
    ]
    assert nothing == [Outcome()] * len(nothing)


STEPS: list[Callable[[Case | None], Outcome]] = [
    lambda case: desk.word(case, ROOM, "vera", "Vera", 1),
    lambda case: desk.ask(case, "x", 1),
    lambda case: desk.take(case, "ann", "Ann", 1),
    lambda case: desk.take(case, "ben", "Ben", 1),
    lambda case: desk.transfer(case, "ann", "ben", "Ben", 1),
    lambda case: desk.close(case, "Ann", 1),
    lambda case: desk.rate(case, "vera", 3),
]


@given(st.lists(st.sampled_from(STEPS), max_size=30))
def test_a_case_is_never_in_two_minds(steps: list[Callable[[Case | None], Outcome]]) -> None:
    case: Case | None = None
    for step in steps:
        case = step(case).case or case
        if case is not None:
            assert case.status in ("agent", "waiting", "taken", "closed")
            assert bool(case.staff) or case.status != "taken"
            assert not case.stars or case.status == "closed"


@pytest.mark.parametrize(
    ("words", "summary"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b", "c"], "a … c"),
        ([" a\n b ", " "], "a b"),
        (["x" * 500, "x" * 500], "x" * 200),
    ],
)
def test_a_summary_in_the_visitors_own_words(words: list[str], summary: str) -> None:
    assert desk.summary_of(words) == summary


def test_a_long_summary_is_cut() -> None:
    assert len(must(desk.ask(new(), "x" * 5000, 1)).summary) == desk.MAX_SUMMARY
