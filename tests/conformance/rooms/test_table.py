"""The page of foreign clients names those of the rooms as they are pinned, with all that they are seen to do."""

from __future__ import annotations

from tests.conformance.environments import ROOT
from tests.conformance.rooms import test_centrifuge
from tests.conformance.rooms.test_centrifuge import FOREIGN

PAGE = ROOT / "docs" / "reference" / "conformance.md"


def test_the_rows_name_the_versions_and_every_test() -> None:
    tests = [each for each in vars(test_centrifuge) if each.startswith("test_")]
    seen = ", ".join(each.removeprefix("test_").replace("_", " ") for each in tests)
    text = PAGE.read_text("utf-8")
    for foreign in FOREIGN:
        by = "PyPI" if foreign.by == "pip" else "npm"
        assert f"| `{foreign.name}` ({by}) | {foreign.version} | {seen} |\n" in text
