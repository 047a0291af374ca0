"""Finding models by name: ``house:model``, ``house``, or several of them to fall back along.

Houses come in through the entry point group ``salon.providers``; only the one that is asked for is imported. Its settings
come from the configuration, then from the environment, then from what holds for every house, then from its defaults.
"""

from __future__ import annotations

import difflib
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, Protocol, TypeVar, cast, runtime_checkable

import msgspec

from salon.base.errors import ConfigError, ProviderError
from salon.ports.asr import Asr
from salon.ports.house import Hears, House, Judges, Speaks
from salon.ports.llm import Llm
from salon.ports.tts import Tts
from salon.ports.turn_detector import TurnDetector
from salon.providers.fallback import FallbackLlm
from salon.providers.fallback_asr import FallbackAsr
from salon.providers.fallback_tts import FallbackTts

log = logging.getLogger("salon.providers")

GROUP = "salon.providers"
BUILT_IN = "salon.providers."
# Whose key is looked for first. The last one needs none.
PREFERRED = ("spark", "openai", "deepseek", "qwen", "ark", "spark-http")
FALLBACK = "demo"
# The same of speech, and the house that needs no key.
PREFERRED_SPEECH = ("spark", "volcengine", "openai")
OFFLINE = "offline"

Kind = Literal["llm", "asr", "tts", "turn"]
Provided = Llm | Asr | Tts | TurnDetector
Provider = TypeVar("Provider", bound="Llm | Asr | Tts")
WORDS: dict[Kind, tuple[str, str]] = {
    "llm": ("model", "demo"),
    "asr": ("speech recognition", "offline:pocketsphinx"),
    "tts": ("speech synthesis", "offline:espeak"),
    "turn": ("turn model", "onnx:smart-turn-v3.onnx"),
}
ABLE: dict[Kind, type] = {"asr": Hears, "tts": Speaks, "turn": Judges}


@runtime_checkable
class Probing(Protocol):
    """A house whose server may run on this machine without anybody having said so."""

    def running(self, settings: Mapping[str, Any]) -> str | None:
        """The model to use of the server that answers now, within a third of a second; None where none does."""
        ...


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A house as a user sees it. ``problem`` is empty where it can be used as it is configured; ``missing`` names the
    required settings without a value."""

    name: str
    title: str
    default_model: str
    models: tuple[str, ...]
    missing: tuple[str, ...]
    problem: str

    @property
    def configured(self) -> bool:
        return not self.problem


class Registry:
    """All houses, and the models made of them so far.

    ``config`` has a table for each house, as ``[providers.<house>]`` in the file; ``common`` are settings for every house that
    knows them, such as ``first_token_timeout``. ``now`` gives the seconds by which failed models are given a pause;
    ``on_failure`` is told of each failure that a chain gets over.
    """

    def __init__(
        self,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        common: Mapping[str, Any] | None = None,
        now: Callable[[], float] = time.monotonic,
        on_failure: Callable[[str, ProviderError], None] | None = None,
        entries: Iterable[EntryPoint] | None = None,
    ) -> None:
        self._config = config or {}
        self._environ = os.environ if environ is None else environ
        self._common = {name: value for name, value in (common or {}).items() if value is not None}
        self._now = now
        self._on_failure = on_failure
        self._entries = _by_name(entry_points(group=GROUP) if entries is None else entries)
        self._houses: dict[str, House] = {}
        self._made: dict[tuple[Kind, str], Provided] = {}
        self._chains: dict[tuple[Kind, tuple[str, ...]], Llm | Asr | Tts] = {}

    @property
    def houses(self) -> dict[str, House]:
        """Every house that can be loaded, by name. Those that cannot are logged and left out."""
        found = {}
        for name in sorted(self._entries):
            try:
                found[name] = self.house(name)
            except ConfigError as error:
                log.warning("%s", error)
        return found

    def house(self, name: str) -> House:
        """Raises ``ConfigError``, with the nearest right name or with why the house cannot be loaded."""
        if name not in self._houses:
            entry = self._entries.get(name)
            if entry is None:
                raise ConfigError(self._unknown(name))
            self._houses[name] = _loaded(entry)
        return self._houses[name]

    def settings(self, house: House) -> dict[str, Any]:
        """A value for each setting. Raises ``ConfigError`` for one in the configuration that the house does not know."""
        given = self._config.get(house.name, {})
        known = [setting.name for setting in house.settings]
        for name in given:
            if name not in known:
                hint = _hint(name, known) or f"; it knows {', '.join(known) or 'no settings'}"
                raise ConfigError(f"[providers.{house.name}] has no setting {name}{hint}")
        values = {}
        for setting in house.settings:
            value = given.get(setting.name)
            if value in (None, "") and setting.env:
                value = self._environ.get(setting.env)
            if value in (None, ""):
                value = self._common.get(setting.name, setting.default)
            values[setting.name] = value
        return values

    def llm(self, names: str | Sequence[str]) -> Llm:
        """The model of that name, or a chain. One text may name several, separated by commas.

        Raises ``ConfigError`` for an unknown house, a missing key, or no name at all.
        """
        return self._get("llm", names, self._chain)

    def asr(self, names: str | Sequence[str]) -> Asr:
        """The recogniser of that name, or a chain. Raises ``ConfigError`` as ``llm`` does, and where a house has none."""
        return self._get("asr", names, lambda links: FallbackAsr(links, now=self._now, **self._told()))

    def tts(self, names: str | Sequence[str]) -> Tts:
        """The synthesiser of that name, or a chain. Raises ``ConfigError`` as ``llm`` does, and where a house has none."""
        return self._get("tts", names, lambda links: FallbackTts(links, now=self._now, **self._told()))

    def turn(self, name: str) -> TurnDetector:
        """The turn model of that name. Raises ``ConfigError`` as ``llm`` does, and where a house has none."""
        return cast(TurnDetector, self._one("turn", self._full_name("turn", name)))

    def available(self) -> list[Offer]:
        """Every house of language models, whether it can be used, and what it lacks. Nothing is connected to."""
        offers = []
        for name in sorted(self._entries):
            try:
                house = self.house(name)
                if not has_llm(house):
                    continue
            except ConfigError as error:
                offers.append(Offer(name=name, title=name, default_model="", models=(), missing=(), problem=str(error)))
                continue
            missing: tuple[str, ...] = ()
            problem = ""
            try:
                settings = self.settings(house)
                missing = tuple(each.name for each in house.settings if each.required and not settings[each.name])
                house.llm(house.default_model, settings)
            except ConfigError as error:
                problem = str(error)
            offers.append(
                Offer(
                    name=name,
                    title=house.title,
                    default_model=house.default_model,
                    models=tuple(house.models),
                    missing=missing if problem else (),
                    problem=problem,
                )
            )
        return offers

    def choose(self) -> str:
        """The model to use where none is named: of the first house that has been given a key, else of a server that runs on
        this machine, else the demonstration."""
        for name in PREFERRED:
            if name in self._entries and self._is_given(name):
                return name
        for name, house in self._built_in():
            if isinstance(house, Probing) and (model := house.running(self.settings(house))):
                return f"{name}:{model}"
        return FALLBACK

    def choose_speech(self, kind: Literal["asr", "tts"]) -> tuple[str, ...]:
        """The chain where none is named: the first house that has been given a key and has this kind, then what needs none.
        Empty where not even that is installed."""
        chain = []
        for name in PREFERRED_SPEECH:
            if name in self._entries and self._is_given(name, kind):
                chain.append(name)
                break
        try:
            self._get(kind, OFFLINE, lambda links: links[0])
        except ConfigError:
            return tuple(chain)
        return (*chain, OFFLINE)

    async def aclose(self) -> None:
        """Close every model that was made."""
        made, self._made, self._chains = list(self._made.values()), {}, {}
        for each in made:
            await each.aclose()

    def _built_in(self) -> Iterator[tuple[str, House]]:
        """Others' houses are not imported for a look."""
        for name in sorted(self._entries):
            if self._entries[name].value.startswith(BUILT_IN):
                yield name, self.house(name)

    def _is_given(self, name: str, kind: Kind = "llm") -> bool:
        """Whether somebody has set something of this house, and it suffices."""
        try:
            house = self.house(name)
            variables = [setting.env for setting in house.settings if setting.env]
            if not (self._config.get(name) or any(self._environ.get(variable) for variable in variables)):
                return False
            self._make(kind, house, "")
        except ConfigError:
            return False
        return True

    def _get(self, kind: Kind, names: str | Sequence[str], chain: Callable[[list[Provider]], Provider]) -> Provider:
        given = names.split(",") if isinstance(names, str) else list(names)
        wanted = tuple(dict.fromkeys(self._full_name(kind, name.strip()) for name in given if name.strip()))
        if not wanted:
            what, example = WORDS[kind]
            raise ConfigError(f'no {what} is named; a name is "house:model", such as "{example}"')
        if len(wanted) == 1 and kind == "llm":
            return cast(Provider, self._one(kind, wanted[0]))
        if (kind, wanted) not in self._chains:
            self._chains[kind, wanted] = chain([cast(Provider, self._one(kind, name)) for name in wanted])
        return cast(Provider, self._chains[kind, wanted])

    def _full_name(self, kind: Kind, name: str) -> str:
        house, _, model = name.partition(":")
        return f"{house}:{model or _default(kind, self.house(house))}"

    def _one(self, kind: Kind, name: str) -> Provided:
        if (kind, name) not in self._made:
            house_name, _, model = name.partition(":")
            self._made[kind, name] = self._make(kind, self.house(house_name), model)
        return self._made[kind, name]

    def _make(self, kind: Kind, house: House, model: str) -> Provided:
        model = model or _default(kind, house)
        settings = self.settings(house)
        if kind == "llm":
            return house.llm(model, settings)
        if kind == "asr" and isinstance(house, Hears):
            return house.asr(model, settings)
        if kind == "tts" and isinstance(house, Speaks):
            return house.tts(model, settings)
        if kind == "turn" and isinstance(house, Judges):
            return house.turn(model, settings)
        able = ", ".join(name for name, each in self._built_in() if isinstance(each, ABLE[kind]))
        raise ConfigError(f'the house "{house.name}" has no {WORDS[kind][0]}; these have: {able}')

    def _chain(self, llms: list[Llm]) -> Llm:
        return FallbackLlm(llms, now=self._now, first_token=self._common.get("first_token_timeout"), **self._told())

    def _told(self) -> dict[str, Any]:
        return {"on_failure": self._on_failure} if self._on_failure else {}

    def _unknown(self, name: str) -> str:
        hint = _hint(name, self._entries)
        if not hint:
            # Somebody may have left out the house.
            at = [each for each, house in self.houses.items() if name in house.models]
            hint = f'; did you mean "{at[0]}:{name}"?' if at else f"; known are {', '.join(sorted(self._entries))}"
        return f'there is no house "{name}"{hint}'


def discover(environ: Mapping[str, str]) -> str:
    """The model to use without any configuration: see ``Registry.choose``."""
    return Registry(environ=environ).choose()


def has_llm(house: House) -> bool:
    """Whether a house has language models, and not speech alone."""
    return not isinstance(house, Hears | Speaks | Judges) or bool(house.default_model or house.models)


def _default(kind: Kind, house: House) -> str:
    """The model used where only the house is named; empty where it has none."""
    if kind == "asr":
        return next(iter(house.asr_models), "") if isinstance(house, Hears) else ""
    if kind == "tts":
        return next(iter(house.tts_models), "") if isinstance(house, Speaks) else ""
    if kind == "turn":
        return next(iter(house.turn_models), "") if isinstance(house, Judges) else ""
    return house.default_model


def _by_name(entries: Iterable[EntryPoint]) -> dict[str, EntryPoint]:
    """The entry points by name. Where two packages bring one name, the built-in house stays."""
    found: dict[str, EntryPoint] = {}
    for entry in entries:
        if entry.name not in found or entry.value.startswith(BUILT_IN):
            found[entry.name] = entry
    return found


def _loaded(entry: EntryPoint) -> House:
    where = f'the entry point "{entry.name} = {entry.value}" of {entry.dist.name if entry.dist else "a package"}'
    try:
        house: House = entry.load()
    except Exception as error:
        # Somebody else's code may fail in any way while it is imported.
        log.debug("%s failed", where, exc_info=True)
        raise ConfigError(
            f'the house "{entry.name}" cannot be loaded: {where}: {type(error).__name__}: {error}'
        ) from error
    lacks = [
        part for part in ("name", "title", "settings", "default_model", "models", "llm") if not hasattr(house, part)
    ]
    if lacks:
        raise ConfigError(f'the house "{entry.name}" is none: {where} has no {", ".join(lacks)}')
    if house.name != entry.name:
        raise ConfigError(f'the house "{entry.name}" calls itself "{house.name}": {where} must use one name')
    return house


def _hint(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name.casefold(), list(known), n=1, cutoff=0.6)
    return f'; did you mean "{near[0]}"?' if near else ""
