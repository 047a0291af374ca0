"""Answers that wait."""

from __future__ import annotations

from salon.base.commands import CreateResponse
from salon.session.held import Held


def test_all_that_wait_go_in_their_order() -> None:
    held, submitted = Held(), []
    held.add(CreateResponse(), of_turn=True)
    held.add(CreateResponse(event_id="mine"), of_turn=False)
    assert held
    held.release(submitted.append)
    assert [command.event_id for command in submitted] == [None, "mine"]
    assert not held


def test_a_turn_without_words_gets_none_of_its_own() -> None:
    held, submitted = Held(), []
    held.add(CreateResponse(), of_turn=True)
    held.release(submitted.append, wordless=True)
    held.add(CreateResponse(event_id="mine"), of_turn=False)
    held.release(submitted.append, wordless=True)
    assert [command.event_id for command in submitted] == ["mine"]


def test_who_goes_on_takes_the_turns_answer_and_not_the_clients() -> None:
    held, submitted = Held(), []
    held.add(CreateResponse(), of_turn=True)
    held.add(CreateResponse(event_id="mine"), of_turn=False)
    held.interrupted(submitted.append)
    assert [command.event_id for command in submitted] == ["mine"]
    assert not held


def test_the_answer_to_a_turn_waits_until_the_one_under_way_makes_way() -> None:
    held, submitted, asked = Held(), [], []
    held.add(CreateResponse(event_id="mine"), of_turn=False)
    held.add(CreateResponse(), of_turn=True)
    held.release(submitted.append, make_way=lambda: False)
    assert [command.event_id for command in submitted] == ["mine"]

    def make_way() -> bool:
        asked.append(1)
        held.release(submitted.append)  # it is told to be over
        return True

    held.release(submitted.append, make_way=make_way)
    assert [command.event_id for command in submitted] == ["mine", None]
    assert (len(asked), bool(held)) == (1, False)
