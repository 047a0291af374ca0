from __future__ import annotations

import pytest

from salon.base.errors import ClientError
from salon.base.rooms import (
    Expired,
    Gap,
    Image,
    Joined,
    Left,
    Page,
    Patch,
    Position,
    Publication,
    Published,
    Seat,
    Signal,
    TopicRule,
    Who,
)
from salon.room.latest import Figures
from salon.room.machine import (
    Arrive,
    Block,
    Confirm,
    Deliver,
    Expect,
    Fetch,
    Fetched,
    Forward,
    Open,
    Post,
    Quit,
    Read,
    Ready,
    Release,
    Room,
    Seated,
    SetRate,
    Welcome,
)
from salon.room.signal import WAIT_MS


def publication(offset: int, key: str = "") -> Publication:
    return Publication(str(offset).encode(), offset, "e", key)


def log_room(*readers: str) -> Room:
    room = Room("lobby")
    room.feed(Open("chat", TopicRule(), Position(0, "e")), 0)
    for reader in readers:
        room.feed(Expect("chat", reader), 0)
        room.feed(Read("chat", reader, reader, Page((), Position(0, "e"))), 0)
    return room


def seat(session: str, identity: str, *topics: str) -> Seat:
    return Seat(session=session, identity=identity, topics=frozenset(topics))


def test_a_log_from_its_first_reader_to_its_last() -> None:
    room = log_room()
    page = Page((publication(1),), Position(1, "e"))
    room.feed(Arrive("chat", publication(1)), 0)
    room.feed(Expect("chat", "a"), 0)
    assert room.feed(Read("chat", "a", "alice", page), 0) == [Welcome("chat", "a", page=page)]
    assert room.feed(Arrive("chat", publication(2)), 0) == [Deliver("chat", Published((publication(2),)), ("a",))]
    assert room.feed(Arrive("chat", publication(4)), 0) == [Fetch("chat", Position(2, "e"))]
    made = room.feed(Fetched("chat", Page((publication(3),), Position(4, "e"))), 0)
    assert [each.event for each in made if isinstance(each, Deliver)] == [
        Published((publication(3), publication(4))),
    ]
    both = Published((publication(5), publication(6)))
    assert room.feed(Arrive("chat", both), 0) == [Deliver("chat", both, ("a",))]
    assert room.feed(Confirm("chat", Position(4, "e")), 0) == []
    assert room.feed(Quit("chat", "a"), 0) == [Release("chat")]
    assert room.idle and room.topics == ()
    assert room.feed(Arrive("chat", publication(5)), 0) == []


def test_a_gap_is_told_and_lets_go() -> None:
    room = log_room("a")
    made = room.feed(Confirm("chat", Position(1, "f")), 0)
    assert made == [Deliver("chat", Gap(Position(1, "f")), ("a",)), Release("chat")]


def test_a_feed_is_woken_in_time() -> None:
    room = Room("lobby")
    room.feed(Open("feed", TopicRule(mode="latest"), (publication(1, "k"),)), 0)
    assert room.feed(Read("feed", "a", "alice", rate=10), 0) == [
        Welcome("feed", "a", publications=(publication(1, "k"),))
    ]
    assert room.feed(Arrive("feed", publication(2, "k")), 10) == []
    assert room.feed(Arrive("feed", publication(3, "k")), 20) == []
    at = room.wake_at()
    assert at == 100
    expected = [Deliver("feed", Published((publication(3, "k"),)), ("a",), may_wait=True)]
    assert room.wake(99) == [] and room.wake(at) == expected
    assert room.wake_at() is None
    assert room.figures("feed", "a") == Figures(1, 1)
    with pytest.raises(ClientError):
        room.figures("feed", "b")


def test_a_rate_that_is_changed_and_a_reader_that_is_crowded() -> None:
    room = Room("lobby")
    room.feed(Open("feed", TopicRule(mode="latest"), ()), 0)
    room.feed(Read("feed", "a", "alice", rate=1), 0)
    room.feed(Arrive("feed", publication(1, "k")), 10)
    [now] = room.feed(SetRate("feed", "a", None), 20)
    assert isinstance(now, Deliver) and now.event == Published((publication(1, "k"),))
    [missed] = room.feed(Arrive("feed", publication(2, "k")), 30)
    assert isinstance(missed, Deliver) and missed.may_wait
    room.feed(Block("feed", "a", missed.event), 30)
    room.feed(Arrive("feed", publication(3, "k")), 40)
    [after] = room.feed(Ready("feed", "a"), 50)
    assert isinstance(after, Deliver) and after.event == Published((publication(3, "k"),))


def test_a_state_and_a_reader_that_comes_back() -> None:
    room = Room("lobby")
    room.feed(Open("state", TopicRule(mode="state"), Image(0, "e", {})), 0)
    [first] = room.feed(Read("state", "a", "alice"), 5)
    assert isinstance(first, Welcome) and first.snapshot is not None and first.snapshot.version == 0
    patch = Patch(0, 1, "e", {"k": b"1"})
    assert room.feed(Arrive("state", patch), 5) == [Deliver("state", patch, ("a",), may_wait=True)]
    [back] = room.feed(Read("state", "b", "bob", since=Position(0, "e")), 5)
    assert isinstance(back, Welcome) and back.snapshot is None and back.patch is not None
    assert back.patch.set == {"k": b"1"}
    [stranger] = room.feed(Read("state", "c", "eve", since=Position(0, "other")), 5)
    assert isinstance(stranger, Welcome) and stranger.snapshot is not None
    room.feed(Block("state", "a", patch), 5)
    [caught_up] = room.feed(Ready("state", "a"), 5)
    assert isinstance(caught_up, Deliver) and isinstance(caught_up.event, Patch) and caught_up.event.base == 0
    assert room.feed(Arrive("state", Patch(5, 6, "e", {})), 5) == [Fetch("state", None)]
    made = room.feed(Fetched("state", Image(6, "e", {})), 5)
    assert sorted(each.sessions for each in made if isinstance(each, Deliver)) == [("a",), ("b",), ("c",)]


def test_signals_wait_for_who_hears_them() -> None:
    room = Room("lobby", [seat("b", "bob", "chat")])
    signal = Signal("signal", "1", Who("alice", "a"), "bob", b"{}")
    assert room.feed(Post(signal), 0) == []
    assert not room.idle
    assert room.feed(Seated(Joined(seat("b2", "bob", "signal"), False)), 10) == [Forward(signal)]
    assert room.feed(Post(signal), 20) == [Forward(signal)]
    assert room.feed(Seated(Left(seat("b2", "bob", "signal"), False, "left")), 20) == []
    room.feed(Post(signal), 30)
    assert room.wake_at() == 30 + WAIT_MS
    [told] = room.wake(30 + WAIT_MS)
    assert told == Deliver("signal", Expired("signal", "1", "bob", "absent"), ("a",))
    assert room.idle
