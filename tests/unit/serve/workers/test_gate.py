"""The gate of a worker."""

from __future__ import annotations

from typing import Any

from salon.serve.gate import Caller
from salon.serve.limits import Limits
from salon.serve.workers.gate import HOLD, PASSPORT, Admitted, TrustingGate
from salon.serve.workers.passport import sealed
from salon.wire.workers import Entered, Left
from tests.fakes.clock import FakeClock
from tests.fakes.serving import Noting

CALLER = Caller("backend", "key", Limits(messages_per_second=10, address_messages_per_second=5))


def gate() -> tuple[TrustingGate, FakeClock, list[Any]]:
    clock, told = FakeClock(), []
    return TrustingGate(clock=clock, observer=Noting(), tell=told.append), clock, told


def scope(hold: int, address: str = "") -> dict[str, Any]:
    # What a browser of the open internet sends, to a server of another name.
    headers = [(b"host", b"salon.example.com"), (b"origin", b"https://elsewhere.example")]
    return {
        "type": "websocket", "headers": headers, "client": [address, 1], PASSPORT: sealed(CALLER), HOLD: hold
    }  # fmt: skip


def test_it_believes_what_the_parent_says() -> None:
    trusting, _, _ = gate()
    caller = trusting.admit(scope(7), "whip")
    assert caller == Admitted(CALLER.name, CALLER.kind, CALLER.limits, hold=7)
    trusting.check_page(scope(7))
    assert not trusting.allows_origin("https://elsewhere.example", "salon.example.com")


def test_the_parent_is_told_what_lasts_and_when_it_is_over() -> None:
    trusting, _, told = gate()
    with trusting.hold(trusting.admit(scope(7), "whip"), "", "whip"):
        assert (told, list(trusting.held)) == ([Entered(7)], [7])
    assert (told, trusting.held) == ([Entered(7), Left(7)], {})


def test_messages_are_counted_against_the_whole_rate_and_told() -> None:
    trusting, clock, _ = gate()
    first = trusting.hold(trusting.admit(scope(1), "call"), "", "call")
    second = trusting.hold(trusting.admit(scope(2), "call"), "", "call")
    with first, second:
        # Ten seconds' worth at once, both together.
        for hold in (first, second) * 50:
            assert hold.message() == 0
        assert first.message() > 0
        assert trusting.counted() == {1: 51, 2: 50}
        assert trusting.counted() == {}
        clock.milliseconds += 60_000
        assert second.message() == 0
        # What the same caller does in other workers only the parent knows.
        trusting.owes(2, 3_000)
        trusting.owes(9, 3_000)
        assert (first.message(), second.message()) == (0, 3_000)
        clock.milliseconds += 3_000
        assert second.message() == 0


def test_an_address_has_a_rate_too() -> None:
    trusting, _, _ = gate()
    with trusting.hold(trusting.admit(scope(1), "call"), "192.0.2.1", "call") as hold:
        for _ in range(50):
            assert hold.message() == 0
        assert hold.message() > 0
