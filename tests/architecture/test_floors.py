"""The floors of DESIGN: who may import whom, and that each floor says what may not happen there."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SRC, parse

FLOORS = sorted(path.parent for path in SRC.glob("*/__init__.py"))


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    return subprocess.run(
        [program, "--no-cache", "--config", tree / "pyproject.toml"],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The house, to be damaged."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(SRC, tmp_path / "src" / "salon", ignore=shutil.ignore_patterns("__pycache__", "web"))
    return tmp_path


def test_imports_go_downward_only() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "line", "says"),
    [
        ("base/ids.py", "import salon.ports.llm", "The floors"),
        ("turn/late.py", "import asyncio", "nothing does I/O"),
        ("loft/__init__.py", "", "The floors"),
    ],
    ids=["upward", "I/O below the ports", "a room on no floor"],
)
def test_a_breach_is_found(copy: Path, file: str, line: str, says: str) -> None:
    path = copy / "src" / "salon" / file
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as text:
        text.write(f"\n{line}\n")
    done = lint(copy)
    assert done.returncode != 0
    assert [line for line in done.stdout.splitlines() if says in line and line.endswith("BROKEN")], done.stdout


@pytest.mark.parametrize("floor", FLOORS, ids=lambda floor: floor.name)
def test_each_floor_says_what_may_not_happen_there(floor: Path) -> None:
    words = ast.get_docstring(parse(floor / "__init__.py")) or ""
    assert re.search(r"May not happen here:|Nothing here", words)
    assert len(words.splitlines()) <= 10


def test_each_package_says_what_it_is_for() -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in sorted(SRC.rglob("__init__.py"))
        if not ast.get_docstring(parse(path))
    ]
    assert silent == []
