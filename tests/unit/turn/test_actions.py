"""What is asked to be done is a value: two replays can be compared, and nobody changes it on the way."""

from __future__ import annotations

import pytest

from salon.base.chat import Options, ToolCall
from salon.turn.actions import Abort, Ask, RunTool


def test_actions_are_compared_by_what_they_say() -> None:
    assert Ask(response_id="r", messages=(), tools=(), options=Options()) == Ask(
        response_id="r", messages=(), tools=(), options=Options()
    )
    assert Abort("r") != Abort("s")


def test_actions_do_not_change() -> None:
    action = RunTool(response_id="r", call=ToolCall("c", "clock", "{}"))
    with pytest.raises(AttributeError, match="immutable"):
        action.response_id = "s"  # type: ignore[misc]
