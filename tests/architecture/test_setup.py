"""What ``make serve`` says on a machine that is not ready: one sentence, what to do, and no success."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "make", "dirname", "mkdir", "grep", "tail", "rm", "touch", "sed")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A clone, and a PATH on which nothing stands but what every system has."""
    clone = tmp_path / "salon"
    clone.mkdir()
    for name in ("pyproject.toml", "Makefile", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, clone)
    shutil.copytree(ROOT / "scripts", clone / "scripts")
    path = tmp_path / "bin"
    path.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None, tool
        (path / tool).symlink_to(found)
    return clone


def serve(clone: Path, **env: str) -> tuple[int, str]:
    done = subprocess.run(
        ["make", "serve"],
        cwd=clone,
        env={"PATH": str(clone.parent / "bin"), "HOME": str(clone.parent), **env},
        capture_output=True,
        text=True,
        timeout=100,
    )
    said = [line for line in done.stderr.splitlines() if line.startswith("salon:")]
    assert len(said) == 1, done.stderr
    return done.returncode, said[0]


def test_without_python(machine: Path) -> None:
    code, said = serve(machine)
    assert code != 0
    assert "needs Python 3.11 or newer and found none" in said


def test_with_a_python_that_is_too_old(machine: Path) -> None:
    old = machine.parent / "bin" / "python3"
    old.write_text('#!/bin/sh\ncase "$2" in *print*) echo 3.9.2 ;; *) exit 1 ;; esac\n')
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    code, said = serve(machine)
    assert code != 0
    assert "needs Python 3.11 or newer and found 3.9.2: install" in said


def test_without_a_network(machine: Path) -> None:
    # A set-up that was begun: making .venv itself needs no network and takes seconds.
    venv.create(machine / ".venv", system_site_packages=True)
    nobody = "http://127.0.0.1:9/simple"
    code, said = serve(machine, PIP_INDEX_URL=nobody, PIP_CONFIG_FILE=os.devnull, PIP_NO_CACHE_DIR="1", PIP_RETRIES="1")
    assert code != 0
    assert "the package registry cannot be reached" in said
    assert not (machine / ".venv" / "ready-serve").exists()
