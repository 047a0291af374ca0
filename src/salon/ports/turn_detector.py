"""Whether a person has finished, by how it sounds: what an audio turn model says of a pause."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from salon.ports.llm import CheckStep


class TurnDetector(Protocol):
    @property
    def name(self) -> str:
        """``house:model``."""
        ...

    @property
    def milliseconds(self) -> int:
        """How much of the end of a turn it listens to."""
        ...

    async def warm(self) -> None:
        """Load it before it is needed. Raises ``ProviderError``."""
        ...

    async def judge(self, pcm: bytes) -> float:
        """How likely it is, 0 to 1, that the turn is over. ``pcm`` is its sound up to now, the pause included: whole samples at
        16 kHz (see ``base.speech``), of any length; of a longer one the last ``milliseconds`` count.

        The loop goes on meanwhile. Cancelling gives up waiting. Raises ``ProviderError`` and nothing else; ``Overloaded`` at once
        where more ask than it can answer in time.
        """
        ...

    def check(self) -> AsyncIterator[CheckStep]:
        """Load it and let it judge a real utterance, step by step. Stops after the first step that fails. Never raises."""
        ...

    async def aclose(self) -> None:
        """Give back what it holds. Judgements under way fail with ``ProviderError``."""
        ...
