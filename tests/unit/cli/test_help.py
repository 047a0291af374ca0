"""The reference shows the help as it is."""

from __future__ import annotations

import os
import pathlib
import sys

import pytest

from salon.cli import help as cli_help

PAGE = pathlib.Path(__file__).parents[3] / cli_help.PAGE


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse lays help out differently in each version")
def test_the_reference_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    text = PAGE.read_text(encoding="utf-8")
    assert text == cli_help.page(text), "stale: run python -m salon.cli.help"


def test_every_command_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for command in ("serve", "say", "chat", "check", "token"):
        assert f"## `salon {command}`" in text


def test_what_stands_around_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    page = cli_help.page(f"before {cli_help.BEGIN} old {cli_help.END} after")
    assert page.startswith("before ")
    assert page.endswith(" after")
    assert " old " not in page
