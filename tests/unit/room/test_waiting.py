from __future__ import annotations

from salon.room.waiting import Bounds, Waiting

BOUNDS = Bounds(
    wait_ms=5_000,
    quiet_ms=30_000,
    messages_from_one=3,
    bytes_from_one=300,
    messages_to_one=5,
    bytes_to_one=500,
    messages=8,
    bytes=800,
)


def test_what_was_said_is_taken_in_order_and_once() -> None:
    waiting = Waiting(BOUNDS)
    for now, (src, text) in enumerate([("ann", "offer"), ("ben", "offer"), ("ann", "candidate")]):
        assert waiting.put(src, "bob", text, 10, now, opens=text == "offer")
    assert (len(waiting), waiting.bytes) == (3, 30)
    assert waiting.take("bob") == [("ann", "offer"), ("ben", "offer"), ("ann", "candidate")]
    assert waiting.take("bob") == []
    assert (len(waiting), waiting.bytes, waiting.due_at()) == (0, 0, None)


def test_each_who_spoke_is_told_once_and_five_seconds_after_the_first_word() -> None:
    waiting = Waiting(BOUNDS)
    waiting.put("ann", "bob", "offer", 10, 0, opens=True)
    waiting.put("ann", "bob", "candidate", 10, 4_000, opens=False)
    waiting.put("ben", "bob", "offer", 10, 1_000, opens=True)
    assert waiting.due_at() == 5_000
    assert waiting.due(4_999) == []
    assert waiting.due(5_000) == [("bob", "ann")]
    assert waiting.due_at() == 6_000
    assert waiting.take("bob") == [("ben", "offer")]
    assert waiting.due(60_000) == []


def test_what_trickles_in_afterwards_says_nothing_new() -> None:
    waiting = Waiting(BOUNDS)
    waiting.put("ann", "bob", "offer", 10, 0, opens=True)
    assert waiting.due(5_000) == [("bob", "ann")]
    assert waiting.put("ann", "bob", "late candidate", 10, 6_000, opens=False)
    assert waiting.due_at() is None
    # Another attempt counts anew, and so does whatever comes much later.
    assert waiting.put("ann", "bob", "offer", 10, 7_000, opens=True)
    assert waiting.due(12_000) == [("bob", "ann")]
    assert waiting.put("ann", "bob", "candidate", 10, 42_000, opens=False)
    assert waiting.due(47_000) == [("bob", "ann")]


def test_one_who_speaks_too_much_takes_nobody_elses_room() -> None:
    waiting = Waiting(BOUNDS)
    assert [waiting.put("mallory", "bob", "offer", 10, 0, opens=True) for _ in range(9)] == [True] * 9
    assert len(waiting) == 3
    # A new attempt that finds no room is given up at once, and only told of once for each that it was for.
    assert not waiting.put("mallory", "cleo", "offer", 10, 0, opens=True)
    assert waiting.put("mallory", "cleo", "candidate", 10, 0, opens=False)
    assert not waiting.put("mallory", "cleo", "offer", 10, 1, opens=True)
    assert waiting.put("ann", "bob", "offer", 10, 0, opens=True)
    assert [src for src, _ in waiting.take("bob")] == ["mallory"] * 3 + ["ann"]


def test_bytes_are_bounded_too() -> None:
    waiting = Waiting(BOUNDS)
    assert waiting.put("ann", "bob", "offer", 299, 0, opens=True)
    assert waiting.put("ann", "bob", "candidate", 2, 0, opens=False)
    assert waiting.put("ann", "bob", "candidate", 1, 0, opens=False)
    assert waiting.bytes == 300
    assert not waiting.put("ben", "bob", "offer", 201, 0, opens=True)
    assert waiting.put("ben", "bob", "offer", 200, 0, opens=True)
    assert not waiting.put("cid", "bob", "offer", 1, 0, opens=True)


def test_there_is_an_end_to_what_waits_for_all() -> None:
    waiting = Waiting(BOUNDS)
    kept = [waiting.put(f"src{n}", f"dst{n}", "offer", 1, 0, opens=True) for n in range(12)]
    assert kept == [True] * 8 + [False] * 4
    assert waiting.take("dst0") == [("src0", "offer")]
    assert waiting.put("src11", "dst11", "offer", 1, 0, opens=True)


def test_what_was_given_up_is_forgotten_in_the_end() -> None:
    waiting = Waiting(BOUNDS)
    for n in range(1_000):
        assert waiting.give_up("ann", f"dst{n}", 0)
    assert not waiting.give_up("ann", "dst999", 29_999)
    assert waiting.give_up("ann", "dst0", 29_999)  # pushed out by those after it: told twice, no more
    assert waiting.give_up("ann", "dst998", 30_000)


def test_it_can_be_taken_back() -> None:
    waiting = Waiting(BOUNDS)
    waiting.put("ann", "bob", "offer", 10, 0, opens=True)
    waiting.put("ann", "cleo", "offer", 10, 0, opens=True)
    waiting.put("ben", "bob", "offer", 10, 0, opens=True)
    waiting.withdraw("ann", "bob")
    waiting.withdraw("ann", "nobody")
    assert waiting.take("bob") == [("ben", "offer")]
    waiting.withdraw("ann")
    waiting.withdraw("ann")
    assert waiting.take("cleo") == []
    assert (len(waiting), waiting.bytes, waiting.due(10_000)) == (0, 0, [])
