"""Any file is either a configuration or a sentence."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salon.app.config import Config
from salon.app.config_check import fields, inner_section
from salon.app.config_docs import toml
from salon.app.config_load import Loaded, load
from salon.base.errors import ConfigError

MARK = "hunter2"


def names(section: type[msgspec.Struct]) -> set[str]:
    found = set()
    for name, field in fields(section).items():
        found.add(name)
        inner, _ = inner_section(field.type)
        if inner:
            found |= names(inner)
    return found


KEYS = st.sampled_from(sorted(names(Config))) | st.text("aeioprt_", min_size=1, max_size=6)
LEAVES = (
    st.none().map(lambda _: MARK)
    | st.integers(-5, 70_000)
    | st.floats(-2, 100)
    | st.booleans()
    | st.sampled_from(["", "info", "demo", "env:SET", "env:UNSET", "env:", MARK * 6])
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def outcome(text: str, folder: Any) -> Loaded | str:
    file = folder / "salon.toml"
    file.write_text(text, encoding="utf-8")
    try:
        return load(file, environ={"SET": "16", "SALON_API_KEY": "k" * 16}, houses=lambda: {"server": (), "demo": ()})
    except ConfigError as error:
        return error.message


@settings(max_examples=250, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=5))
@example({"agents": [{"name": 5}, {"name": 5}]})
@example({"agents": [1]})
@example({"auth": 5})
@example({"auth": {"api_keys": {}}})
@example({"providers": {"server": 5}})
@example({"agents": [{"name": "a", "instructions_file": 5}]})
@example({"agents": [{"name": "a", "instructions_file": "\0"}]})
def test_any_tree(tmp_path_factory: Any, tree: dict[str, Any]) -> None:
    text = "".join(f"{key} = {toml(value)}\n" for key, value in tree.items())
    found = outcome(text, tmp_path_factory.getbasetemp())
    if isinstance(found, str):
        for line in found.split("\n"):
            assert re.match(r"\S*salon\.toml(:\d+)?: |SALON_API_KEY: ", line), line
            # What stands in the file may be a secret in the wrong place: but for names of files and agents, no value is repeated.
            assert MARK not in line or "cannot be read" in line or "two agents named" in line
    else:
        assert isinstance(found.config, Config)


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("[]{}=\"'.,#\n ab1-\\"), max_size=40))
def test_any_text(tmp_path_factory: Any, text: str) -> None:
    found = outcome(text, tmp_path_factory.getbasetemp())
    assert isinstance(found, Loaded) or "salon.toml:" in found
