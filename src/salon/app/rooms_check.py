"""Can the rooms' file be used, and is what is in it whole? Nothing in it is changed."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from salon.ports.llm import CheckStep

_MB = 1_000_000


def try_file(path: str) -> Iterator[CheckStep]:
    """An empty ``path`` is no file."""
    if not path:
        yield CheckStep("file", True, "none: what is said in rooms is gone with the server")
        return
    file = Path(path).absolute()
    folder = next(each for each in (file.parent, *file.parent.parents) if each.exists())
    if not (os.access(file, os.R_OK | os.W_OK) if file.exists() else os.access(folder, os.W_OK)):
        advice = "Give the user that runs Salon the right to write there, or set path under [rooms]."
        yield CheckStep("file", False, f"{file} cannot be written", advice)
        return
    free = _free(folder)
    if not file.exists():
        yield CheckStep("file", True, f"{file} is made when something is first kept; {free} free")
        return
    yield CheckStep("file", True, f"{file}, {_size(file)}; {free} free")
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=0.2)) as disk:
            [mode] = disk.execute("PRAGMA journal_mode").fetchone()
            found = [row[0] for row in disk.execute("PRAGMA quick_check(3)").fetchall()]
            [rooms] = disk.execute("SELECT count(*) FROM rooms").fetchone()
            [messages] = disk.execute("SELECT count(*) FROM publications").fetchone()
    except sqlite3.Error as error:
        if "locked" in str(error):
            yield CheckStep("content", True, "a running server has it open; stop that to have its content checked")
            return
        found, mode, rooms, messages = [str(error)], "", 0, 0
    if found != ["ok"]:
        advice = 'Move it away and start anew, or save what can be had: sqlite3 FILE ".recover" | sqlite3 NEW'
        yield CheckStep("content", False, f"it is damaged: {'; '.join(found)}", advice)
    elif mode != "wal":
        yield CheckStep("content", True, f"whole, journal {mode}, which becomes wal at the next start")
    else:
        yield CheckStep("content", True, f"whole: {messages} messages, {rooms} rooms that are listed")


def _size(file: Path) -> str:
    parts = (file, file.with_name(f"{file.name}-wal"))
    return f"{sum(part.stat().st_size for part in parts if part.exists()) / _MB:.1f} MB"


def _free(folder: Path) -> str:
    found = os.statvfs(folder) if hasattr(os, "statvfs") else None
    return f"{found.f_bavail * found.f_frsize / 1e9:.1f} GB" if found is not None else "unknown"
