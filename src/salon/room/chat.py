"""What a chat is made of: the topics of its room, how they behave, and the entries of its log.

``chat`` is the log of what is said: JSON objects with ``type`` ``message``, ``edit``, ``delete``, ``react``, ``stop`` or
``notice``. ``pictures`` keeps pictures beside it, since a history of words should not weigh what pictures do. Of the states,
``state/live`` has who is typing, ``state/read`` how far each has read, and ``state/growing`` the words of messages that are
still being written and ``state/agents`` the agents that were invited: only programs on the server write those two.
"""

from __future__ import annotations

from typing import Final

from salon.base.rooms import TopicRule

CHAT: Final = "chat"
PICTURES: Final = "pictures"
LIVE: Final = "state/live"
GROWING: Final = "state/growing"
READ: Final = "state/read"
AGENTS: Final = "state/agents"

MONTH: Final = 30 * 24 * 3600

RULES: Final = (
    TopicRule(pattern=f"*/{CHAT}", size=10_000, seconds=3 * MONTH, bytes=32 * 1024 * 1024),
    # A picture of the page's making has at most 700,000 characters; the door's frames have 1 MiB.
    TopicRule(
        pattern=f"*/{PICTURES}",
        size=500,
        seconds=3 * MONTH,
        bytes=128 * 1024 * 1024,
        data_bytes=768 * 1024,
        presence=False,
    ),
    TopicRule(pattern=f"*/{LIVE}", mode="state", ttl_seconds=10, keys=2_000, data_bytes=1024, durable=False),
    TopicRule(pattern=f"*/{GROWING}", mode="state", authority=True, ttl_seconds=120, keys=200, durable=False),
    TopicRule(pattern=f"*/{AGENTS}", mode="state", authority=True, keys=20),
)
"""After what is configured: the first rule that matches holds."""
