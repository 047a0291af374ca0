"""A house: a vendor or a local server, with one or more models behind one set of keys.

Houses come in through the entry point group ``salon.providers``; its name there is the name before the colon in
``house:model``. The built-in ones come the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from salon.ports.llm import Llm


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
        """The model used where only the house is named."""
        ...

    @property
    def models(self) -> tuple[str, ...]:
        """Models known by name. Others may work too."""
        ...

    def llm(self, model: str, settings: Mapping[str, Any]) -> Llm:
        """Make a model. ``settings`` has a value for every ``Setting`` (its default where unset), environment resolved.
        Raises ``ConfigError`` when a required one is missing or the model cannot be served."""
        ...
