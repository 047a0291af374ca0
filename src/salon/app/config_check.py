"""Holds the tables of a configuration against ``salon.app.config`` and says everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import inspect as shapes

from salon.app.config import Config
from salon.app.config_section import Section
from salon.app.config_toml import Path
from salon.app.hints import did_you_mean
from salon.ports.house import Setting

ELSEWHERE = {
    "prompt": "instructions",
    "system_prompt": "instructions",
    "greeting": "welcome",
    "welcome_message": "welcome",
    "samples": "suggestions",
    "questions": "suggestions",
    "model": "llm",
}
"""What other programs call settings of an agent."""


class FromEnvironment(str):
    """A text that came out of the environment, where numbers and lists are written as text too."""

    __slots__ = ()


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, and where."""

    path: Path
    text: str


def check(table: Mapping[str, Any], houses: Mapping[str, Sequence[Setting]] | None = None) -> tuple[Any, list[Problem]]:
    """The values as ``msgspec.convert(…, Config)`` takes them, and the problems.

    ``houses`` are the settings that each house knows; None leaves ``[providers]`` unchecked.
    """
    problems: list[Problem] = []
    values = _section(Config, table, (), problems)
    if houses is not None and isinstance(providers := table.get("providers"), dict):
        problems.extend(_providers(providers, houses))
    return values, problems


def fields(section: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.name: field for field in msgspec.structs.fields(section)}


def plain(hint: Any) -> Any:
    """The type without its annotations."""
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def inner_section(hint: Any) -> tuple[type[Section] | None, bool]:
    """The section that a field holds, if it holds one, and whether it holds a list of them."""
    hint = plain(hint)
    if isinstance(hint, type) and issubclass(hint, Section):
        return hint, False
    if get_origin(hint) is tuple and isinstance(get_args(hint)[0], type) and issubclass(get_args(hint)[0], Section):
        return get_args(hint)[0], True
    return None, False


def named(path: Path) -> str:
    """A table as its header in the file: ``[server]``, ``[[agents]]``."""
    names = ".".join(part for part in path if isinstance(part, str))
    if not names:
        return "the file"
    return f"[[{names}]]" if isinstance(path[-1], int) else f"[{names}]"


def _section(section: type[Section], table: Mapping[str, Any], path: Path, problems: list[Problem]) -> dict[str, Any]:
    known = fields(section)
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key in known:
            values[key] = _value(known[key].type, value, (*path, key), problems)
        else:
            problems.append(Problem((*path, key), _unknown(key, value, path, known)))
    for name, field in known.items():
        if name not in table and field.required:
            problems.append(Problem(path, f"{named(path)} needs {name}: {expected(field.type)}"))
    return values


def _unknown(key: str, value: Any, path: Path, known: Mapping[str, Any]) -> str:
    if path:
        return f'unknown key "{key}" in {named(path)}{did_you_mean(ELSEWHERE.get(key, key), known)}'
    if isinstance(value, dict | list):
        return f"unknown section [{key}]{did_you_mean(key, known, '[{}]')}"
    homes = [name for name, field in known.items() if key in _inner_names(field.type)]
    at_home = f"; it belongs in [{homes[0]}]" if homes else did_you_mean(key, known, "[{}]")
    return f'unknown key "{key}" before the first section{at_home}'


def _inner_names(hint: Any) -> list[str]:
    section, _ = inner_section(hint)
    return list(fields(section)) if section else []


def _value(hint: Any, value: Any, path: Path, problems: list[Problem]) -> Any:
    section, many = inner_section(hint)
    if section and many and isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return [_section(section, each, (*path, index), problems) for index, each in enumerate(value)]
    if section and not many and isinstance(value, dict):
        return _section(section, value, path, problems)
    # One text is as good as a list of one.
    if get_origin(plain(hint)) is tuple and isinstance(value, str):
        listed = value.split(",") if isinstance(value, FromEnvironment) else [value]
        value = [each.strip() for each in listed]
    if (
        (languages := _keys(hint))
        and isinstance(value, dict)
        and (wrong := [key for key in value if key not in languages])
    ):
        place = f"{path[-1]} in {named(path[:-1])}"
        for key in wrong:
            hinted = did_you_mean(key, languages) or f"; known are {', '.join(languages)}"
            problems.append(Problem((*path, key), f'unknown key "{key}" in {place}{hinted}'))
        return None
    try:
        strict = not isinstance(value, FromEnvironment)
        return msgspec.convert(str(value) if not strict else value, hint, strict=strict)
    except msgspec.ValidationError:
        place = f"{path[-1]} in {named(path[:-1])}" if len(path) > 1 else named(path)
        problems.append(Problem(path, f"{place} must be {expected(hint)}, not {_kind(value)}{_meant(hint, value)}"))
        return None


def _keys(hint: Any) -> list[str]:
    """The keys of a table that may have no others."""
    for each in (plain(hint), *get_args(plain(hint))):
        if get_origin(each) is dict and get_origin(get_args(each)[0]) is Literal:
            return list(get_args(get_args(each)[0]))
    return []


def _meant(hint: Any, value: Any) -> str:
    """The nearest of a few fixed values."""
    choices = [
        choice
        for each in (plain(hint), *get_args(plain(hint)))
        if get_origin(each) is Literal
        for choice in get_args(each)
    ]
    return did_you_mean(str(value), choices) if isinstance(value, str) else ""


def _providers(providers: Mapping[str, Any], houses: Mapping[str, Sequence[Setting]]) -> Iterator[Problem]:
    for house, table in providers.items():
        path: Path = ("providers", house)
        if house not in houses:
            hint = did_you_mean(house, houses, "[providers.{}]")
            yield Problem(
                path, f"unknown house [providers.{house}]{hint or '; known are ' + ', '.join(sorted(houses))}"
            )
            continue
        if not isinstance(table, dict):
            continue  # already said: every house is a table
        settings = {setting.name: setting for setting in houses[house]}
        for key, value in table.items():
            if key not in settings:
                yield Problem((*path, key), f'unknown key "{key}" in {named(path)}{did_you_mean(key, settings)}')
            elif wrong := _wrong_setting(settings[key], value):
                yield Problem((*path, key), f"{key} in {named(path)} must be {wrong}, not {_kind(value)}")


def _wrong_setting(setting: Setting, value: Any) -> str:
    """What a setting of a house must be, or nothing where ``value`` is that. Its default tells its type."""
    wanted = str if setting.default is None else type(setting.default)
    if isinstance(value, FromEnvironment) or (wanted is float and type(value) is int):
        return ""
    if wanted is tuple:
        wanted = list
    if setting.default is None and not setting.secret and not isinstance(value, str):
        return ""  # Nothing is known of its type: the house itself says what it needs.
    return "" if type(value) is wanted else expected(wanted)


def expected(hint: Any) -> str:
    """A type, in words that a person can write a value by."""
    return _say(shapes.type_info(hint))


def _say(shape: shapes.Type) -> str:
    match shape:
        case shapes.Metadata(extra={"say": words}):
            return str(words)
        case shapes.Metadata(type=inner):
            return _say(inner)
        case shapes.BoolType():
            return "true or false"
        case shapes.IntType() | shapes.FloatType():
            return ("a whole number" if isinstance(shape, shapes.IntType) else "a number") + _bounds(shape)
        case shapes.StrType(min_length=length, pattern=pattern):
            return (
                "text"
                + (f" of at least {length} characters" if (length or 0) > 1 else "")
                + (f" like {pattern}" if pattern else "")
            )
        case shapes.LiteralType(values=values):
            return "one of " + ", ".join(f'"{value}"' for value in values)
        case shapes.UnionType(types=types):
            return " or ".join(_say(each) for each in types if not isinstance(each, shapes.NoneType))
        case shapes.VarTupleType(item_type=shapes.StrType(min_length=length)):
            return "a list of texts" + (f" of at least {length} characters" if length else "")
        case shapes.VarTupleType() | shapes.ListType():
            return "a list of tables" if _is_table(shape.item_type) else "a list"
        case _:
            return "a table"


def _is_table(shape: shapes.Type) -> bool:
    return isinstance(shape, shapes.StructType | shapes.DictType)


def _bounds(shape: shapes.IntType | shapes.FloatType) -> str:
    if shape.ge is not None and shape.le is not None:
        return f" from {shape.ge:g} to {shape.le:g}"
    if shape.ge is not None:
        return f", {shape.ge:g} or more"
    return f" over {shape.gt:g}" if shape.gt is not None else ""


def _kind(value: Any) -> str:
    """What was given, without showing it: it may be a secret in the wrong place."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case str():
            return "this text"
        case list():
            return "this list"
        case dict():
            return "a table"
        case _:
            return f"a {type(value).__name__}"
