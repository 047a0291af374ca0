from __future__ import annotations

from salon.base.rooms import Publication
from salon.room.latest import Deliver, Figures, LatestTopic, Newest, interval_of


def publication(offset: int, key: str, epoch: str = "e") -> Publication:
    return Publication(str(offset).encode(), offset, epoch, key)


def said(outputs: list[Deliver]) -> list[tuple[list[int], tuple[str, ...]]]:
    return [([each.offset for each in output.publications], output.readers) for output in outputs]


class TestNewest:
    def test_one_of_each_key(self) -> None:
        newest = Newest("e", keys=10)
        for key in "abab":
            newest.put(key.encode(), 0, key=key)
        assert [each.offset for each in newest.all()] == [3, 4]
        assert [each.offset for each in newest.since(3)] == [4]
        assert newest.bytes == 2

    def test_it_is_bounded_in_keys_and_bytes(self) -> None:
        newest = Newest("e", keys=2, size=10)
        for key in "abc":
            newest.put(b"123", 0, key=key)
        assert [each.key for each in newest.all()] == ["b", "c"]
        newest.put(b"1234567", 0, key="d")
        assert [each.key for each in newest.all()] == ["c", "d"]
        assert newest.bytes == 10

    def test_older_ones_are_not_taken(self) -> None:
        newest = Newest("", keys=10)
        assert newest.take(publication(5, "a"))
        assert not newest.take(publication(4, "a"))
        assert not newest.take(publication(5, "a"))
        assert newest.take(publication(4, "b")), "of another key"
        assert newest.take(publication(1, "a", "f")), "another life: whatever it says is newer"


def topic(*readers: tuple[str, float | None]) -> LatestTopic:
    made = LatestTopic([], keys=100)
    for reader, rate in readers:
        made.join(reader, rate, 0)
    return made


def test_a_reader_is_given_what_there_is_and_then_every_change() -> None:
    feed = LatestTopic([publication(1, "a"), publication(2, "b")], keys=100)
    assert [each.offset for each in feed.join("r", None, 0)] == [1, 2]
    assert said(feed.arrive((publication(3, "a"),), 0)) == [([3], ("r",))]
    assert feed.wake_at() is None
    assert feed.figures("r") == Figures(1, 0)


def test_a_rate_conflates_key_by_key() -> None:
    feed = topic(("r", 10), ("all", None))
    outputs = [said(feed.arrive((publication(offset, key),), 10)) for offset, key in enumerate("aabab", 1)]
    assert all(each == [([offset], ("all",))] for offset, each in enumerate(outputs, 1))
    assert feed.wake_at() == 100
    assert feed.wake(99) == []
    assert said(feed.wake(100)) == [([4, 5], ("r",))]
    assert feed.figures("r") == Figures(2, 3)
    assert feed.wake_at() is None
    assert said(feed.arrive((publication(6, "a"),), 150)) == [([6], ("all",))], "not before its time"
    assert said(feed.wake(200)) == [([6], ("r",))]
    at_once = said(feed.arrive((publication(7, "a"),), 500))
    assert sorted(at_once) == [([7], ("all",)), ([7], ("r",))], "after a pause the first change goes at once"


def test_readers_of_one_rate_share_a_delivery() -> None:
    feed = topic(("a", 5), ("b", 5), ("c", 2))
    feed.arrive((publication(1, "k"),), 1)
    assert said(feed.wake(200)) == [([1], ("a", "b"))]
    assert said(feed.wake(500)) == [([1], ("c",))]


def test_a_rate_is_changed_while_it_runs() -> None:
    feed = topic(("r", 1))
    feed.arrive((publication(1, "k"),), 10)
    assert said(feed.set_rate("r", None, 20)) == [([1], ("r",))], "what waited goes at once"
    assert said(feed.arrive((publication(2, "k"),), 30)) == [([2], ("r",))]
    assert feed.set_rate("r", 2, 40) == []
    assert feed.arrive((publication(3, "k"),), 50) == []
    assert said(feed.wake(540)) == [([3], ("r",))]
    assert feed.figures("r") == Figures(3, 0)
    assert feed.set_rate("nobody", 2, 40) == []


def test_a_crowded_reader_gets_the_newest_and_holds_up_nobody() -> None:
    feed = topic(("slow", None), ("fast", None))
    [first] = feed.arrive((publication(1, "a"),), 0)
    feed.block("slow", first.publications)
    for offset, key in enumerate("abab", 2):
        assert said(feed.arrive((publication(offset, key),), 0)) == [([offset], ("fast",))]
    assert said(feed.ready("slow", 0)) == [([4, 5], ("slow",))]
    assert feed.figures("slow") == Figures(2, 3)
    assert feed.figures("fast") == Figures(5, 0)
    assert set(said(feed.arrive((publication(6, "c"),), 0))[0][1]) == {"fast", "slow"}


def test_a_crowded_reader_that_leaves() -> None:
    feed = topic(("r", None))
    [first] = feed.arrive((publication(1, "a"),), 0)
    feed.block("r", first.publications)
    feed.leave("r")
    assert feed.ready("r", 0) == []
    assert len(feed) == 0


def test_rates_are_held_within_reason() -> None:
    assert [interval_of(rate) for rate in (None, 10, 1e9, 1e-9)] == [0, 100, 1, 100_000]


def test_several_at_once_are_one_delivery() -> None:
    feed = LatestTopic((), keys=9)
    feed.join("every", None, 0)
    feed.join("slow", 10, 0)
    assert feed.arrive((publication(1, "a"), publication(2, "b"), publication(1, "a")), 0)[0] == (
        (publication(1, "a"), publication(2, "b")),
        ("every",),
    )
    feed.arrive((publication(3, "a"), publication(4, "a")), 10)
    assert said(feed.wake(100)) == [([2, 4], ("slow",))]
    assert feed.figures("every") == Figures(4, 0) and feed.figures("slow") == Figures(2, 2)
