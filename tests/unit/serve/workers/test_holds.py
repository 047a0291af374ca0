"""What the parent counts for its workers."""

from __future__ import annotations

import pytest

from salon.base.errors import Refused
from salon.serve.gate import Caller, Gate
from salon.serve.limits import Limits
from salon.serve.workers.holds import Holds
from tests.fakes.clock import FakeClock
from tests.fakes.serving import Noting

CALLER = Caller("backend", "key", Limits(connections=3, messages_per_second=1))


@pytest.fixture
def gate() -> Gate:
    return Gate(limits=Limits(), clock=FakeClock(), observer=Noting())


def take(holds: Holds, gate: Gate, door: str = "whip") -> int:
    return holds.take(gate.hold(CALLER, "", door), door)


def test_what_came_to_nothing_is_let_go_with_the_answer(gate: Gate) -> None:
    holds = Holds()
    number = take(holds, gate)
    assert gate.connections == 1
    assert not holds.settle(number)
    assert (gate.connections, len(holds)) == (0, 0)


def test_what_lasts_is_kept_until_the_worker_is_done_with_it(gate: Gate) -> None:
    holds = Holds()
    number = take(holds, gate)
    holds.entered(number, 1)
    assert holds.settle(number)
    assert (gate.connections, holds.lasting("whip"), holds.lasting("whep")) == (1, 1, 0)
    holds.left(number)
    holds.left(number)
    assert (gate.connections, len(holds)) == (0, 0)


def test_one_worker_may_refuse_what_another_takes(gate: Gate) -> None:
    holds = Holds()
    number = take(holds, gate)
    holds.entered(number, 1)
    holds.left(number)
    assert gate.connections == 1
    holds.entered(number, 2)
    assert holds.settle(number)
    holds.lost(1)
    assert gate.connections == 1
    holds.lost(2)
    assert gate.connections == 0


def test_a_session_that_is_over_before_its_answer_is_not_kept(gate: Gate) -> None:
    holds = Holds()
    number = take(holds, gate)
    holds.entered(number, 1)
    holds.left(number)
    assert not holds.settle(number)
    assert gate.connections == 0


def test_a_refusal_of_the_gate_leaves_nothing(gate: Gate) -> None:
    holds = Holds()
    for _ in range(3):
        take(holds, gate)
    with pytest.raises(Refused):
        take(holds, gate)
    assert (len(holds), gate.connections) == (3, 3)


def test_messages_are_charged_to_all_connections_of_a_caller(gate: Gate) -> None:
    holds = Holds()
    one, other = take(holds, gate), take(holds, gate)
    assert holds.charge(one, 5) == 0
    assert holds.charge(other, 6) == pytest.approx(1_000)
    assert holds.charge(99, 6) == 0
