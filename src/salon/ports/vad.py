"""Whether somebody speaks."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class VadSession(Protocol):
    def push(self, pcm: bytes) -> float:
        """20 ms more of the stream, 320 samples at 16 kHz (see ``base.speech``): how likely it is, 0 to 1, that somebody speaks
        now. Costs less than 0.2 ms, and next to nothing in silence. Never raises."""
        ...


class Vad(Protocol):
    @property
    def name(self) -> str: ...

    def session(self) -> AbstractContextManager[VadSession]:
        """Follow one stream. Leaving gives back what it holds."""
        ...
