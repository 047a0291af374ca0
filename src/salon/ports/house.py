"""A house: a vendor or a local server, with one or more models behind one set of keys.

Houses come in through the entry point group ``salon.providers``; its name there is the name before the colon in
``house:model``. The built-in ones come the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import msgspec

from salon.ports.asr import Asr
from salon.ports.llm import Llm
from salon.ports.tts import Tts
from salon.ports.turn_detector import TurnDetector


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a house, in ``[providers.<house>]`` of ``salon.toml`` or from the environment.

    ``env`` is the house's usual environment variable. ``secret`` values never reach a log, an error or the page.
    ``required`` says that without it the house cannot work.
    """

    name: str
    env: str = ""
    help: str = ""
    secret: bool = False
    required: bool = False
    default: Any = None


class House(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str:
        """For people: ``iFlytek Spark 讯飞星火``."""
        ...

    @property
    def settings(self) -> tuple[Setting, ...]: ...

    @property
    def default_model(self) -> str:
        """The model used where only the house is named. Empty where the house finds it by itself or has no language model."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """Models known by name. Others may work too."""
        ...

    def llm(self, model: str, settings: Mapping[str, Any]) -> Llm:
        """Make a model. ``settings`` has a value for every ``Setting`` (its default where unset), environment resolved.
        Raises ``ConfigError`` when a required one is missing, the model cannot be served, or the house has no language model."""
        ...


@runtime_checkable
class Hears(Protocol):
    """What a house has besides where it recognises speech."""

    @property
    def asr_models(self) -> tuple[str, ...]:
        """Recognisers known by name; the first is used where only the house is named. Others may work too."""
        ...

    def asr(self, model: str, settings: Mapping[str, Any]) -> Asr:
        """Make a recogniser. Raises ``ConfigError`` as ``House.llm`` does."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """What a house has besides where it speaks."""

    @property
    def tts_models(self) -> tuple[str, ...]:
        """Synthesisers known by name; the first is used where only the house is named. Others may work too."""
        ...

    def tts(self, model: str, settings: Mapping[str, Any]) -> Tts:
        """Make a synthesiser. Raises ``ConfigError`` as ``House.llm`` does."""
        ...


@runtime_checkable
class Judges(Protocol):
    """What a house has besides where it can tell by the sound whether somebody has finished."""

    @property
    def turn_models(self) -> tuple[str, ...]:
        """Turn models known by name; the first is used where only the house is named. Others may work too."""
        ...

    def turn(self, model: str, settings: Mapping[str, Any]) -> TurnDetector:
        """Make a turn model. Raises ``ConfigError`` as ``House.llm`` does."""
        ...
