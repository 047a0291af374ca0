"""Where foreign clients live: one environment for each set of requirements, made once and kept in ``.venvs``.

A client is installed as its authors publish it, next to nothing of ours, so that what a test proves holds for the
client that users have. An environment is named after its requirements: change them and a new one is made. It is
usable when its marker file is there; a half-made one is thrown away. A file lock lets parallel test runs share one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".venvs"
MARKER = ".complete"


class EnvironmentFailed(RuntimeError):
    """Making an environment failed; the message ends with what the tool said."""


class ProgramMissing(EnvironmentFailed):
    """A program that brings clients is not on this machine; `tests/conftest.py` skips what needs it, but for CI."""


def python_env(name: str, requirements: Sequence[str], python: str | None = None) -> Path:
    """The interpreter of a virtual environment that has ``requirements`` (as pip understands them) and nothing else.

    ``python`` is a version (``3.12``) or a path; None is the one that runs the tests. ``uv`` makes the environment
    where it is found, ``venv`` and pip otherwise.
    """
    version = python or "{}.{}".format(*sys.version_info[:2])
    home = HOME / _key(name, [version, *requirements])
    interpreter = home / "bin" / "python"
    uv = _tool("uv")

    def build() -> None:
        if uv is not None:
            _run([uv, "venv", "--quiet", "--python", python or sys.executable, str(home)])
            _run([uv, "pip", "install", "--quiet", "--python", str(interpreter), *requirements])
            return
        _run([_interpreter(python), "-m", "venv", str(home)])
        _run([str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])

    _once(home, build)
    return interpreter


def node_env(name: str, packages: Sequence[str]) -> Path:
    """A directory whose ``node_modules`` has ``packages`` (as npm understands them: ``centrifuge@5.3.4``).

    Run scripts with it as the working directory, or with its ``node_modules`` as ``NODE_PATH``. No package's install
    script is run.
    """
    home = HOME / _key(name, packages)
    npm = _tool("npm")
    if npm is None:
        raise ProgramMissing("npm is not installed (Node.js 20 or newer; Debian: apt install nodejs npm)")

    def build() -> None:
        home.mkdir(parents=True)
        (home / "package.json").write_text('{"name": "environment", "private": true}\n')
        _run([npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", *packages], cwd=home)

    _once(home, build)
    return home


def _key(name: str, parts: Sequence[str]) -> str:
    return f"{name}-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:12]}"


def _once(home: Path, build: Callable[[], None]) -> None:
    if (home / MARKER).exists():
        return
    HOME.mkdir(exist_ok=True)
    with open(HOME / f"{home.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (home / MARKER).exists():  # somebody else made it while we waited
            return
        shutil.rmtree(home, ignore_errors=True)
        build()
        (home / MARKER).touch()


def _tool(name: str) -> str | None:
    """A program on PATH, or beside the interpreter: a virtual environment need not be activated to run its tests."""
    return shutil.which(name) or shutil.which(name, path=os.path.dirname(sys.executable))


def _interpreter(python: str | None) -> str:
    if python is None:
        return sys.executable
    found = shutil.which(python) or shutil.which(f"python{python}")
    if found is None:
        raise EnvironmentFailed(f"no Python {python} on PATH; install it, or install uv, which brings it")
    return found


def _run(command: Sequence[str], cwd: Path | None = None) -> None:
    # The tests' own environment must not leak into the foreign one.
    environment = {key: value for key, value in os.environ.items() if key not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise EnvironmentFailed(f"{' '.join(command)} failed:\n{(done.stderr or done.stdout)[-2000:]}")
