"""These tests run a whole server, on the event loop that it runs on, and can write down what they saw."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Generator
from typing import Any

import pytest
import uvloop

from tests.conformance.realtime import table
from tests.conformance.realtime.foreign import Foreign

seen = pytest.StashKey[dict[Foreign, dict[str, str]]]()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    foreign = table.foreign_of(item)
    if foreign is not None and (report.when == "call" or report.outcome != "passed"):
        outcomes = item.config.stash.setdefault(seen, {}).setdefault(foreign, {})
        outcomes[getattr(item, "originalname", item.name)] = report.outcome
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("SALON_WRITE_DOCS") == "1" and seen in session.config.stash:
        rows = [table.row(foreign, outcomes) for foreign, outcomes in session.config.stash[seen].items()]
        table.PAGE.write_text(table.page(rows, table.PAGE.read_text("utf-8")), "utf-8")
