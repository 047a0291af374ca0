from __future__ import annotations

from salon.base.rooms import Input, Who
from salon.room.inputs import MAX_WAITING, Inputs


def given(sequence: int, session: str = "s") -> Input:
    return Input(Who("alice", session), sequence, b"1")


def test_inputs_are_taken_in_order_once_and_acknowledged() -> None:
    inputs = Inputs()
    assert inputs.add(given(1)) and inputs.add(given(2)) and inputs.add(given(1, "t"))
    assert not inputs.add(given(2)), "a duplicate"
    assert not inputs.add(given(1)), "an old one"
    assert inputs.acknowledge() == {}, "nothing is processed yet"
    assert [(each.who.session, each.sequence) for each in inputs.take()] == [("s", 1), ("s", 2), ("t", 1)]
    assert inputs.acknowledge() == {"s": 2, "t": 1}
    assert inputs.acknowledge() == {}
    assert inputs.take() == []


def test_one_session_cannot_fill_it_for_others() -> None:
    inputs = Inputs()
    assert all(inputs.add(given(number)) for number in range(MAX_WAITING))
    assert not inputs.add(given(MAX_WAITING))
    assert inputs.add(given(0, "t"))
    assert len(inputs) == MAX_WAITING + 1
    inputs.take()
    assert inputs.add(given(MAX_WAITING)), "after a tick there is room again"


def test_who_left_begins_anew() -> None:
    inputs = Inputs()
    inputs.add(given(7))
    inputs.forget("s")
    assert inputs.take() == []
    assert inputs.add(given(0))
