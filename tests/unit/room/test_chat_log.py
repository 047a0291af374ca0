"""A chat's log, understood: whatever order pages come in, whoever tries to change what is not his."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salon.base.rooms import Publication, Who
from salon.room import chat_log


def said(offset: int, user: str, data: Any, info: bytes = b"") -> Publication:
    encoded = data if isinstance(data, bytes) else msgspec.json.encode(data)
    return Publication(encoded, offset, "e", who=Who(user, "c", info), at=offset)


LOG = [
    said(1, "ada", {"type": "message", "id": "a", "text": "one", "name": "Ada"}),
    said(2, "bob", {"type": "message", "id": "b", "text": "two", "name": "Bob"}),
    said(3, "bob", {"type": "edit", "id": "a", "text": "stolen"}),
    said(4, "ada", {"type": "edit", "id": "a", "text": "better"}),
    said(5, "bob", {"type": "delete", "id": "a"}),
    said(6, "cy", {"type": "message", "id": "a", "text": "in disguise"}),
    said(7, "bob", {"type": "delete", "id": "b"}),
    said(8, "agent:x", {"type": "message", "id": "g", "text": "", "growing": True, "reply_to": "a"}),
]


@pytest.mark.parametrize("seed", range(20))
def test_a_log_in_any_order_means_the_same(seed: int) -> None:
    shuffled = random.Random(seed).sample(LOG, len(LOG))
    messages = chat_log.fold(shuffled)
    assert [(each.id, each.name, each.text, each.growing, each.agent) for each in messages] == [
        ("a", "Ada", "better", False, False),
        ("g", "agent:x", "", True, True),
    ]


def test_an_edit_ends_what_grew() -> None:
    ended = chat_log.fold([*LOG, said(9, "agent:x", {"type": "edit", "id": "g", "text": "whole", "end": "done"})])[-1]
    assert (ended.text, ended.growing, ended.end) == ("whole", False, "done")


def test_a_token_says_what_somebody_is_called() -> None:
    spoofed = said(1, "u", {"type": "message", "id": "a", "text": "x", "name": "Boss"}, b'{"name": "Real\\nName"}')
    assert chat_log.fold([spoofed])[0].name == "Real Name"
    assert chat_log.name_of(Who("u", "", b"broken"), "Told") == "Told"
    assert chat_log.name_of(Who("u")) == "u"


@given(st.binary(max_size=200) | st.from_type(type(None)).map(lambda _: b"[" * 5000))
def test_whatever_is_published_is_read_or_passed_over(data: bytes) -> None:
    assert chat_log.read(data) is None or chat_log.read(data).id  # type: ignore[union-attr]  # the first half says so
    assert isinstance(chat_log.fold([said(1, "u", data)]), list)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.text(max_size=3), PLAIN, max_size=2)
MEMBERS = st.sampled_from(["type", "id", "text", "name", "growing", "end", "stars", "reply_to"])
KINDS = st.sampled_from(["message", "edit", "delete", "a", "b"])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.dictionaries(MEMBERS, KINDS | JSON, max_size=6), max_size=5))
def test_entries_of_every_shape_are_folded(entries: list[dict[str, Any]]) -> None:
    for each in chat_log.fold(said(offset, "u", entry) for offset, entry in enumerate(entries, 1)):
        assert each.id
        assert len(each.text) <= chat_log.MAX_TEXT


@pytest.mark.parametrize(
    ("text", "name", "called"),
    [
        ("ask @Salon, please", "salon", True),
        ("@salon", "salon", True),
        ("请问@小明，", "小明", True),
        ("@小明你好", "小明", True),
        ("salon", "salon", False),
        ("mail@salon", "salon", False),
        ("@salons", "salon", False),
        ("@salon-2", "salon", False),
        ("@", "", False),
        ("@a.b*c", "a.b*c", True),
    ],
)
def test_who_is_called(text: str, name: str, called: bool) -> None:
    assert chat_log.mentions(text, name) is called


def test_a_question_stands_without_the_call() -> None:
    assert chat_log.without_call("@Salon, count to 5", ["Salon", "salon"]) == "count to 5"
    assert chat_log.without_call("please @salon  count", ["salon"]) == "please count"
    assert chat_log.without_call("@salon", ["salon"]) == ""
