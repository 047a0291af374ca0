"""Settings for chat: where agents take part."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from salon.app.config_section import Names, Section


class Chat(Section, frozen=True):
    """Agents in chat rooms. They answer when they are called (`@salon`, `@name`), and in rooms named `direct-…` always."""

    agent_rooms: Annotated[
        Names,
        Meta(
            description="Rooms in which the first agent takes part; patterns, `*` is any run of characters. Others invite agents "
            "with `POST /v1/rooms/{room}/agents`.",
            examples=[["lobby", "team-*"]],
        ),
    ] = ("*",)
