"""How fast Salon starts and how much room it takes, beside what is known of its neighbours.

Import and start are measured here, cold: a new process each time, with the page cache as it is, the median of five. The
installed size is that of a new environment with the default dependencies, without pip. The neighbours' figures are
published ones (see NEIGHBOURS), since installing them takes minutes; they are printed as such.

    python -m bench.start
"""

from __future__ import annotations

import asyncio
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.machine import describe, salon

ROOT = Path(__file__).parents[1]
RUNS = 5
# Measured by Salon's founders on one 2-core machine in 2026-11, and handed down with the design: MB installed, s to import.
NEIGHBOURS = {"LiveKit Agents 1.8": (310, "3.9-5.3"), "Pipecat 1.14": (408, "2.9")}


def import_seconds() -> float:
    """``import salon``, less what an empty interpreter takes."""

    def once(code: str) -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - began

    empty = statistics.median(once("pass") for _ in range(RUNS))
    return statistics.median(once("import salon; salon.Agent; salon.tool") for _ in range(RUNS)) - empty


async def ready_seconds() -> float:
    """From the command to the line that says where to click."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        async with salon("--llm", "demo"):
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def installed_megabytes() -> float | None:
    """None without uv and without a package index."""
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    with tempfile.TemporaryDirectory() as folder:
        try:
            subprocess.run([uv, "venv", "-q", folder], check=True, capture_output=True)
            install = [uv, "pip", "install", "-q", "--link-mode", "copy", "--python", f"{folder}/bin/python", str(ROOT)]
            subprocess.run(install, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        files = [path for path in Path(folder).rglob("*") if path.is_file() and not path.is_symlink()]
        return sum(path.stat().st_size for path in files) / 1e6


async def main() -> None:
    print(f"bench/start: {describe()}")
    imported, ready, size = import_seconds(), await ready_seconds(), installed_megabytes()
    print(f"import salon      {imported:.2f} s")
    print(f"salon serve ready {ready:.2f} s")
    print(f"installed         {f'{size:.0f} MB' if size is not None else 'not measured: no uv or no package index'}")
    for name, (megabytes, seconds) in NEIGHBOURS.items():
        ratio = f", {megabytes / size:.0f} times ours" if size else ""
        print(f"{name} (published): {megabytes} MB{ratio}; import {seconds} s")


if __name__ == "__main__":
    asyncio.run(main())
