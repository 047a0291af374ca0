from __future__ import annotations

import pytest

from salon.serve.limits import Accounts, Bucket, network_of


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    bucket = Bucket(rate=10, burst=3)
    assert [bucket.take(1000) for _ in range(4)] == [0, 0, 0, 100]
    # A refused one costs nothing: the wait does not grow.
    assert bucket.take(1000) == 100
    assert bucket.take(1100) == 0
    assert bucket.take(1100) == 100


def test_a_bucket_fills_no_further_than_its_burst() -> None:
    bucket = Bucket(rate=10, burst=2)
    assert [bucket.take(10**9) for _ in range(3)] == [0, 0, 100]


def test_charging_runs_into_debt_that_time_pays() -> None:
    bucket = Bucket(rate=100, burst=2)
    assert [bucket.charge(0) for _ in range(5)] == [0, 0, 10, 20, 30]
    assert bucket.charge(40) == 0


def test_fast_rates_are_kept_although_time_is_in_milliseconds() -> None:
    bucket = Bucket(rate=20_000, burst=1)
    for now in range(1000):
        waits = [bucket.charge(now) for _ in range(20)]
    assert waits[-1] <= 2
    assert sum(bucket.charge(1000) > 0 for _ in range(1000)) > 900


def test_rate_zero_is_no_limit() -> None:
    bucket = Bucket(rate=0, burst=0)
    assert {bucket.charge(5) for _ in range(1000)} == {0}


def test_a_sweep_of_addresses_does_not_grow_the_table_and_spares_those_in_use() -> None:
    accounts = Accounts(capacity=100)
    mine = accounts.of("mine", 1, 60, 1)
    mine.connections += 1
    for number in range(10_000):
        accounts.of(f"sweep {number}", 1, 60, 1)
    assert len(accounts) <= 101
    assert accounts.of("mine", 1, 60, 1) is mine


def test_the_longest_unused_account_goes_first() -> None:
    accounts = Accounts(capacity=2)
    first, second = accounts.of("first", 1, 60, 1), accounts.of("second", 1, 60, 1)
    assert accounts.of("first", 1, 60, 1) is first
    accounts.of("third", 1, 60, 1)
    assert accounts.of("first", 1, 60, 1) is first
    assert accounts.of("second", 1, 60, 1) is not second


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("127.8.9.10", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
        ("testclient", ""),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_what_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
