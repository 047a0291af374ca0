from __future__ import annotations

from salon.base.chat import Image, Message, Text, ToolSpec, Usage


def test_the_text_of_a_message_leaves_pictures_out() -> None:
    message = Message(role="user", content=(Text("What is "), Image("https://example.com/a.png"), Text("this?")))
    assert message.text == "What is this?"


def test_usage_adds_up() -> None:
    both = Usage(input=10, output=5, cached=4, reasoning=2) + Usage(input=1, output=2, cached=3, reasoning=4)
    assert both == Usage(input=11, output=7, cached=7, reasoning=6)
    # Cached tokens are part of the input, reasoning part of the output: neither is counted twice.
    assert both.total == 18


def test_a_tool_without_parameters_takes_an_empty_object() -> None:
    first, second = ToolSpec("now"), ToolSpec("roll")
    assert first.parameters == {"type": "object", "properties": {}}
    assert first.parameters is not second.parameters
