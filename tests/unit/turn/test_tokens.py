"""About how many tokens: never fewer than the measured tokenizers need."""

from __future__ import annotations

import pytest

from salon.base.chat import Image, Message, Text, ToolCall, ToolSpec
from salon.turn import tokens


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("a", 1),
        ("abcd", 1),
        ("abcde", 2),
        ("你好", 2),
        ("你好ab", 3),
        ("é", 1),
        ("한국", 2),
        ("😀", 1),
        ("！", 1),
    ],
)
def test_texts(text: str, count: int) -> None:
    assert tokens.of_text(text) == count


def test_a_message_counts_all_that_it_carries() -> None:
    bare = Message(role="user")
    assert tokens.of_message(bare) == tokens.PER_MESSAGE
    full = Message(
        role="assistant",
        content=(Text("abcd"), Image("https://x")),
        tool_calls=(ToolCall("c", "name", "{}  "),),
        reasoning="abcdefgh",
    )
    assert tokens.of_message(full) == 4 + 1 + tokens.PER_IMAGE + (4 + 1 + 1) + 2


def test_a_tool_counts_with_its_schema() -> None:
    small = ToolSpec("name", "what", {})
    large = ToolSpec("name", "what", {"type": "object", "properties": {"city": {"type": "string"}}})
    assert tokens.of_tool(small) == 4 + 1 + 1 + 1
    assert tokens.of_tool(large) > tokens.of_tool(small) + 10
