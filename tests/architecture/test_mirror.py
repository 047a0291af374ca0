"""Every module has unit tests of its own, in the place where one looks for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SRC, TESTS, parse, python_files

UNIT = TESTS / "unit"

# Modules without behaviour: nothing in them could be tested. `test_the_exempt_have_no_behaviour` holds them to it.
EXEMPT = {
    "base/commands.py": "structs only",
    "base/events.py": "structs only",
    "base/session.py": "structs only",
    "ports/asr.py": "Protocols and a struct",
    "ports/broker.py": "a Protocol and a struct",
    "ports/clock.py": "a Protocol",
    "ports/house.py": "Protocols and a struct",
    "ports/link.py": "a Protocol",
    "ports/llm.py": "a Protocol and structs",
    "ports/media.py": "Protocols and structs",
    "ports/media_stats.py": "structs only",
    "ports/models.py": "a Protocol",
    "ports/observer.py": "a base whose methods do nothing",
    "ports/turn_detector.py": "a Protocol",
    "ports/vad.py": "Protocols",
    "turn/character.py": "a struct",
    "ports/recorder.py": "Protocols and a struct",
    "ports/tts.py": "Protocols and a struct",
}


def behaviour(tree: ast.Module) -> Iterator[str]:
    """Functions that do something: more than a docstring, ``...`` or ``pass``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            idle = [
                isinstance(line, ast.Pass) or (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant))
                for line in node.body
            ]
            if not all(idle):
                yield node.name


def home(module: Path) -> Path:
    """Where the tests of a module live: those of ``wire/spark.py`` in ``tests/unit/wire/test_spark.py``.

    A package's ``__init__`` is tested under the package's name, one folder up.
    """
    named = module.parent if module.name == "__init__.py" else module.with_suffix("")
    folder = UNIT if named == SRC else UNIT / named.parent.relative_to(SRC)
    return folder / f"test_{named.name}.py"


def has_behaviour(module: Path) -> bool:
    return module.relative_to(SRC).as_posix() not in EXEMPT and (
        module.name not in {"__init__.py", "__main__.py"} or any(behaviour(parse(module)))
    )


def test_every_module_has_unit_tests() -> None:
    wanted = [home(path) for path in python_files() if has_behaviour(path)]
    assert [path.relative_to(ROOT).as_posix() for path in wanted if not path.exists()] == []


def test_every_unit_test_has_a_module() -> None:
    homes = {home(path) for path in python_files()}
    orphans = [path.relative_to(ROOT).as_posix() for path in sorted(UNIT.rglob("test_*.py")) if path not in homes]
    assert orphans == []


@pytest.mark.parametrize(
    ("module", "test"),
    [
        ("wire/spark.py", "wire/test_spark.py"),
        ("wire/realtime/decode.py", "wire/realtime/test_decode.py"),
        ("providers/spark/__init__.py", "providers/test_spark.py"),
        ("__init__.py", "test_salon.py"),
    ],
)
def test_where_the_tests_of_a_module_live(module: str, test: str) -> None:
    assert home(SRC / module) == UNIT / test


@pytest.mark.parametrize("module", sorted(EXEMPT))
def test_the_exempt_have_no_behaviour(module: str) -> None:
    assert list(behaviour(parse(SRC / module))) == []


def test_behaviour_is_seen() -> None:
    assert list(behaviour(ast.parse("class A:\n  def f(self):\n    'Says.'\n    return 1"))) == ["f"]
    assert list(behaviour(ast.parse("class A:\n  def f(self):\n    'Says.'\n    ..."))) == []
