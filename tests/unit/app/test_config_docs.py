"""Settings as documentation. That the pages are fresh is seen in test_config."""

from __future__ import annotations

import pathlib
import tomllib

import pytest

from salon.app import config_docs
from salon.app.config_docs import BEGIN, END, chapters, documented, example, main, tables, toml
from salon.app.config_load import short_names
from salon.ports.house import Setting

HOUSES = {"x": ("House X", [Setting(name="key", env="X_KEY", help="its key", required=True)]), "y": ("House Y", [])}


@pytest.mark.parametrize(
    "value", [True, 3, 0.5, 2.0, 'a "quoted" \\ text\n文', [1, [2]], {"a b": 1, "c": {"d": []}}, {}, (), 1e-7]
)
def test_values_as_toml(value: object) -> None:
    read = tomllib.loads(f"x = {toml(value)}")["x"]
    assert read == (list(value) if isinstance(value, tuple) else value)
    assert type(read) is (list if isinstance(value, tuple) else type(value))


def test_chapters_have_everything_that_has_a_name_of_its_own() -> None:
    entries = {entry.path for chapter in chapters() for entry in chapter.entries}
    assert set(short_names().values()) <= entries
    assert all(entry.meta.description and chapter.about for chapter in chapters() for entry in chapter.entries)


def test_every_setting_stands_in_the_tables() -> None:
    text = tables(HOUSES)
    for chapter in chapters():
        section = text.partition(f"### `{chapter.header}`\n")[2].partition("###")[0]
        assert section
        for entry in chapter.entries:
            assert f"| `{entry.name}` |" in section
            assert f"`{entry.variable}`" in section or not entry.variable
    assert "| `key` | its key | required | `X_KEY` |" in text
    assert "House Y\n\nIt has no settings." in text


def test_the_example_is_toml_with_the_houses_switched_off() -> None:
    text = example(HOUSES)
    assert "providers" not in tomllib.loads(text)
    assert '#[providers.x]\n# its key\n#key = "env:X_KEY"' in text


def test_what_stands_around_the_tables_is_kept() -> None:
    assert documented(f"a {BEGIN} old {END} z", "new") == f"a {BEGIN}\n\nnew\n{END} z"


def test_writing(alone: pathlib.Path) -> None:
    for path in (config_docs.TABLES, config_docs.EXAMPLE):
        path.parent.mkdir(parents=True, exist_ok=True)
    config_docs.TABLES.write_text(f"# Title\n{BEGIN}{END}\n")
    main()
    assert "`SALON_PORT`" in config_docs.TABLES.read_text(encoding="utf-8")
    assert tomllib.loads(config_docs.EXAMPLE.read_text(encoding="utf-8"))["server"]["port"] == 8000
