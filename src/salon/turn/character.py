"""What an agent is to a conversation."""

from __future__ import annotations

import msgspec

from salon.base.chat import ToolSpec
from salon.turn.running import MAX_ROUNDS


class Character(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent brings that a client cannot change. ``context`` and ``max_output`` are the model's, in tokens.

    ``locked`` holds the client to the session as it began: its instructions and tools cannot be replaced, and nobody but the
    user, and the tools that the model calls, speaks through the client, but it may have one of ``welcomes`` said. ``hears``:
    there is a recogniser of speech; ``speaks``: there is a voice.
    """

    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    context: int | None = None
    max_output: int | None = None
    max_rounds: int = MAX_ROUNDS
    locked: bool = False
    hears: bool = False
    speaks: bool = False
    welcomes: frozenset[str] = frozenset()
