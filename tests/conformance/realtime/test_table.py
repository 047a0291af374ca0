"""The page of foreign clients names each of them, as it is pinned, with all that it is seen to do."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.conformance.realtime import table
from tests.conformance.realtime.foreign import CLIENTS, Foreign

HERE = Path(__file__).parent
RUNS = [
    module
    for path in sorted(HERE.glob("test_*.py"))
    if path != Path(__file__)
    for module in [importlib.import_module(f"tests.conformance.realtime.{path.stem}")]
]


def test_every_script_is_run_and_listed() -> None:
    shared = {"loudspeaker.py"}
    scripts = {path.name for path in CLIENTS.iterdir() if path.is_file()} - shared
    assert {module.FOREIGN.script for module in RUNS} == scripts
    listed = re.findall(r"^\|[^|]+\|[^|]+\| `([^`]+)` \|", table.PAGE.read_text("utf-8"), re.M)
    assert set(listed) == scripts


@pytest.mark.parametrize("module", RUNS, ids=lambda module: module.FOREIGN.script)
def test_the_row_is_what_the_run_would_write(module: ModuleType) -> None:
    names = [name for name in vars(module) if name.startswith("test_")]
    assert table.row(module.FOREIGN, dict.fromkeys(names, "passed")) in table.PAGE.read_text("utf-8")


def test_a_failure_shows() -> None:
    foreign = Foreign("a.py", "pip", ("a[b]==1.2",))
    assert "| `a[b]` (PyPI) | 1.2 | `a.py` | one, two | 1 of 2 pass |" in table.row(
        foreign, {"test_one": "passed", "test_two": "failed"}
    )
