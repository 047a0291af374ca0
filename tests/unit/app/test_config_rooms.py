from __future__ import annotations

from typing import get_args

from salon.app.config_rooms import Rooms, TopicSettings
from salon.base.rooms import TopicRule
from salon.room.policy import DEFAULT_RATES, Command, Rate, Rules


def test_a_topics_settings_are_a_rule() -> None:
    assert TopicSettings(pattern="*/x").rule() == TopicRule(pattern="*/x")
    rule = TopicSettings(pattern="market/*", mode="latest", max_rate=5.0, keys=7).rule()
    assert Rules([rule]).of("market/quotes") == TopicRule(pattern="market/*", mode="latest", max_rate=5.0, keys=7)


def test_rates_are_the_defaults_but_for_those_that_are_set() -> None:
    assert set(get_args(Command)) == set(DEFAULT_RATES)
    rates = Rooms(rates={"publish": 5, "rpc": 0}).command_rates()
    assert rates == {**DEFAULT_RATES, "publish": Rate(5, 25), "rpc": Rate(0, 0)}
