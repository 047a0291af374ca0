"""What benchmarks share: processes that are started and ended, what they cost, and the line that says where this ran."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")

CONFIG = """
[server]
max_sessions = 20000
max_connections = 20000
"""


def describe() -> str:
    """Date, processor, cores and Python."""
    cpu = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    return f"{date.today()}, {cpu}, {os.cpu_count()} cores, Python {platform.python_version()}"


def cpu_seconds(pid: int) -> float:
    """User and system time of one process so far, all its threads. The scheduler counts nanoseconds where it says them; ticks
    are too coarse for what hardly works."""
    try:
        threads = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/schedstat")]
        return sum(int(each.split()[0]) for each in threads) / 1e9
    except (OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK


def datagrams() -> int:
    """UDP datagrams that this machine's programs have sent so far, IPv4 and IPv6."""
    plain = Path("/proc/net/snmp").read_text().split("\nUdp: ")[2].split()[3]
    six = re.search(r"Udp6OutDatagrams\s+(\d+)", Path("/proc/net/snmp6").read_text())
    return int(plain) + int(six[1] if six else 0)


def rss_bytes(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


@asynccontextmanager
async def process(
    arguments: Sequence[str], ready: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[tuple[int, str]]:
    """Start, wait for the line on stdout or stderr that matches ``ready``, give the pid and the match's first group, and end."""
    child = await asyncio.create_subprocess_exec(
        *arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}
    )
    assert child.stdout is not None
    try:
        async with asyncio.timeout(60):
            while True:
                line = (await child.stdout.readline()).decode()
                if not line:
                    raise RuntimeError(f"{arguments[0]} ended before it was ready")
                if found := re.search(ready, line):
                    break
        # Nobody reads on: a program that says much would wait for that.
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_drained(child.stdout))
            try:
                yield child.pid, found[1]
            finally:
                reading.cancel()
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


async def _drained(output: asyncio.StreamReader) -> None:
    while await output.read(65_536):
        pass


@asynccontextmanager
async def salon(
    *arguments: str, env: Mapping[str, str] | None = None, more: str = ""
) -> AsyncIterator[tuple[int, int]]:
    """``salon serve`` on a free port, without anybody's configuration but ``more`` (TOML): its pid and port. What it keeps
    is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "salon.toml"
        config.write_text(CONFIG + more.replace("bench.db", f"{folder}/bench.db"))
        command = [sys.executable, "-m", "salon.cli.main", "serve", "--port", "0", "--config", str(config), *arguments]
        async with process(command, r"http://127\.0\.0\.1:(\d+)", env) as (pid, port):
            yield pid, int(port)
