"""An agent: what a model is told, which model it is, and which tools it has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from salon.base.errors import ConfigError
from salon.base.session import Effort
from salon.ports.asr import Asr
from salon.ports.llm import Llm
from salon.ports.tts import Tts
from salon.session.tools import DEFAULT_TIMEOUT, Tool

# A colon is left to ``house:model``, so that a client's ``model`` names one thing or the other.
NAME = re.compile(r"[\w.-]{1,64}")

Words = str | Mapping[str, str]


def in_languages(words: Words) -> Mapping[str, str]:
    """By language; what is the same in all is under ``""``."""
    if isinstance(words, str):
        return {"": words} if words else {}
    return {language: text for language, text in words.items() if text}


@dataclass(frozen=True)
class Agent:
    """Someone to talk to. Clients reach it by ``name``: it is the ``model`` they ask for.

    ``llm`` is a model's name (``spark:4.0Ultra``), several to fall back along, or a model object; empty is the server's
    default. ``tools`` are functions or tools made by ``tool``. ``suggestions`` are first questions for the page, by
    language (``en``, ``zh``). ``temperature``, ``max_output_tokens`` and ``reasoning`` None leave the choice to the house.
    ``asr`` and ``tts`` are a recogniser and a synthesiser of speech, named as ``llm`` is; empty is the server's default.
    ``voice`` is one that the synthesiser knows, or several, of which the first that it knows is taken. ``welcome`` is what it
    says before anybody has said anything, without a model. ``title``, ``description`` and ``welcome`` are one text, or one for
    each language.
    ``max_tool_rounds`` bounds how often in one answer the model may call tools and go on. ``tool_timeout`` is in seconds.
    Raises ``ConfigError`` for a name that clients could not use and for two tools of one name.
    """

    name: str
    instructions: str = ""
    llm: str | Sequence[str] | Llm = ""
    tools: Sequence[Tool[..., Any] | Callable[..., Any]] = ()
    title: Words = ""
    description: Words = ""
    suggestions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    temperature: float | None = None
    max_output_tokens: int | None = None
    reasoning: Effort | None = None
    web_search: bool = False
    max_tool_rounds: int = 8
    tool_timeout: float = DEFAULT_TIMEOUT
    asr: str | Sequence[str] | Asr = ""
    tts: str | Sequence[str] | Tts = ""
    voice: str | Sequence[str] = ""
    welcome: Words = ""
    toolbox: Mapping[str, Tool[..., Any]] = field(init=False, repr=False, compare=False)
    """The tools by name, plain functions made into tools."""

    @property
    def called(self) -> str:
        """Its title, in English where it has several, else its name."""
        titles = in_languages(self.title)
        return titles.get("en") or next(iter(titles.values()), self.name)

    def voice_of(self, known: Sequence[str]) -> str:
        """Its voice, where the synthesiser knows those: the only one, or the first that is known; empty for none of these."""
        if isinstance(self.voice, str):
            return self.voice
        voices = [voice for voice in self.voice if voice in known] or list(
            self.voice[:1] if len(self.voice) == 1 else ()
        )
        return voices[0] if voices else ""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ConfigError(f"agent {self.name!r}: a name is 1 to 64 letters, digits or _ . -")
        if self.max_tool_rounds < 0:
            raise ConfigError(f"agent {self.name!r}: max_tool_rounds is 0 or more")
        if self.tool_timeout <= 0:
            raise ConfigError(f"agent {self.name!r}: tool_timeout is more than 0 seconds")
        toolbox: dict[str, Tool[..., Any]] = {}
        for each in self.tools:
            made = each if isinstance(each, Tool) else Tool(each)
            if made.name in toolbox:
                raise ConfigError(f"agent {self.name!r} has two tools named {made.name!r}")
            toolbox[made.name] = made
        object.__setattr__(self, "tools", tuple(toolbox.values()))
        object.__setattr__(self, "toolbox", MappingProxyType(toolbox))
