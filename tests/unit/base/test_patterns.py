from __future__ import annotations

import pytest

from salon.base.patterns import matches


@pytest.mark.parametrize(
    ("patterns", "name", "good"),
    [
        ([], "studio", False),
        (["studio"], "studio", True),
        (["studio"], "studio2", False),
        (["*"], "studio", True),
        (["*"], "", True),
        (["alice-*"], "alice-1", True),
        (["alice-*"], "bob-1", False),
        (["*-live", "x"], "bob-live", True),
        (["a*b*c"], "a-b-c", True),
        (["a*b*c"], "a-c", False),
        (["ab*ba"], "aba", False),
        (["a*x*xb"], "axb", False),
        (["s?udio", "[s]tudio", "."], "studio", False),
    ],
)
def test_names_match_patterns(patterns: list[str], name: str, good: bool) -> None:
    assert matches(patterns, name) is good
