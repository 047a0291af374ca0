"""By default the first agent is in every room, so that the first minute has somebody to talk to."""

from __future__ import annotations

from salon.app.config import Config
from salon.app.config_chat import Chat


def test_the_agent_is_everywhere_unless_told_otherwise() -> None:
    assert Config().chat == Chat(agent_rooms=("*",))
