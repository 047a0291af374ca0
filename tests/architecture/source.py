"""The tree as text: what the architecture tests read. A rule is a function from a file to sentences about what breaks it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "salon"
TESTS = ROOT / "tests"
DOCS = ROOT / "docs"

Rule = Callable[[ast.Module], Iterable[str]]


def python_files(top: Path = SRC) -> list[Path]:
    return sorted(path for path in top.rglob("*.py") if "node_modules" not in path.parts)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def broken(rule: Rule, files: Iterable[Path], allowed: Iterable[str] = ()) -> list[str]:
    """Each breach as ``path: sentence``. ``allowed`` are paths below ``src/salon`` to which the rule does not apply."""
    exempt = tuple(allowed)
    return [
        f"{path.relative_to(ROOT)}: {breach}"
        for path in files
        if not path.relative_to(SRC).as_posix().startswith(exempt or ("\0",))
        for breach in rule(parse(path))
    ]


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the dotted name of what is called: ``asyncio.create_task``, ``self.loop.create_task``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Call):
        return f"{dotted(node.func)}()"
    return "?"


def imported_as(tree: ast.Module) -> dict[str, str]:
    """Names as they are used in a file, with what they stand for: ``{"now": "time.time", "dt": "datetime"}``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update({alias.asname: alias.name for alias in node.names if alias.asname})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update({alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names})
    return names


def called(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the full name of what is called, imports resolved: ``datetime.datetime.now``."""
    names = imported_as(tree)
    for name, call in calls(tree):
        first, _, rest = name.partition(".")
        full = names.get(first, first)
        yield (f"{full}.{rest}" if rest else full), call
