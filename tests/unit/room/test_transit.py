from __future__ import annotations

import random

from salon.room.transit import Ended, Joined, Terms, Transit

ANN, BOB, EVE = 1, 2, 3
SIDES = ("left", "right")


def transit(*tokens: str, **terms: int) -> Transit:
    """With a pipe for each token."""
    machine = Transit(Terms(**terms))  # type: ignore[arg-type]
    for token in tokens:
        assert machine.mint("ann", token, SIDES, 0) == ""
    return machine


def joined(**terms: int) -> Transit:
    machine = transit("t", **terms)
    assert machine.join(ANN, "t", "left", 0) == []
    assert machine.join(BOB, "t", "right", 0) == [Joined(ANN), Joined(BOB)]
    return machine


def test_two_sides_of_one_token_are_joined() -> None:
    machine = joined()
    assert (machine.partner(ANN), machine.partner(BOB), machine.joined) == (BOB, ANN, 1)
    assert machine.carry(ANN, 100, 0) == 0
    assert machine.leave(ANN) == [Ended(BOB, "left")]
    assert (len(machine), machine.partner(BOB), machine.leave(BOB)) == (0, None, [])
    assert machine.wake_at() is None


def test_nobody_comes_in_without_a_token_and_a_side_of_it() -> None:
    machine = transit("t", "other")
    for token, side in (("x", "left"), ("t", "x"), ("", "")):
        assert machine.join(EVE, token, side, 0) == [Ended(EVE, "unknown")]
    machine.join(ANN, "t", "left", 0)
    machine.join(BOB, "t", "right", 0)
    # A pipe is for one meeting of two.
    assert machine.join(EVE, "t", "left", 0) == [Ended(EVE, "unknown")]
    assert machine.partner(EVE) is None


def test_the_same_side_again_replaces_the_first() -> None:
    machine = transit("t")
    machine.join(ANN, "t", "left", 0)
    assert machine.join(EVE, "t", "left", 0) == [Ended(ANN, "replaced")]
    assert machine.leave(ANN) == []
    assert machine.join(BOB, "t", "right", 0) == [Joined(EVE), Joined(BOB)]


def test_who_is_alone_may_come_back_until_the_time_is_over() -> None:
    machine = transit("t", wait_ms=100)
    machine.join(ANN, "t", "left", 0)
    assert machine.leave(ANN) == []
    machine.join(ANN + 10, "t", "left", 50)
    assert machine.wake_at() == 100
    assert machine.wake(99) == []
    assert machine.wake(100) == [Ended(ANN + 10, "nobody came")]
    assert (len(machine), machine.wake_at()) == (0, None)


def test_two_who_say_nothing_are_let_go() -> None:
    machine = joined(idle_ms=100)
    machine.carry(ANN, 1, 80)
    assert machine.wake_at() == 180
    assert machine.wake(180) == [Ended(ANN, "silent"), Ended(BOB, "silent")]


def test_a_pipe_carries_so_much_and_no_more() -> None:
    machine = joined(max_bytes=100)
    assert machine.carry(ANN, 60, 0) == 0
    assert machine.carry(BOB, 40, 0) == 0
    assert machine.carry(BOB, 1, 0) is None
    assert machine.leave(BOB, "too much") == [Ended(ANN, "too much")]


def test_one_owner_has_so_many_pipes_and_all_together_so_many() -> None:
    machine = transit("a", "b", max_pipes_of_one=2, max_pipes=3)
    assert machine.mint("ann", "c", SIDES, 0) == "many"
    assert machine.mint("bob", "c", SIDES, 0) == ""
    assert machine.mint("cleo", "d", SIDES, 0) == "full"
    machine.wake(60_000)
    assert machine.mint("ann", "d", SIDES, 60_000) == ""


def test_the_speed_is_one_owners_over_all_its_pipes() -> None:
    machine = transit("a", "b", bytes_per_second=1_000)
    for token, one in (("a", 1), ("b", 3)):
        machine.join(one, token, "left", 0)
        machine.join(one + 1, token, "right", 0)
    # A second's worth at once, then as fast as it may.
    assert machine.carry(1, 1_000, 0) == 0
    assert machine.carry(3, 500, 0) == 500
    assert machine.carry(2, 100, 500) == 100
    assert machine.carry(2, 1_000, 10_000) == 0


def test_whatever_happens_two_are_joined_and_nothing_is_left_behind() -> None:
    lot = random.Random(7)
    for _ in range(200):
        machine = Transit(Terms(max_pipes=5, max_pipes_of_one=3, max_bytes=500, wait_ms=40, idle_ms=60))
        now, alive, partners = 0, set(), {}
        for number in range(1, 120):
            now += lot.randrange(5)
            outputs = machine.wake(now)
            match lot.randrange(5):
                case 0:
                    machine.mint(lot.choice("ab"), str(lot.randrange(8)) * 2 + str(number), SIDES, now)
                    tokens = list(machine._pipes)
                case 1 | 2:
                    tokens = [*machine._pipes, "none"]
                    alive.add(number)
                    outputs += machine.join(number, lot.choice(tokens), lot.choice([*SIDES, "x"]), now)
                case 3 if alive:
                    one = lot.choice(sorted(alive))
                    alive.discard(one)
                    outputs += machine.leave(one)
                case _ if partners:
                    one = lot.choice(sorted(partners))
                    if machine.partner(one) is not None and machine.carry(one, 90, now) is None:
                        outputs += [*machine.leave(one, "too much"), Ended(one, "too much")]
            for output in outputs:
                if isinstance(output, Ended):
                    alive.discard(output.connection)
                    partners.pop(output.connection, None)
                else:
                    partners[output.connection] = machine.partner(output.connection)
            for one, other in partners.items():
                if one in alive and machine.partner(one) is not None:
                    assert machine.partner(one) == other
                    assert machine.partner(other) == one
            assert len(machine) <= 5
        for one in sorted(alive):
            machine.leave(one)
        machine.wake(now + 1_000)
        assert (len(machine), machine._owners, machine._of, machine.wake_at()) == (0, {}, {}, None)
