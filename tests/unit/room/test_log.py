from __future__ import annotations

import pytest

from salon.base.rooms import Page, Position, Publication
from salon.room.log import (
    IDEMPOTENCY_SECONDS,
    MAX_AHEAD,
    MAX_TOGETHER,
    Deliver,
    Fill,
    History,
    LogTopic,
    Tell,
    is_provable,
    together,
)


def publication(offset: int, epoch: str = "e") -> Publication:
    return Publication(str(offset).encode(), offset, epoch)


def offsets(page: Page) -> list[int]:
    return [each.offset for each in page.publications]


def delivered(outputs: list[Deliver | Fill | Tell]) -> list[tuple[int, tuple[str, ...]]]:
    return [(each.publication.offset, each.readers) for each in outputs if isinstance(each, Deliver)]


class TestHistory:
    def filled(self, count: int = 5, size: int = 100) -> History:
        history = History("e", size=size, seconds=60)
        for number in range(count):
            history.append(str(number).encode(), 1000)
        return history

    def test_pages(self) -> None:
        history = self.filled()
        assert offsets(history.page(1000, limit=2)) == [1, 2]
        assert offsets(history.page(1000, Position(2, "e"), limit=2)) == [3, 4]
        assert offsets(history.page(1000, Position(5, "e"), limit=2)) == []
        assert offsets(history.page(1000, limit=2, reverse=True)) == [5, 4]
        assert offsets(history.page(1000, Position(4, "e"), limit=2, reverse=True)) == [3, 2]
        assert history.page(1000).position == Position(5, "e")

    def test_what_cannot_be_proved_is_not_answered(self) -> None:
        history = self.filled(5, size=2)
        assert not history.page(1000, Position(2, "e"), limit=9).proved
        assert offsets(history.page(1000, Position(3, "e"), limit=9)) == [4, 5]
        assert not history.page(1000, Position(3, "other"), limit=9).proved
        assert not history.page(1000, Position(6, "e"), limit=9).proved, "a place that was never given out"

    def test_age_and_bytes_bound_it(self) -> None:
        history = History("e", size=100, seconds=60, most_bytes=10)
        history.append(b"x" * 6, 1000)
        history.append(b"y" * 6, 1001)
        assert (len(history), history.bytes) == (1, 6)
        history.trim(1062)
        assert (len(history), history.bytes, history.top) == (0, 0, 2)

    def test_a_clock_that_jumps_back_loses_nothing(self) -> None:
        history = self.filled()
        history.append(b"late", 10)
        assert offsets(history.page(10, limit=9)) == [1, 2, 3, 4, 5, 6]

    def test_idempotency(self) -> None:
        history = self.filled(0)
        first, made = history.append(b"1", 1000, idempotency_key="k")
        again, twice = history.append(b"1", 1000 + IDEMPOTENCY_SECONDS, idempotency_key="k")
        assert made is not None and twice is None and first == again
        _, later = history.append(b"1", 1001 + IDEMPOTENCY_SECONDS, idempotency_key="k")
        assert later is not None and later.offset == 2


@pytest.mark.parametrize(
    ("since", "good"), [((0, "e"), False), ((2, "e"), True), ((5, "e"), True), ((6, "e"), False), ((3, "f"), False)]
)
def test_provable(since: tuple[int, str], good: bool) -> None:
    assert is_provable(Position(*since), Position(5, "e"), first=3) is good


def live(*readers: str, at: int = 0) -> LogTopic:
    topic = LogTopic(Position(at, "e"))
    for reader in readers:
        topic.join(reader)
        assert topic.start(reader, Position(at, "e")) == []
    return topic


class TestTopic:
    def test_in_order_to_all(self) -> None:
        topic = live("a", "b")
        assert delivered(topic.arrive(publication(1))) == [(1, ("a", "b"))]
        assert topic.arrive(publication(1)) == [], "twice"
        topic.leave("a")
        assert delivered(topic.arrive(publication(2))) == [(2, ("b",))]

    def test_a_hole_is_filled(self) -> None:
        topic = live("a")
        assert topic.arrive(publication(3)) == [Fill(Position(0, "e"))]
        assert topic.arrive(publication(4)) == [], "it has asked already"
        outputs = topic.filled(Page((publication(1), publication(2), publication(3)), Position(4, "e")))
        assert delivered(outputs) == [(1, ("a",)), (2, ("a",)), (3, ("a",)), (4, ("a",))]

    def test_a_hole_that_cannot_be_filled_is_told(self) -> None:
        topic = live("a")
        topic.arrive(publication(3))
        assert topic.filled(Page((), Position(3, "e"), proved=False)) == [Tell(("a",), Position(3, "e"))]
        assert "a" not in topic

    def test_no_answer_is_asked_for_again(self) -> None:
        topic = live("a")
        topic.arrive(publication(3))
        assert topic.filled(None) == []
        assert topic.arrive(publication(4)) == [Fill(Position(0, "e"))]

    def test_a_page_that_ends_at_its_limit(self) -> None:
        topic = live("a")
        topic.arrive(publication(9))
        outputs = topic.filled(Page((publication(1), publication(2)), Position(9, "e")))
        assert outputs[-1] == Fill(Position(2, "e"))

    def test_another_epoch_is_told(self) -> None:
        topic = live("a")
        topic.arrive(publication(1))
        assert topic.arrive(publication(1, "f")) == [Tell(("a",), Position(1, "f"))]
        topic.join("a")
        assert topic.start("a", Position(1, "f")) == []
        assert delivered(topic.arrive(publication(2, "f"))) == [(2, ("a",))]

    def test_a_delivery_that_was_lost_shows(self) -> None:
        topic = live("a")
        assert topic.confirm(Position(0, "e")) == []
        assert topic.confirm(Position(2, "e")) == [Fill(Position(0, "e"))]
        assert topic.confirm(Position(2, "f")) == [Tell(("a",), Position(2, "f"))]

    def test_what_comes_while_a_page_is_fetched(self) -> None:
        topic = live(at=5)
        topic.join("a")
        topic.arrive(publication(6))
        topic.arrive(publication(7))
        # The page was read between the two.
        assert delivered(topic.start("a", Position(6, "e"))) == [(7, ("a",))]
        assert delivered(topic.arrive(publication(8))) == [(8, ("a",))]

    def test_a_page_that_is_ahead_of_what_has_come(self) -> None:
        topic = live("b", at=5)
        topic.join("a")
        assert topic.start("a", Position(7, "e")) == []
        assert delivered(topic.arrive(publication(6))) == [(6, ("b",))]
        assert delivered(topic.arrive(publication(7))) == [(7, ("b",))]
        assert delivered(topic.arrive(publication(8))) == [(8, ("b", "a"))]

    def test_a_reader_that_takes_too_long_to_begin(self) -> None:
        topic = live()
        topic.join("a")
        for offset in range(1, MAX_AHEAD + 2):
            topic.arrive(publication(offset))
        assert topic.start("a", Position(0, "e")) == [Tell(("a",), Position(MAX_AHEAD + 1, "e"))]

    def test_a_page_of_another_life_tells_the_others_and_lets_the_reader_in(self) -> None:
        topic = live("a", at=5)
        topic.join("b")
        assert topic.start("b", Position(2, "f")) == [Tell(("a",), Position(2, "f"))]
        assert delivered(topic.arrive(publication(3, "f"))) == [(3, ("b",))]

    def test_a_page_from_before_the_log_was_lost_is_told(self) -> None:
        topic = live(at=5)
        topic.join("b")
        topic.arrive(publication(1, "f"))
        assert topic.start("b", Position(5, "e")) == [Tell(("b",), Position(1, "f"))]


def test_what_comes_at_once_for_the_same_readers_goes_out_at_once_within_a_size() -> None:
    large = MAX_TOGETHER // 2 + 1
    deliveries = [
        Deliver(Publication(bytes(size), offset), readers)
        for offset, size, readers in (
            (1, 1, ("a", "b")),
            (2, 1, ("a", "b")),
            (3, 1, ("a",)),
            (4, large, ("b",)),
            (5, large, ("b",)),
            (6, 1, ("b",)),
        )
    ]
    assert [
        ([each.offset for each in published.publications], readers) for published, readers in together(deliveries)
    ] == [([1, 2], ("a", "b")), ([3], ("a",)), ([4, 5], ("b",)), ([6], ("b",))]
