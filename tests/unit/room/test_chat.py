"""The topics of a chat, and that configuration goes first."""

from __future__ import annotations

import pytest

from salon.base.rooms import TopicRule
from salon.room import chat
from salon.room.policy import Rules


@pytest.mark.parametrize(
    ("topic", "mode", "authority"),
    [
        (chat.CHAT, "log", False),
        (chat.PICTURES, "log", False),
        (chat.LIVE, "state", False),
        (chat.GROWING, "state", True),
        (chat.READ, "state", False),
    ],
)
def test_each_topic_behaves_as_it_should(topic: str, mode: str, authority: bool) -> None:
    rule = Rules(chat.RULES).of(f"lobby/{topic}")
    assert (rule.mode, rule.authority) == (mode, authority)


def test_a_picture_may_be_large_and_a_message_may_not() -> None:
    rules = Rules(chat.RULES)
    assert rules.of("lobby/pictures").data_bytes > 700_000 > rules.of("lobby/chat").data_bytes


def test_what_is_configured_goes_first() -> None:
    rules = Rules([TopicRule(pattern="lobby/chat", size=5), *chat.RULES])
    assert rules.of("lobby/chat").size == 5
    assert rules.of("other/chat").size == 10_000


def test_other_topics_are_left_alone() -> None:
    assert Rules(chat.RULES).of("lobby/news").size == TopicRule().size
