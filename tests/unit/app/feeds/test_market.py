from __future__ import annotations

import statistics

import pytest

from salon.app.feeds.market import SECTORS, Market


def test_the_same_seed_gives_the_same_market() -> None:
    one, other = Market(50, seed=7), Market(50, seed=7)
    assert one.opening(1000) == other.opening(1000)
    assert [one.trade(20, 1000 + step * 100) for step in range(30)] == [
        other.trade(20, 1000 + step * 100) for step in range(30)
    ]
    assert Market(50, seed=8).opening(1000) != Market(50, seed=7).opening(1000)


def test_everything_opens_once_and_has_a_name_in_two_languages() -> None:
    market = Market(3000)
    opening = market.opening(5)
    assert [reading.key for reading in opening] == list(market.about)
    assert len({about.en for about in market.about.values()}) == 3000
    assert len({about.zh for about in market.about.values()}) == 3000
    assert {about.group for about in market.about.values()} == {sector[0] for sector in SECTORS}
    assert all(reading.value == reading.open and reading.value > 0 and reading.at == 5 for reading in opening)


def test_a_symbol_trades_once_in_a_moment_and_its_volume_grows() -> None:
    market = Market(10)
    market.opening(0)
    volumes: dict[str, int] = {}
    for step in range(1, 200):
        trades = market.trade(8, step * 250)
        assert len({trade.key for trade in trades}) == len(trades) <= 8
        for trade in trades:
            assert trade.volume is not None
            assert trade.volume > volumes.get(trade.key, 0)
            volumes[trade.key] = trade.volume


def test_prices_move_but_stay_prices() -> None:
    market = Market(40, seed=3)
    market.opening(0)
    last: dict[str, float] = {}
    for step in range(1, 5000):
        for trade in market.trade(10, step * 1000):
            assert trade.open is not None
            assert 0 < trade.value < trade.open * 20
            last[trade.key] = trade.value / trade.open
    assert len({round(ratio, 3) for ratio in last.values()}) > 20
    assert 0.3 < statistics.median(last.values()) < 3


def test_some_trade_more_than_others() -> None:
    market = Market(200)
    market.opening(0)
    counts: dict[str, int] = {}
    for step in range(1, 400):
        for trade in market.trade(10, step * 100):
            counts[trade.key] = counts.get(trade.key, 0) + 1
    ordered = sorted(counts.values(), reverse=True)
    assert ordered[0] > 5 * ordered[len(ordered) // 2]


def test_an_empty_market_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Market(0)
