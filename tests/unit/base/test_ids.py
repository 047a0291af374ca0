from __future__ import annotations

import os

import pytest

from salon.base.ids import ALPHABET, counting, from_random_bytes, of_worker, worker_of


def test_an_identifier_tells_its_kind() -> None:
    made = from_random_bytes("item", os.urandom(21))
    prefix, _, rest = made.partition("_")
    assert prefix == "item"
    assert len(rest) == 21
    assert set(rest) <= set(ALPHABET)


def test_every_random_byte_counts() -> None:
    base = bytes(21)
    made = {from_random_bytes("x", base[:i] + b"\x01" + base[i + 1 :]) for i in range(21)}
    assert len(made | {from_random_bytes("x", base)}) == 22


def test_counting_counts_in_each_prefix() -> None:
    new_id = counting()
    assert [new_id("item"), new_id("resp"), new_id("item")] == ["item_1", "resp_1", "item_2"]
    assert counting()("item") == "item_1"


def test_an_identifier_can_say_where_it_was_made() -> None:
    new_id = of_worker(12, counting())
    assert (new_id("live"), new_id("rtc")) == ("live_12-1", "rtc_12-1")
    assert worker_of(new_id("live")) == 12


@pytest.mark.parametrize("identifier", ["live_1", "", "live_-1", "live_1234-x", "x-3", "live_a2-x"])
def test_one_that_does_not_names_nobody(identifier: str) -> None:
    assert worker_of(identifier) is None
