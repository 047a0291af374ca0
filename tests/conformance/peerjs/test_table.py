"""The page of foreign clients names npm ``peerjs`` as it is pinned, with all that it is seen to do."""

from __future__ import annotations

from tests.conformance.environments import ROOT
from tests.conformance.peerjs import test_peerjs
from tests.conformance.peerjs.conftest import PEERJS

PAGE = ROOT / "docs" / "reference" / "conformance.md"


def test_the_row_names_the_version_and_every_test() -> None:
    name, _, version = PEERJS.partition("@")
    seen = ", ".join(
        each.removeprefix("test_").replace("_", " ") for each in vars(test_peerjs) if each.startswith("test_")
    )
    assert f"| `{name}` (npm) | {version} | {seen} |\n" in PAGE.read_text("utf-8")
