from __future__ import annotations

import pytest

from salon.base.errors import ClientError, Refused
from salon.base.rooms import TopicRule
from salon.room import policy
from salon.room.policy import Grants, Rate, RateLimits, Rules


@pytest.mark.parametrize(
    ("channel", "mode"),
    [
        ("lobby/chat", "log"),
        ("lobby/feed", "latest"),
        ("lobby/feed:quotes", "latest"),
        ("lobby/latest/x", "latest"),
        ("lobby/feedback", "log"),
        ("lobby/state", "state"),
        ("lobby/state:cursors", "state"),
        ("lobby/signal", "signal"),
        ("lobby/signals", "log"),
    ],
)
def test_a_name_says_its_mode(channel: str, mode: str) -> None:
    assert Rules().of(channel).mode == mode


def test_the_first_rule_that_matches_holds() -> None:
    rules = Rules([TopicRule(pattern="market/*", mode="latest"), TopicRule(pattern="*/quotes", mode="log", size=7)])
    assert rules.of("market/quotes").mode == "latest"
    assert rules.of("other/quotes").size == 7
    assert rules.of("other/state").mode == "state"
    rules.put(TopicRule(pattern="market/quotes", mode="state"))
    assert rules.of("market/quotes").mode == "state"
    assert rules.require("market/quotes", "state", "log").mode == "state"
    with pytest.raises(ClientError, match="mode state") as refused:
        rules.require("market/quotes", "log")
    assert refused.value.code == "wrong_mode"


def test_grants() -> None:
    grants = Grants(subscribe=("lobby/*",), publish=("lobby/chat",))
    assert grants.allow("subscribe", "lobby/news") and grants.allow("history", "lobby/news")
    assert not grants.allow("publish", "lobby/news") and not grants.allow("signal", "lobby/chat")
    assert not grants.allow("subscribe", "lobby2/news")
    with pytest.raises(ClientError) as refused:
        grants.require("publish", "lobby/news")
    assert refused.value.code == "room_forbidden"
    assert Grants.everything().allow("intent", "x/y")
    assert not Grants().allow("subscribe", "x/y")
    assert Grants.of_rooms(["a"]).allow("signal", "a/b") and not Grants.of_rooms(["a"]).allow("signal", "ab/b")


def test_sizes() -> None:
    for check, value in (
        (lambda: policy.check_data(b"x" * 11, TopicRule(data_bytes=10)), "data"),
        (lambda: policy.check_key("x" * 257), "key"),
        (lambda: policy.check_tags({"x": "y" * 257}), "tags"),
        (lambda: policy.check_tags({str(number): "" for number in range(17)}), "tags"),
        (lambda: policy.check_attributes(b"x" * 4097), "attributes"),
    ):
        with pytest.raises(ClientError) as refused:
            check()
        assert refused.value.code == "data_too_large", value
    policy.check_data(b"x" * 10, TopicRule(data_bytes=10))
    policy.check_tags(None)


def test_rates_are_each_persons_own() -> None:
    limits = RateLimits({"publish": Rate(2, 3)})
    for _ in range(3):
        limits.take("alice", "publish", 0)
    with pytest.raises(Refused) as refused:
        limits.take("alice", "publish", 0)
    assert (refused.value.status, refused.value.code, refused.value.retryable) == (429, "rate_limit_exceeded", True)
    limits.take("bob", "publish", 0)
    limits.take("alice", "history", 0)
    limits.take("alice", "publish", 500)


def test_what_is_known_of_rates_is_bounded() -> None:
    limits = RateLimits({"publish": Rate(1, 3)}, capacity=10)
    for number in range(100):
        limits.take(f"user {number}", "publish", 0)
    assert len(limits) <= 10
    limits.take("another", "publish", 10_000)
    assert len(limits) <= 10
    RateLimits({"publish": Rate(0, 0)}).take("alice", "publish", 0)
