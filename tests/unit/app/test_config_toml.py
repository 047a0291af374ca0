"""The line of each key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.app.config_docs import toml
from salon.app.config_toml import Path, line_of, locate

TEXT = '''\
# a comment with [brackets] and "quotes
top = 1
[server]
port = 9 # the = in a comment
"odd.key".inner = """
text = "not a key"
[nor a table]
""\\""""""
[[agents]]
name = 'x]'
tools = [
  "a", # c ]
  [1, 2],
]
[agents.suggestions]
en = ["a"]
[[agents]]
name = { a = 1, b = ['x', """
y"""], c = 2024-01-01 00:00:00 }
[[agents.inner]]
last = 5'''


def test_where_everything_stands() -> None:
    tomllib.loads(TEXT)
    lines = locate(TEXT)
    assert lines == {
        ("top",): 2,
        ("server",): 3,
        ("server", "port"): 4,
        ("server", "odd.key"): 5,
        ("server", "odd.key", "inner"): 5,
        ("agents",): 9,
        ("agents", 0): 9,
        ("agents", 0, "name"): 10,
        ("agents", 0, "tools"): 11,
        ("agents", 0, "tools", 0): 12,
        ("agents", 0, "tools", 1): 13,
        ("agents", 0, "tools", 1, 0): 13,
        ("agents", 0, "tools", 1, 1): 13,
        ("agents", 0, "suggestions"): 15,
        ("agents", 0, "suggestions", "en"): 16,
        ("agents", 0, "suggestions", "en", 0): 16,
        ("agents", 1): 17,
        ("agents", 1, "name"): 18,
        ("agents", 1, "name", "a"): 18,
        ("agents", 1, "name", "b"): 18,
        ("agents", 1, "name", "b", 0): 18,
        ("agents", 1, "name", "b", 1): 18,
        ("agents", 1, "name", "c"): 19,
        ("agents", 1, "inner"): 20,
        ("agents", 1, "inner", 0): 20,
        ("agents", 1, "inner", 0, "last"): 21,
    }


def test_what_is_not_written_has_the_line_of_what_is_around_it() -> None:
    lines = locate(TEXT)
    assert line_of(lines, ("server", "host")) == 3
    assert line_of(lines, ("agents", 0, "llm", 0)) == 9
    assert line_of(lines, ("auth",)) is None


def test_an_empty_file() -> None:
    assert locate("") == {}
    assert locate("# nothing") == {}


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield (*path, key)
        yield from _paths(each, (*path, key))


KEYS = st.text("abc-_09", min_size=1, max_size=4)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8)
VALUES = st.recursive(
    st.integers(-9, 9) | st.booleans() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_every_path_of_any_document_is_found_on_its_line(document: dict[str, dict[str, Any]]) -> None:
    rows: list[str] = []
    expected: dict[Path, int] = {}
    for name, table in document.items():
        rows.append(f"[{name}]")
        expected[name,] = len(rows)
        for key, value in table.items():
            rows.append(f"{key} = {toml(value)} # ]}}")
            expected[name, key] = len(rows)
            expected.update((path, len(rows)) for path in _paths(value, (name, key)))
    text = "\n".join(rows)
    assert tomllib.loads(text) == document
    assert locate(text) == expected
