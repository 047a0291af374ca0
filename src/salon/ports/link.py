"""One client's way out: what a session needs of a connection."""

from __future__ import annotations

from typing import Protocol


class Link(Protocol):
    def send(self, text: str) -> None:
        """Queue one message. Never blocks.

        A link whose queue is full closes itself with 1013 and drops what it holds.
        """
        ...

    @property
    def crowded(self) -> bool:
        """Whether the queue is more than half full: who can wait should, in ``drained``."""
        ...

    async def drained(self) -> None:
        """Return when the link is not crowded any more, or closed."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued has been sent. Calling it again does nothing."""
        ...
