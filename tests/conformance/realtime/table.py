"""``docs/reference/conformance.md``: which foreign clients talk with the Realtime door, and what they were seen to do.

The page is written by the tests themselves: ``SALON_WRITE_DOCS=1 pytest tests/conformance/realtime``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.conformance.environments import ROOT
from tests.conformance.realtime.foreign import Foreign

PAGE = ROOT / "docs" / "reference" / "conformance.md"

HEAD = """\
# Foreign clients

Programs that other people wrote, unmodified and pinned, each in an environment that has that client and nothing of ours.
CI runs them against a whole server with an API key; a change that breaks one does not go in. Their scripts are in
`tests/conformance/realtime/clients/`. This page is written by the run:
`SALON_WRITE_DOCS=1 .venv/bin/pytest tests/conformance/realtime`.

## OpenAI Realtime door

| client | version | script | what it was seen to do | result |
|---|---|---|---|---|
"""

OTHERS = "\n<!-- Below: the other doors, each by its own tests. -->\n"


def row(foreign: Foreign, outcomes: Mapping[str, str]) -> str:
    """``outcomes`` is by name of the test function, in the order in which they ran."""
    seen = ", ".join(name.removeprefix("test_").replace("_", " ") for name in outcomes)
    passed = sum(outcome == "passed" for outcome in outcomes.values())
    return (
        f"| `{foreign.name}` ({'PyPI' if foreign.by == 'pip' else 'npm'}) | {foreign.version} | `{foreign.script}` "
        f"| {seen} | {passed} of {len(outcomes)} pass |\n"
    )


def page(rows: Sequence[str], before: str = "") -> str:
    """The page, with what other doors have put below into the one ``before``."""
    _, mark, others = before.partition(OTHERS)
    return HEAD + "".join(sorted(rows)) + mark + others


def foreign_of(item: pytest.Item) -> Foreign | None:
    """The client that a test runs, if it runs one."""
    return getattr(getattr(item, "module", None), "FOREIGN", None)
