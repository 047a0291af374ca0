"""Every ``--help``, as docs/reference/cli.md shows it: ``python -m salon.cli.help`` writes it there."""

from __future__ import annotations

import argparse
import os
import pathlib

from salon.cli.main import parser

PAGE = pathlib.Path("docs/reference/cli.md")
BEGIN = "<!-- Made by python -m salon.cli.help from src/salon/cli/main.py: change it there. -->"
END = "<!-- end -->"


def page(text: str) -> str:
    """``text`` with what stands between the marks replaced by the help of all commands, in English and 80 columns wide."""
    os.environ.update(COLUMNS="80", LC_ALL="C", NO_COLOR="1")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    shown = "\n".join(f"## `{each.prog}`\n\n```text\n{each.format_help()}```\n" for each in _parsers())
    return f"{head}{BEGIN}\n\n{shown}\n{END}{tail}"


def _parsers() -> list[argparse.ArgumentParser]:
    top = parser()
    subparsers = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    return [top, *subparsers.choices.values()]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
