from __future__ import annotations

import pytest

from salon.base.errors import ClientError
from salon.base.rooms import Change, Image, Patch, Snapshot
from salon.room.state import MAX_TOMBSTONES, Deliver, Reload, StateMap, StateOutput, StateTopic


def change(state: StateMap, now: int = 0, **values: bytes) -> Patch:
    patch = state.change(Change(set=values), now)
    assert patch is not None
    return patch


class TestMap:
    def test_patches_follow_each_other(self) -> None:
        state = StateMap("e")
        one = change(state, a=b"1", b=b"2")
        two = state.change(Change(set={"a": b"3"}, remove=("b",)), 5)
        assert two == Patch(1, 2, "e", {"a": b"3"}, ("b",), {}, {}, 5)
        copy = StateMap("e")
        assert copy.apply(one) and copy.apply(two)
        assert copy.snapshot("x", 0) == state.snapshot("x", 0)
        assert not copy.apply(one), "it does not follow"

    def test_nothing_is_said_where_nothing_changes(self) -> None:
        state = StateMap("e")
        change(state, a=b"1")
        assert state.change(Change(set={"a": b"1"}, remove=("unknown",)), 0) is None
        assert state.change(Change(acks={"s": 3}), 0) is not None, "an acknowledgement is news"

    def test_entries_end(self) -> None:
        state = StateMap("e")
        state.change(Change(set={"a": b"1"}, ttl_ms=100), 0)
        state.change(Change(set={"b": b"1"}, ttl_ms=200), 0)
        assert state.wake_at() == 100
        assert state.change(Change(set={"a": b"1"}, ttl_ms=100), 50) is None, "the same again keeps it alive, silently"
        assert state.expire(100) is None
        assert state.wake_at() == 150
        expired = state.expire(150)
        assert expired is not None and expired.removed == ("a",)
        assert state.wake_at() == 200

    def test_limits(self) -> None:
        state = StateMap("e", keys=2, size=10)
        change(state, a=b"123", b=b"123")
        for values in ({"c": b""}, {"a": b"123456"}):
            with pytest.raises(ClientError) as refused:
                state.change(Change(set=values), 0)
            assert refused.value.code == "state_full"
        assert (state.size, len(state), state.version) == (8, 2, 1)
        change(state, a=b"1")
        assert state.size == 6

    def test_private_keys(self) -> None:
        state = StateMap("e")
        change(state, open=b"1")
        patch = state.change(Change(set={"hand": b"[7]"}, owner="alice", by="alice"), 0)
        assert patch is not None and patch.owners == {"hand": "alice"}
        assert state.snapshot("alice", 0).entries == {"open": b"1", "hand": b"[7]"}
        assert state.snapshot("bob", 0).entries == {"open": b"1"}
        for theft in (
            Change(set={"hand": b"1"}, by="bob"),
            Change(set={"hand": b"1"}, owner="bob", by="bob"),
            Change(remove=("hand",), by="bob"),
        ):
            with pytest.raises(ClientError) as refused:
                state.change(theft, 0)
            assert refused.value.code == "state_key_private"
        assert state.change(Change(remove=("hand",), by="alice"), 0) is not None
        assert state.change(Change(set={"hand": b"1"}, by="bob"), 0) is not None
        assert state.change(Change(set={"x": b"1"}, owner="alice"), 0) is not None
        assert state.change(Change(remove=("x",)), 0) is not None, "the house may"

    def test_what_a_reader_lacks(self) -> None:
        state = StateMap("e")
        change(state, a=b"1", b=b"1")
        change(state, c=b"1")
        state.change(Change(remove=("b",)), 0)
        assert state.since(1, "x", 9) == Patch(1, 3, "e", {"c": b"1"}, ("b",), {}, {}, 9)
        assert state.since(3, "x", 9) == Patch(3, 3, "e", {}, (), {}, {}, 9)
        assert state.since(4, "x", 9) is None, "a version that was never given out"

    def test_what_is_forgotten_is_not_patched_over(self) -> None:
        state = StateMap("e")
        for number in range(MAX_TOMBSTONES + 1):
            change(state, **{f"k{number}": b"1"})
            state.change(Change(remove=(f"k{number}",)), 0)
        assert state.since(1, "x", 0) is None
        assert state.since(2, "x", 0) is not None
        again = StateMap.of(state.image())
        assert again.since(2, "x", 0) is None, "a copy does not know what was removed before it"
        assert again.since(state.version, "x", 0) is not None

    def test_an_image_keeps_everything(self) -> None:
        state = StateMap("e")
        change(state, a=b"1")
        state.change(Change(set={"p": b"2"}, owner="alice"), 0)
        copy = StateMap.of(state.image())
        assert copy.image() == state.image()
        assert copy.snapshot("alice", 0) == state.snapshot("alice", 0)


def told(outputs: list[StateOutput]) -> list[tuple[Patch | Snapshot, tuple[str, ...]]]:
    return [(each.event, each.readers) for each in outputs if isinstance(each, Deliver)]


class TestTopic:
    def make(self) -> tuple[StateMap, StateTopic]:
        truth = StateMap("e")
        topic = StateTopic(truth.image())
        topic.join("a", "alice")
        topic.join("b", "bob")
        return truth, topic

    def test_everybody_is_told(self) -> None:
        truth, topic = self.make()
        patch = change(truth, x=b"1")
        assert told(topic.arrive(patch, 0)) == [(patch, ("a", "b"))]
        assert topic.arrive(patch, 0) == [], "twice"
        topic.leave("a")
        assert told(topic.arrive(change(truth, x=b"2"), 0))[0][1] == ("b",)

    def test_private_keys_go_to_their_owner(self) -> None:
        truth, topic = self.make()
        patch = truth.change(Change(set={"p": b"1"}, owner="alice"), 0)
        assert patch is not None
        views = {readers: event for event, readers in told(topic.arrive(patch, 0))}
        hers, his = views[("a",)], views[("b",)]
        assert isinstance(hers, Patch) and hers.set == {"p": b"1"}
        assert isinstance(his, Patch) and (his.set, his.version) == ({}, 1), "he learns the version and nothing else"

    def test_a_missed_patch_is_made_up_for(self) -> None:
        truth, topic = self.make()
        change(truth, x=b"1")
        late = change(truth, y=b"1")
        assert topic.arrive(late, 0) == [Reload()]
        newer = change(truth, z=b"1")
        assert topic.arrive(newer, 0) == [], "it has asked already"
        outputs = topic.reload(truth.image(), 7)
        assert told(outputs) == [(truth.snapshot("alice", 7), ("a",)), (truth.snapshot("bob", 7), ("b",))]

    def test_an_image_that_is_older_than_the_missed_patch(self) -> None:
        truth, topic = self.make()
        change(truth, x=b"1")
        old = truth.image()
        topic.arrive(change(truth, y=b"1"), 0)
        missed = change(truth, z=b"1")
        topic.arrive(missed, 0)
        assert topic.reload(Image(1, "e", old.entries), 0)[-1] == Reload()
        assert topic.reload(None, 0) == []

    def test_a_crowded_reader_goes_straight_to_the_newest(self) -> None:
        truth, topic = self.make()
        first = change(truth, x=b"1")
        topic.arrive(first, 0)
        topic.block("a", first.base)
        for value in (b"2", b"3"):
            assert told(topic.arrive(change(truth, x=value), 0))[0][1] == ("b",)
        assert told(topic.ready("a", 5)) == [(Patch(0, 3, "e", {"x": b"3"}, (), {}, {}, 5), ("a",))]
        assert set(told(topic.arrive(change(truth, x=b"4"), 0))[0][1]) == {"a", "b"}

    def test_a_crowded_reader_of_a_state_that_begins_another_life(self) -> None:
        truth, topic = self.make()
        first = change(truth, x=b"1")
        topic.arrive(first, 0)
        topic.block("a", 1)
        again = StateMap("f")
        assert topic.arrive(change(again, x=b"2"), 0) == [Reload()]
        topic.reload(again.image(), 0)
        # Version 1 of both lives, and not the same.
        assert told(topic.ready("a", 7)) == [(again.snapshot("alice", 7), ("a",))]

    def test_a_crowded_reader_that_missed_nothing_else(self) -> None:
        truth, topic = self.make()
        topic.arrive(change(truth, x=b"1"), 0)
        topic.block("a", 1)
        assert topic.ready("a", 0) == []
        assert topic.ready("a", 0) == []

    def test_a_reader_that_comes_back(self) -> None:
        truth, topic = self.make()
        topic.arrive(change(truth, x=b"1"), 0)
        topic.arrive(change(truth, y=b"1"), 0)
        assert topic.since(1, "e", "alice", 0) == Patch(1, 2, "e", {"y": b"1"})
        assert topic.since(1, "other", "alice", 0) is None
