"""From the configuration to models: which houses have their keys, and which model answers where nobody names one."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from salon.app.config_load import Loaded, Override, load
from salon.app.config_toml import Path
from salon.base.errors import ConfigError
from salon.ports.asr import Asr
from salon.ports.house import House, Setting
from salon.ports.llm import Llm
from salon.ports.tts import Tts
from salon.ports.turn_detector import TurnDetector
from salon.providers.registry import FALLBACK, Registry, has_llm
from salon.session.agent import Agent


def read(
    file: str | pathlib.Path | None = None,
    *,
    llm: Sequence[str] | None = None,
    overrides: Sequence[Override] = (),
    environ: Mapping[str, str] = os.environ,
) -> Loaded:
    """The configuration, its houses checked against those that are installed. ``llm`` is what ``--llm`` says,
    once or several times, each perhaps several names.

    Raises ``ConfigError`` with every mistake.
    """
    names = [name.strip() for each in llm or () for name in each.split(",")]
    flags = [Override(("llm", "default"), names, "--llm")] if llm else []
    return load(file, environ=environ, overrides=[*flags, *overrides], houses=house_settings)


def house_settings() -> dict[str, Sequence[Setting]]:
    """What each installed house can be told."""
    return {name: house.settings for name, house in Registry(environ={}).houses.items()}


Named = tuple[Path, str, Callable[[str], object]]
"""Where a name stands in the configuration, the name, and what makes something of it."""


class Models:
    """The models of a configuration: a ``salon.ports.models.Models``.

    ``default_names`` is the chain where nobody names a model; ``source`` says where that was decided (``--llm``,
    ``salon.toml``, ``SPARK_API_KEY``) and is empty where it was not, so that the demo model answers.
    """

    def __init__(self, loaded: Loaded, environ: Mapping[str, str] = os.environ) -> None:
        config = loaded.config
        self._loaded = loaded
        self._environ = environ
        self._given = config.providers
        self._registry = Registry(
            config.providers,
            environ=environ,
            common={"first_token_timeout": config.llm.first_token_seconds, "stall_timeout": config.llm.stall_seconds},
        )
        self.default_names = config.llm.default
        self.source = loaded.sources.get(("llm", "default"), "")
        if not self.default_names:
            chosen = self._registry.choose()
            self.default_names, self.source = (chosen,), self._why(chosen, loaded)
        self._asr = config.asr.default
        self._tts = config.tts.default

    def llm(self, names: str | Sequence[str]) -> Llm:
        return self._registry.llm(names)

    def asr(self, names: str | Sequence[str] = "") -> Asr:
        return self._registry.asr(names or self.asr_names)

    def tts(self, names: str | Sequence[str] = "") -> Tts:
        return self._registry.tts(names or self.tts_names)

    @property
    def asr_names(self) -> tuple[str, ...]:
        """The chain of recognisers where nobody names one; empty where there is none."""
        return self._asr or self._registry.choose_speech("asr")

    @property
    def tts_names(self) -> tuple[str, ...]:
        """The chain of synthesisers where nobody names one; empty where there is none."""
        return self._tts or self._registry.choose_speech("tts")

    @property
    def turn_name(self) -> str:
        """The turn model as ``house:model``; empty where there is none."""
        model = self._loaded.config.turn.model
        if not model.endswith(".onnx") or model.startswith("onnx:"):
            return model
        folder = self._loaded.file.parent if self._loaded.file else pathlib.Path()
        return f"onnx:{folder / pathlib.Path(model).expanduser()}"

    def turn(self, name: str = "") -> TurnDetector:
        """The turn model of that name; empty is what the configuration names. Raises ``ConfigError`` as ``llm`` does."""
        return self._registry.turn(name or self.turn_name)

    def default(self) -> Llm:
        """The model where nobody names one. Raises ``ConfigError``."""
        self._refuse(self._defaults())
        return self.llm(self.default_names)

    def of(self, agent: Agent) -> Llm:
        """The model that answers for this agent. Raises ``ConfigError``."""
        own = agent.llm or self.default_names
        return self.llm(own) if isinstance(own, str | Sequence) else own

    def check(self, agents: Sequence[Agent]) -> None:
        """Whether everything that the configuration names can be had. Raises ``ConfigError``: each that cannot, and its place."""
        self._refuse(self._named(agents))

    def _refuse(self, named: Iterable[Named]) -> None:
        problems = []
        for path, name, make in named:
            try:
                make(name)
            except ConfigError as error:
                problems.append(f"{self._loaded.place(path)}: {error}")
        if problems:
            raise ConfigError("\n".join(problems))

    def _defaults(self) -> Iterator[Named]:
        yield from ((("llm", "default", i), name, self.llm) for i, name in enumerate(self._loaded.config.llm.default))

    def _named(self, agents: Sequence[Agent]) -> Iterator[Named]:
        config = self._loaded.config
        if any(not agent.llm for agent in agents):
            yield from self._defaults()
        for number, agent in enumerate(config.agents):
            yield from ((("agents", number, "llm", i), name, self.llm) for i, name in enumerate(agent.llm))
        known = {agent.name for agent in agents}
        for domain, name in config.spark_door.domains.items():
            if name not in known:
                yield ("spark_door", "domains", domain), name, self.llm
        yield from ((("asr", "default", i), name, self.asr) for i, name in enumerate(self._asr))
        yield from ((("tts", "default", i), name, self.tts) for i, name in enumerate(self._tts))
        if self.turn_name:
            yield ("turn", "model"), self.turn_name, self.turn

    def given(self) -> tuple[str, ...]:
        """The houses of language models that somebody has set something of, whether or not it suffices."""
        return tuple(name for name, house in self._registry.houses.items() if has_llm(house) and self._is_given(house))

    def unusable(self) -> tuple[str, ...]:
        """What the houses of ``given`` lack, a sentence each."""
        given = self.given()
        return tuple(offer.problem for offer in self._registry.available() if offer.name in given and offer.problem)

    def known(self) -> tuple[str, ...]:
        """The models, as ``house:model``, that the houses of ``given`` are known for."""
        return tuple(f"{name}:{model}" for name in self.given() for model in self._registry.house(name).models)

    async def aclose(self) -> None:
        await self._registry.aclose()

    def _is_given(self, house: House) -> bool:
        return bool(self._given.get(house.name)) or self._variable(house) != ""

    def _variable(self, house: House) -> str:
        """The variable by which a house was given its key, or anything at all."""
        names = [setting.env for setting in sorted(house.settings, key=lambda setting: not setting.secret)]
        return next((name for name in names if name and self._environ.get(name)), "")

    def _why(self, chosen: str, loaded: Loaded) -> str:
        if chosen == FALLBACK:
            return ""
        house = self._registry.house(chosen.partition(":")[0])
        if self._given.get(house.name):
            return loaded.sources.get(("providers", house.name), "")
        return self._variable(house) or house.title
