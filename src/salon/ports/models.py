"""Where a conversation gets its models from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from salon.ports.asr import Asr
from salon.ports.llm import Llm
from salon.ports.tts import Tts


class Models(Protocol):
    def llm(self, names: str | Sequence[str]) -> Llm:
        """The model of that name, or a chain that falls back from the first to the next.

        The same names give the same object, so that connections are pooled. Raises ``ConfigError`` with the nearest right
        name when a house is not known, or what to set when it has no key.
        """
        ...

    def asr(self, names: str | Sequence[str] = "") -> Asr:
        """The recogniser of that name, or a chain; empty is what the configuration names. Raises ``ConfigError`` as ``llm``
        does, and where there is none."""
        ...

    def tts(self, names: str | Sequence[str] = "") -> Tts:
        """The synthesiser of that name, or a chain; empty is what the configuration names. Raises ``ConfigError`` as ``llm``
        does, and where there is none."""
        ...
