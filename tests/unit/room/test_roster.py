from __future__ import annotations

import pytest

from salon.base.errors import Refused
from salon.base.rooms import Changed, Joined, Left, Seat
from salon.room.roster import Roster


def seat(
    session: str = "s", identity: str = "alice", connection: str = "c1", proof: bytes = b"p", **more: object
) -> Seat:
    return Seat(
        session=session, identity=identity, connection=connection, proof=proof, topics=frozenset({"chat"}), **more
    )  # type: ignore[arg-type]


def test_two_devices_of_one_person() -> None:
    roster = Roster()
    [first] = roster.enter(seat("a"), 100, 0, 1000)
    [second] = roster.enter(seat("b"), 100, 0, 1001)
    assert isinstance(first, Joined) and first.first and first.seat.joined_at == 1000
    assert isinstance(second, Joined) and not second.first
    assert roster.sessions_of("alice") == ["a", "b"]
    [one] = roster.leave("a", "c1")
    [other] = roster.leave("b", "c1")
    assert isinstance(one, Left) and not one.last
    assert isinstance(other, Left) and other.last
    assert len(roster) == 0


def test_a_lost_connection_keeps_its_seat_for_a_while() -> None:
    roster = Roster()
    roster.enter(seat(), 100, 0, 1000)
    [away] = roster.away("s", "c1", 50, 10, 1010)
    assert isinstance(away, Changed) and away.seat.away and away.seat.seen_at == 1010
    assert not roster.hears("alice", "chat")
    [back] = roster.enter(seat(connection="c2"), 100, 40, 1040)
    assert isinstance(back, Changed) and not back.seat.away and back.seat.joined_at == 1000
    assert roster.hears("alice", "chat") and roster.hears("s", "chat") and not roster.hears("s", "other")


def test_a_seat_whose_time_is_over() -> None:
    roster = Roster()
    roster.enter(seat(), 100, 0, 1000)
    roster.away("s", "c1", 50, 10, 1010)
    assert roster.wake(59) == []
    [lost] = roster.wake(60)
    assert isinstance(lost, Left) and lost.reason == "lost" and lost.last


def test_an_old_connection_that_never_closed_does_no_harm() -> None:
    roster = Roster()
    roster.enter(seat(connection="old"), 100, 0, 0)
    roster.enter(seat(connection="new"), 100, 1, 1)
    assert roster.leave("s", "old") == []
    assert roster.away("s", "old", 50, 2, 2) == []
    assert roster.touch({"s": "old"}, 100, 3, 3) == ["s"]
    assert roster.touch({"s": "new"}, 100, 3, 3) == []


def test_nobody_takes_the_seat_of_another() -> None:
    roster = Roster()
    roster.enter(seat(), 100, 0, 0)
    for thief in (seat(identity="eve"), seat(proof=b"guessed")):
        with pytest.raises(Refused) as refused:
            roster.enter(thief, 100, 0, 0)
        assert refused.value.code == "seat_taken"


def test_a_full_room() -> None:
    roster = Roster(most=1)
    roster.enter(seat("a"), 100, 0, 0)
    with pytest.raises(Refused, match="full"):
        roster.enter(seat("b"), 100, 0, 0)
    roster.enter(seat("a", connection="c2"), 100, 0, 0)


def test_touching_keeps_a_seat() -> None:
    roster = Roster()
    roster.enter(seat(), 100, 0, 0)
    assert roster.touch({"s": "c1", "unknown": "c"}, 100, 90, 9) == ["unknown"]
    assert [(each.joined_at, each.seen_at) for each in roster.seats()] == [(0, 9)], "and says when it was seen last"
    assert roster.wake(100) == []
    assert roster.wake_at() == 190
    assert [each.reason for each in roster.wake(190) if isinstance(each, Left)] == ["lost"]


def test_a_copy_follows_the_truth() -> None:
    truth, copy = Roster(), Roster()
    events = [
        *truth.enter(seat("a"), 100, 0, 0),
        *truth.enter(seat("b", "bob"), 100, 0, 0),
        *truth.away("a", "c1", 10, 1, 1),
        *truth.enter(seat("a", connection="c2"), 100, 2, 2),
        *truth.leave("b", "c1"),
    ]
    for event in events:
        copy.apply(event)
        assert copy.apply(event) == [], "hearing it twice changes nothing"
    assert copy.seats() == truth.seats()
    assert Roster(truth.seats()).sessions_of("alice") == ["a"]
