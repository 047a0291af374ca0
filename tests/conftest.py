"""The order in which tests run, and what happens on a machine that lacks a program.

Quick tests come first, whatever is asked for: a mistake shows in seconds, not after the browsers. A part that needs a
program which is not here is skipped and named at the end; with ``CI=true`` it fails, because there nothing may be missing.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from tests.conformance.environments import ProgramMissing

TESTS = Path(__file__).parent
ORDER = ("architecture", "unit", "fuzz", "contract", "dialogues", "session", "media", "conformance", "e2e")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

not_run = pytest.StashKey[Counter[str]]()


def part_of(path: Path) -> str:
    """The folder of ``tests/`` that a test is in."""
    return path.relative_to(TESTS).parts[0] if path.is_relative_to(TESTS) else ""


def rank(item: pytest.Item) -> int:
    part = part_of(item.path)
    return ORDER.index(part) if part in ORDER else len(ORDER)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[not_run] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=rank)


def like_others() -> None:
    """No test runs at real-time priority, whatever made its process do so. What such a process starts inherits it (libwebrtc has
    threads of that kind where it may): a Chromium at that priority took both cores of a machine for seven minutes."""
    if hasattr(os, "SCHED_OTHER"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    like_others()
    try:
        if part_of(item.path) == "e2e" and not any(shutil.which(name) for name in CHROMIUM):
            raise ProgramMissing("Chromium is not installed (Debian: apt install chromium)")
        return (yield)
    except Exception as error:
        leave_out(item, error)
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    try:
        return (yield)
    except Exception as error:
        leave_out(item, error)
        raise


def missing_in(error: Exception) -> ProgramMissing | None:
    """The program that an error is about; a task group wraps what ends it."""
    if isinstance(error, ExceptionGroup):
        return next((found for each in error.exceptions if (found := missing_in(each))), None)
    return error if isinstance(error, ProgramMissing) else None


def leave_out(item: pytest.Item, error: Exception) -> None:
    """Skip a test that failed for want of a program."""
    missing = missing_in(error)
    if missing is None or os.environ.get("CI") == "true":
        return
    item.config.stash[not_run][f"{part_of(item.path)}: {missing}"] += 1
    pytest.skip(str(missing))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.stash[not_run]:
        terminalreporter.section("not run on this machine")
        for reason, count in sorted(config.stash[not_run].items()):
            terminalreporter.line(f"{count} tests of {reason}")
