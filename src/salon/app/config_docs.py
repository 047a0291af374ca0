"""The settings as documentation: the tables of docs/reference/configuration.md and the commented examples/salon.toml.

``python -m salon.app.config_docs`` writes both, from the folder of the checkout. A test fails when they are stale.
"""

from __future__ import annotations

import inspect
import pathlib
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from salon.app.config import Config
from salon.app.config_check import expected, fields, inner_section
from salon.app.config_load import variable_of
from salon.app.config_section import Section
from salon.app.config_toml import Path
from salon.ports.house import Setting
from salon.providers.registry import Registry

TABLES = pathlib.Path("docs/reference/configuration.md")
EXAMPLE = pathlib.Path("examples/salon.toml")
BEGIN = "<!-- Made by python -m salon.app.config_docs from src/salon/app/config.py: change it there. -->"
END = "<!-- end -->"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One setting. ``default`` is UNSET where it must be given. ``nested`` says that it is itself a section."""

    path: Path
    hint: Any
    default: Any
    variable: str

    @property
    def name(self) -> str:
        return str(self.path[-1])

    @property
    def meta(self) -> msgspec.Meta:
        return next(each for each in self.hint.__metadata__ if isinstance(each, msgspec.Meta) and each.description)

    @property
    def example(self) -> Any:
        return self.meta.examples[0] if self.meta.examples else self.default


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A section: its header in the file, what it is for, its settings."""

    header: str
    about: str
    entries: tuple[Entry, ...]

    @property
    def repeated(self) -> bool:
        return self.header.startswith("[[")


def chapters() -> list[Chapter]:
    """Every section that a file can have, in the order of ``Config``; ``[providers]``, which the houses fill, is not one."""
    return list(_chapters(Config, ()))


def _chapters(section: type[Section], path: Path, many: bool = False) -> Iterator[Chapter]:
    entries, inner = [], []
    for name, field in fields(section).items():
        nested, repeated = inner_section(field.type)
        if nested:
            inner.append((nested, (*path, name), repeated))
        elif path:
            default = field.default if field.default is not msgspec.NODEFAULT else msgspec.UNSET
            if field.default_factory is not msgspec.NODEFAULT:
                default = field.default_factory()
            variable = variable_of((*path, name), field.type)
            entries.append(Entry(path=(*path, name), hint=field.type, default=default, variable=variable))
    if path:
        dotted = ".".join(str(part) for part in path)
        about = " ".join((inspect.getdoc(section) or "").split())
        yield Chapter(header=f"[[{dotted}]]" if many else f"[{dotted}]", about=about, entries=tuple(entries))
    for nested, where, repeated in inner:
        yield from _chapters(nested, where, repeated)


def tables(houses: Mapping[str, tuple[str, Sequence[Setting]]]) -> str:
    """Markdown. ``houses`` are the title and settings of each."""
    parts = []
    for chapter in chapters():
        parts.append(f"### `{chapter.header}`\n\n{chapter.about}\n")
        parts.append("| setting | value | default | variable |\n|---|---|---|---|")
        for entry in chapter.entries:
            default = "required" if entry.default is msgspec.UNSET else _shown(entry.default)
            variable = f"`{entry.variable}`" if entry.variable else ""
            words = expected(entry.hint).replace("|", "\\|")
            parts.append(
                f"| `{entry.name}` | {entry.meta.description} {words[0].upper()}{words[1:]}. | {default} | {variable} |"
            )
        parts.append("")
    for house, (title, settings) in sorted(houses.items()):
        parts.append(f"### `[providers.{house}]`\n\n{title}\n")
        if not settings:
            parts.append("It has no settings.\n")
            continue
        parts.append("| setting | what | default | variable |\n|---|---|---|---|")
        for setting in settings:
            variable = f"`{setting.env}`" if setting.env else ""
            default = "required" if setting.required else _shown(setting.default)
            parts.append(f"| `{setting.name}` | {setting.help} | {default} | {variable} |")
        parts.append("")
    return "\n".join(parts)


def example(houses: Mapping[str, tuple[str, Sequence[Setting]]]) -> str:
    """A TOML file with everything in it: the defaults stand, the rest is behind a ``#`` without a space."""
    lines = [
        "# Every setting of Salon. What stands here is the default; a # without a space behind it switches a line off.",
        "# Salon reads ./salon.toml, or the file that --config or SALON_CONFIG names.",
        '# "env:NAME" in place of a value takes it from the environment variable NAME.',
        "",
    ]
    for chapter in chapters():
        off = "#" if chapter.repeated or chapter.header.count(".") else ""
        lines += [*_comment(chapter.about), off + chapter.header]
        for entry in chapter.entries:
            variable = f" {entry.variable}." if entry.variable else ""
            lines += _comment(f"{entry.meta.description}{variable}")
            shown = entry.example if off or entry.default is None else entry.default
            lines.append(f"{off or ('#' if entry.default is None else '')}{entry.name} = {toml(shown)}")
        lines.append("")
    for house, (title, settings) in sorted(houses.items()):
        lines += [*_comment(title), f"#[providers.{house}]"]
        for setting in settings:
            lines += _comment(setting.help)
            shown = setting.default
            if shown is None:
                shown = f"env:{setting.env}" if setting.env else ""
            lines.append(f"#{setting.name} = {toml(shown)}")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def toml(value: Any) -> str:
    """A value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:g}" if isinstance(value, float) and not value.is_integer() else str(value)
        case str():
            return msgspec.json.encode(value).decode()
        case dict():
            inner = ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            return "[" + ", ".join(toml(each) for each in value) + "]"


def _shown(value: Any) -> str:
    return "" if value is None or value in ("", (), [], {}) else f"`{toml(value)}`"


def _comment(text: str) -> list[str]:
    return ["# " + line for line in textwrap.wrap(text, 110)]


def documented(text: str, made: str) -> str:
    """``text`` with what stands between the marks replaced by ``made``."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{made}\n{END}{tail}"


def houses() -> dict[str, tuple[str, Sequence[Setting]]]:
    """The houses that come with Salon."""
    return {name: (house.title, house.settings) for name, house in Registry(environ={}).houses.items()}


def main() -> None:
    built_in = houses()
    TABLES.write_text(documented(TABLES.read_text(encoding="utf-8"), tables(built_in)), encoding="utf-8")
    EXAMPLE.write_text(example(built_in), encoding="utf-8")


if __name__ == "__main__":
    main()
