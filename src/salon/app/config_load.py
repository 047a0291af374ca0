"""Reads the configuration: defaults, then ``salon.toml``, then ``SALON_*`` variables, then flags. The later wins."""

from __future__ import annotations

import functools
import pathlib
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from salon.app.config import Config
from salon.app.config_check import FromEnvironment, Problem, check, fields, inner_section, named
from salon.app.config_section import Section
from salon.app.config_toml import Path, line_of, locate
from salon.app.hints import did_you_mean, nearest
from salon.base.errors import ConfigError
from salon.ports.house import Setting

FILE = "salon.toml"
REFERENCE = "env:"
NOT_SETTINGS = frozenset({"SALON_CONFIG", "SALON_API_KEY"})


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration, the file it came from if there was one, and what may be a mistake but is none for sure.

    ``sources`` says where values came from that are not defaults: ``salon.toml``, ``SALON_PORT``, ``--port``; ``lines``, on
    which line of the file.
    """

    config: Config
    file: pathlib.Path | None = None
    notes: tuple[str, ...] = ()
    sources: Mapping[Path, str] = {}
    lines: Mapping[Path, int] = {}

    def place(self, path: Path) -> str:
        """Where a mistake at ``path`` is to be mended: ``salon.toml:4``, ``SALON_LLM``, ``--llm``."""
        file = str(self.file or "configuration")
        for length in range(1, len(path) + 1):
            source = self.sources.get(path[:length], file)
            if source != file:
                return source
        line = line_of(self.lines, path)
        return f"{file}:{line}" if line else file

    @property
    def folder(self) -> pathlib.Path:
        """Where the file's relative names start."""
        return self.file.parent if self.file else pathlib.Path()


class Override(msgspec.Struct, frozen=True):
    """A value from elsewhere than the file. ``label`` names it in a mistake: ``--port``, ``SALON_PORT``."""

    path: Path
    value: Any
    label: str


def load(
    file: str | pathlib.Path | None = None,
    *,
    environ: Mapping[str, str],
    overrides: Sequence[Override] = (),
    houses: Callable[[], Mapping[str, Sequence[Setting]]] | None = None,
) -> Loaded:
    """Read everything. ``file`` None is ``SALON_CONFIG``, else ``./salon.toml`` if there is one.

    ``houses`` gives the settings that each house knows; it is asked where there is a ``[providers]``. Raises ``ConfigError``
    with every mistake, one a line.
    """
    found = _find(file, environ)
    text = _text(found) if found else ""
    table = _parsed(text, found)
    lines = locate(text)
    labels: dict[Path, str] = {}
    for override in [*_from_environment(environ), *overrides]:
        _put(table, override, labels)
    problems: list[Problem] = []
    table = _resolved(table, (), environ, problems)
    # Houses are heavy: they are only loaded to be checked where there is something to check.
    values, wrong = check(table, houses() if houses and table.get("providers") else None)
    # A missing variable leaves a hole; what the hole lacks need not be said too.
    holes = {path for problem in problems for path in (problem.path, _without_index(problem.path))}
    problems += [problem for problem in wrong if problem.path not in holes]
    for index, agent in enumerate(values.get("agents") or ()):
        problems.extend(_read_instructions(agent, ("agents", index), found))
    problems.extend(_twice(values.get("agents") or ()))
    if problems:
        raise ConfigError("\n".join(_told(problems, lines, found, labels)))
    sources = dict.fromkeys(lines, str(found)) | labels
    return Loaded(
        config=msgspec.convert(values, Config), file=found, notes=tuple(_notes(environ)), sources=sources, lines=lines
    )


@functools.cache
def short_names() -> Mapping[str, Path]:
    """Each single value by the name that a variable (``SALON_PORT``) and ``Salon(port=…)`` have for it."""
    return dict(_short_names(Config, ()))


def _short_names(section: type[Section], path: Path) -> Iterator[tuple[str, Path]]:
    for name, field in fields(section).items():
        inner, many = inner_section(field.type)
        if inner and not many:
            yield from _short_names(inner, (*path, name))
        elif variable := variable_of((*path, name), field.type):
            yield variable.removeprefix("SALON_").lower(), (*path, name)


def variable_of(path: Path, hint: Any) -> str:
    """The environment variable of a setting; empty where it has none, being a table or part of a list."""
    metadata = getattr(hint, "__metadata__", ())
    described = next((each for each in metadata if isinstance(each, msgspec.Meta) and each.description), None)
    if described is None or inner_section(hint)[0] or path[0] in ("agents", "spark_door"):
        return ""
    if "api_keys" in path or "topics" in path or "webhooks" in path:
        return ""
    if described.extra and "env" in described.extra:
        return str(described.extra["env"])
    names = path[1:] if path[0] == "server" else path
    return "SALON_" + "_".join(str(name) for name in names).upper()


def _find(file: str | pathlib.Path | None, environ: Mapping[str, str]) -> pathlib.Path | None:
    named = file or environ.get("SALON_CONFIG")
    if not named:
        return pathlib.Path(FILE) if pathlib.Path(FILE).is_file() else None
    found = pathlib.Path(named)
    if not found.is_file():
        raise ConfigError(f"the configuration file {found} does not exist")
    return found


def _text(file: pathlib.Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {_why(error)}") from None


def _why(error: OSError | ValueError) -> str:
    """Why a file cannot be read."""
    if isinstance(error, OSError):
        return error.strerror or "the system does not say why"
    return "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "that is no name of a file"


def _parsed(text: str, file: pathlib.Path | None) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).partition(" (at ")
        line = where.removeprefix("line ").partition(",")[0]
        number = line if line.isdigit() else str(text.count("\n") + 1)
        raise ConfigError(f"{file}:{number}: not valid TOML: {what[:1].lower()}{what[1:]}") from None


def _from_environment(environ: Mapping[str, str]) -> Iterator[Override]:
    for name, path in short_names().items():
        variable = "SALON_" + name.upper()
        if environ.get(variable):
            yield Override(path, FromEnvironment(environ[variable]), variable)
    if environ.get("SALON_API_KEY"):
        yield api_key(environ["SALON_API_KEY"], "SALON_API_KEY")


def api_key(key: str, label: str) -> Override:
    """One more key, the operator's own."""
    return Override(("auth", "api_keys"), [{"name": label, "key": key, "admin": True}], label)


def _put(table: dict[str, Any], override: Override, labels: dict[Path, str]) -> None:
    *parents, last = override.path
    for part in parents:
        inner = table.setdefault(str(part), {})
        if not isinstance(inner, dict):
            return  # the file has something else there, which ``check`` reports
        table = inner
    held = table.get(str(last))
    if isinstance(held, list) and isinstance(override.value, list) and override.path == ("auth", "api_keys"):
        labels[(*override.path, len(held))] = override.label
        table[str(last)] = held + override.value
    else:
        labels[override.path] = override.label
        table[str(last)] = override.value


def _resolved(value: Any, path: Path, environ: Mapping[str, str], problems: list[Problem]) -> Any:
    """The value with each ``env:NAME`` in it replaced by that variable."""
    if isinstance(value, dict):
        return {key: _resolved(each, (*path, key), environ, problems) for key, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, (*path, index), environ, problems) for index, each in enumerate(value)]
    if not isinstance(value, str) or not value.startswith(REFERENCE):
        return value
    name = value.removeprefix(REFERENCE)
    if environ.get(name):
        return FromEnvironment(environ[name])
    problems.append(Problem(path, f"the environment variable {name} is not set; {_place(path)} needs it"))
    return value


def _without_index(path: Path) -> Path:
    return path[:-1] if isinstance(path[-1], int) else path


def _place(path: Path) -> str:
    path = _without_index(path)
    return f"{path[-1]} in {named(path[:-1])}" if len(path) > 1 else str(path[-1])


def _read_instructions(agent: dict[str, Any], path: Path, file: pathlib.Path | None) -> Iterator[Problem]:
    name = agent.get("instructions_file")
    if not name:
        return
    if agent.get("instructions"):
        yield Problem(
            (*path, "instructions_file"), "an agent has either instructions or an instructions_file, not both"
        )
        return
    source = (file.parent if file else pathlib.Path()) / name
    try:
        agent["instructions"] = source.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        yield Problem((*path, "instructions_file"), f"{source!s:.200} cannot be read: {_why(error)}")


def _twice(agents: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    seen: set[Any] = set()
    for index, agent in enumerate(agents):
        name = agent.get("name")
        if name and name in seen:
            yield Problem(("agents", index, "name"), f'there are two agents named "{name}"')
        seen.add(name)


def _told(
    problems: Sequence[Problem], lines: dict[Path, int], file: pathlib.Path | None, labels: Mapping[Path, str]
) -> Iterator[str]:
    def place(problem: Problem) -> tuple[int, str]:
        for length in range(len(problem.path), 0, -1):
            if problem.path[:length] in labels:
                return -1, labels[problem.path[:length]]
            if problem.path[:length] in lines:
                break
        line = line_of(lines, problem.path)
        return (line, f"{file}:{line}") if line else (0, str(file or "configuration"))

    for problem in sorted(problems, key=lambda problem: place(problem)[0]):
        yield f"{place(problem)[1]}: {problem.text}"


def _notes(environ: Mapping[str, str]) -> Iterator[str]:
    known = {"SALON_" + name.upper() for name in short_names()} | NOT_SETTINGS
    for variable in sorted(environ):
        if variable.startswith("SALON_") and variable not in known and nearest(variable, known):
            yield f"the environment variable {variable} is not known{did_you_mean(variable, known, '{}')}"
