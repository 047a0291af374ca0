"""Rules of the house that a linter does not know. Each is shown a breach, so that it is known to see one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, SRC, Rule, broken, called, python_files

# Written so that this file does not find itself.
UNFINISHED = re.compile(
    r"\b(?:TO[D]O|FIX[M]E|XX[X]|HA[C]K|raise NotImplemented[E]rror|not [i]mplemented|place[h]older)\b", re.I
)
# What an empty input shows has that last name in HTML.
UNFINISHED_IN_PAGE = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X]|HA[C]K|not [i]mplemented)\b")

LOOSE = {"asyncio.create_task", "asyncio.ensure_future", "asyncio.Task"}
READS_OF_THE_CLOCK = {
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
}


def loose_tasks(tree: ast.Module) -> Iterator[str]:
    for name, call in called(tree):
        if name in LOOSE or re.search(r"loop(\(\))?\.create_task$", name):
            yield f"line {call.lineno}: {name} makes a task that nobody waits for; use a TaskGroup"


def prints(tree: ast.Module) -> Iterator[str]:
    for name, call in called(tree):
        if name == "print":
            yield f"line {call.lineno}: only the command line prints"


def clock_reads(tree: ast.Module) -> Iterator[str]:
    for name, call in called(tree):
        argless = name in {"time.gmtime", "time.localtime", "time.ctime"} and not call.args
        if name in READS_OF_THE_CLOCK or argless:
            yield f"line {call.lineno}: {name} reads the clock; take the time as an argument, or ask the Clock port"


RULES: list[tuple[Rule, tuple[str, ...], list[str]]] = [
    (
        loose_tasks,
        # A mounted house is started by a request that it outlives: no group stands above it, the event loop's end ends it.
        ("app/server.py",),
        [
            "import asyncio\nasyncio.create_task(work())",
            "from asyncio import ensure_future as go\ngo(work())",
            "import asyncio\nasyncio.get_running_loop().create_task(work())",
        ],
    ),
    (prints, ("cli/",), ["print('hello')"]),
    (
        clock_reads,
        ("app/clock.py", "cli/", "media/instants.py"),
        [
            "import time\nstart = time.monotonic()",
            "from time import time as now\nnow()",
            "import datetime as dt\ndt.datetime.now(dt.UTC)",
            "from datetime import datetime\ndatetime.now()",
            "import time\ntime.gmtime()",
        ],
    ),
]


@pytest.mark.parametrize(("rule", "allowed", "_"), RULES, ids=[rule.__name__ for rule, _, _ in RULES])
def test_the_house_keeps(rule: Rule, allowed: tuple[str, ...], _: list[str]) -> None:
    assert broken(rule, python_files(), allowed) == []


@pytest.mark.parametrize(
    ("rule", "breach"),
    [(rule, breach) for rule, _, breaches in RULES for breach in breaches],
    ids=lambda each: getattr(each, "__name__", each),
)
def test_a_breach_is_seen(rule: Rule, breach: str) -> None:
    assert list(rule(ast.parse(breach)))


def test_what_is_fine_is_left_alone() -> None:
    fine = "import time\ngroup.create_task(work())\ntime.gmtime(0)\nself.clock.now()\npprint(x)\n"
    assert [breach for rule, _, _ in RULES for breach in rule(ast.parse(fine))] == []


def too_long(path: Path, lines: int) -> str | None:
    limit = 400 if path.suffix == ".py" else 600
    return (
        f"{path}: {lines} lines, more than {limit}: which second subject is waiting inside?" if lines > limit else None
    )


def test_no_file_grows_past_a_sitting() -> None:
    files = [path for path in SRC.rglob("*") if path.suffix in {".py", ".js", ".css"}]
    found = [too_long(path.relative_to(ROOT), len(path.read_text("utf-8").splitlines())) for path in files]
    assert [sentence for sentence in found if sentence] == []


def test_a_long_file_is_seen() -> None:
    assert too_long(Path("a.py"), 401)
    assert too_long(Path("a.js"), 601)
    assert not too_long(Path("a.py"), 400)
    assert not too_long(Path("a.js"), 600)


def test_no_words_of_unfinished_work() -> None:
    python = [path for top in ("src", "tests", "bench", "examples") for path in python_files(ROOT / top)]
    page = [path for path in SRC.rglob("*") if path.suffix in {".js", ".css", ".html"}]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for files, words in ((python, UNFINISHED), (page, UNFINISHED_IN_PAGE))
        for path in files
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if (match := words.search(line))
    ]
    assert found == []


@pytest.mark.parametrize("word", ["# to" + "do: later", "FIX" + "ME", "raise NotImplemented" + "Error"])
def test_a_word_of_unfinished_work_is_seen(word: str) -> None:
    assert UNFINISHED.search(word)
