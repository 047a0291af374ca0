from __future__ import annotations

import random

import pytest

from salon.room.signaling import (
    Deliver,
    Expired,
    Full,
    Left,
    Opened,
    Output,
    Replaced,
    Signaling,
    Silent,
    Taken,
    Terms,
)
from salon.room.waiting import Bounds

ANN, BOB, CLEO = 1, 2, 3


def room(*names: str, **terms: int) -> Signaling:
    """``names`` are here, on connections 1, 2, …, each its own owner."""
    machine = Signaling(Terms(**terms))  # type: ignore[arg-type]
    for number, name in enumerate(names, 1):
        assert machine.join(number, name, name.encode(), 0) == [Opened(number)]
    return machine


def say(machine: Signaling, connection: int, dst: str, text: str = "offer", now: int = 0) -> list[Output]:
    return machine.say(connection, dst, text, len(text), now, opens=text == "offer")


def called(**terms: int) -> Signaling:
    """Ann called Bob, who answered; Cleo calls Bob."""
    machine = room("ann", "bob", "cleo", **terms)
    say(machine, ANN, "bob")
    say(machine, BOB, "ann", "answer")
    say(machine, CLEO, "bob")
    return machine


def test_what_one_says_reaches_the_other() -> None:
    machine = room("ann", "bob")
    assert say(machine, ANN, "bob") == [Deliver(BOB, "ann", "bob", "offer")]
    assert say(machine, BOB, "ann", "answer") == [Deliver(ANN, "bob", "ann", "answer")]
    assert say(machine, ANN, "ann") == [Deliver(ANN, "ann", "ann", "offer")]
    assert machine.peers == ["ann", "bob"]


def test_an_id_has_one_owner() -> None:
    machine = room("ann")
    assert machine.join(9, "ann", b"mallory", 0) == [Taken(9)]
    assert say(machine, 9, "ann") == []
    assert say(machine, ANN, "ann") != []


def test_the_owner_comes_back_on_another_connection() -> None:
    machine = room("ann", "bob")
    assert machine.join(9, "ann", b"ann", 5) == [Replaced(ANN), Opened(9)]
    # What the old connection still says, and that it ends, concerns nobody.
    assert say(machine, ANN, "bob") == []
    assert machine.lose(ANN, 5) == []
    assert machine.leave(ANN, tell=True) == []
    assert say(machine, BOB, "ann") == [Deliver(9, "bob", "ann", "offer")]


def test_a_room_that_is_full() -> None:
    machine = room("ann", "bob", max_peers=2)
    assert machine.join(3, "cleo", b"cleo", 0) == [Full(3)]
    assert machine.join(4, "ann", b"ann", 0) == [Replaced(1), Opened(4)]
    machine.leave(4, tell=True)
    assert machine.join(5, "cleo", b"cleo", 0) == [Opened(5)]


def test_who_comes_in_time_hears_what_was_said_before() -> None:
    machine = room("ann")
    assert say(machine, ANN, "bob", now=0) == []
    assert say(machine, ANN, "bob", "candidate", now=10) == []
    assert machine.join(BOB, "bob", b"bob", 4_999) == [
        Opened(BOB),
        Deliver(BOB, "ann", "bob", "offer"),
        Deliver(BOB, "ann", "bob", "candidate"),
    ]
    assert machine.wake(60_000) == []


def test_whom_nobody_answers_is_told_once() -> None:
    machine = room("ann")
    for text in ("offer", "candidate", "candidate"):
        say(machine, ANN, "bob", text, now=100)
    assert machine.wake_at() == 5_100
    assert machine.wake(5_099) == []
    assert machine.wake(5_100) == [Expired(ANN, "ann", "bob")]
    say(machine, ANN, "bob", "candidate", now=5_200)
    assert machine.wake(20_000) == []


def test_whoever_is_gone_is_told_nothing_and_nothing_of_it_is_left() -> None:
    machine = room("ann")
    say(machine, ANN, "bob")
    machine.leave(ANN, tell=False)
    assert machine.wake_at() is None
    assert machine.join(BOB, "bob", b"bob", 1) == [Opened(BOB)]


def test_a_queue_without_room_says_so_at_once() -> None:
    machine = Signaling(Terms(waiting=Bounds(messages_from_one=1)))
    machine.join(ANN, "ann", b"ann", 0)
    assert say(machine, ANN, "bob") == []
    assert say(machine, ANN, "cleo") == [Expired(ANN, "ann", "cleo")]


def test_one_who_does_not_read_counts_as_absent() -> None:
    machine = room("ann", "bob")
    assert machine.congested("ann", "bob", 0) == [Expired(ANN, "ann", "bob")]
    assert machine.congested("ann", "bob", 1) == []
    assert machine.congested("nobody", "bob", 1) == []


def test_partners_are_told_that_one_left() -> None:
    machine = called()
    # Cleo's call was not answered; she has to know all the same.
    assert machine.leave(BOB, tell=True) == [Left(ANN, "bob", "ann"), Left(CLEO, "bob", "cleo")]
    assert machine.leave(ANN, tell=True) == []
    # The next of that name is nobody's partner.
    machine.join(9, "bob", b"next", 1)
    assert machine.leave(9, tell=True) == []


def test_who_only_ends_signaling_keeps_its_connections_to_others() -> None:
    machine = called()
    assert machine.leave(BOB, tell=False) == []
    # Back again, and then gone for good: those who talked with it before are told.
    machine.join(9, "bob", b"bob", 1)
    assert machine.leave(9, tell=True) == [Left(ANN, "bob", "ann"), Left(CLEO, "bob", "cleo")]


def test_a_lost_connection_is_given_time() -> None:
    machine = called()
    assert machine.lose(BOB, 1_000) == []
    assert machine.peers == ["ann", "cleo"]
    assert say(machine, ANN, "bob", "candidate", now=1_500) == []
    assert machine.wake(5_999) == []
    assert machine.join(9, "bob", b"bob", 5_999) == [Opened(9), Deliver(9, "ann", "bob", "candidate")]
    assert machine.wake(60_000) == []


def test_after_its_time_it_is_gone() -> None:
    machine = called()
    machine.lose(BOB, 1_000)
    assert machine.wake_at() == 6_000
    assert machine.wake(6_000) == [Left(ANN, "bob", "ann"), Left(CLEO, "bob", "cleo")]
    assert machine.join(9, "bob", b"somebody else", 6_000) == [Opened(9)]


def test_a_grace_of_nothing() -> None:
    machine = called(grace_ms=0)
    assert machine.lose(BOB, 1_000) == [Left(ANN, "bob", "ann"), Left(CLEO, "bob", "cleo")]


def test_the_time_for_coming_back_reserves_no_name() -> None:
    machine = called()
    machine.lose(BOB, 1_000)
    assert machine.join(9, "bob", b"other", 1_001) == [Left(ANN, "bob", "ann"), Left(CLEO, "bob", "cleo"), Opened(9)]


def test_silence_ends_it() -> None:
    machine = called()
    machine.hear(ANN, 80_000)
    machine.hear(CLEO, 80_000)
    machine.hear(99, 80_000)
    assert machine.wake_at() == 90_000
    assert machine.wake(90_000) == [Silent(BOB), Left(ANN, "bob", "ann"), Left(CLEO, "bob", "cleo")]
    assert machine.wake_at() == 170_000


def test_hanging_up_ends_it_for_two_only() -> None:
    machine = called()
    assert machine.hang_up(ANN, "bob", "bye") == [Deliver(BOB, "ann", "bob", "bye")]
    assert machine.leave(BOB, tell=True) == [Left(CLEO, "bob", "cleo")]
    assert machine.hang_up(ANN, "bob", "bye") == []
    assert machine.hang_up(99, "ann", "bye") == []


def test_hanging_up_takes_back_a_call_that_waits() -> None:
    machine = room("ann")
    say(machine, ANN, "bob")
    machine.hang_up(ANN, "bob", "bye")
    assert machine.join(BOB, "bob", b"bob", 1) == [Opened(BOB)]


def test_nobody_fills_the_list_of_anothers_partners() -> None:
    machine = room("ann", "bob", *(f"m{n}" for n in range(50)), max_partners=2)
    say(machine, ANN, "bob")
    for connection in range(3, 53):
        say(machine, connection, "ann")
    told = machine.leave(ANN, tell=True)
    assert Left(BOB, "ann", "bob") in told
    assert len(told) == 51


def test_of_ones_own_partners_the_latest_count() -> None:
    machine = room("ann", "bob", "cleo", "dan", max_partners=2)
    for name in ("bob", "cleo", "bob", "dan"):
        say(machine, ANN, name)
    assert machine.leave(ANN, tell=True) == [Left(2, "ann", "bob"), Left(4, "ann", "dan")]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_every_id_has_one_connection_and_nothing_is_kept_of_who_is_gone(seed: int) -> None:
    dice = random.Random(seed)
    machine = Signaling(Terms(max_peers=6, max_partners=3, waiting=Bounds(messages_from_one=4, messages=12)))
    names = [f"p{n}" for n in range(8)]
    holders: dict[str, int] = {}
    now = connection = 0
    for _ in range(600):
        now += dice.choice((0, 1, 50, 3_000))
        some = dice.choice(list(holders.values()) or [0])
        outputs: list[Output]
        match dice.randrange(6):
            case 0 | 1:
                connection += 1
                name = dice.choice(names)
                outputs = machine.join(connection, name, bytes([dice.randrange(2)]), now)
                if Opened(connection) in outputs:
                    holders[name] = connection
            case 2:
                outputs = say(machine, some, dice.choice(names), dice.choice(("offer", "candidate")), now)
                machine.hear(some, now)
            case 3:
                outputs = machine.lose(some, now)
                holders = {name: each for name, each in holders.items() if each != some}
            case 4:
                outputs = machine.leave(some, tell=dice.random() < 0.5)
                holders = {name: each for name, each in holders.items() if each != some}
            case _:
                outputs = machine.wake(now)
                at = machine.wake_at()
                assert at is None or at > now
        for output in outputs:
            if isinstance(output, Silent):
                holders = {name: each for name, each in holders.items() if each != output.connection}
        by_connection = {each: name for name, each in holders.items()}
        for output in outputs:
            match output:
                case Deliver(reached, _, dst, _) | Expired(reached, dst, _) | Left(reached, _, dst):
                    # Whoever is told is told on the connection that holds the id.
                    assert by_connection.get(reached) == dst
        assert sorted(machine.peers) == sorted(holders)
    for each in list(holders.values()):
        machine.leave(each, tell=True)
    machine.wake(now + 1_000_000)
    machine.wake(now + 2_000_000)
    assert machine.peers == []
    assert machine.wake_at() is None
    assert not machine._called_by
    assert not machine._waiting._messages
    assert not machine._waiting._quiet
