"""What a server of ``bench.soak`` holds, how late the two processes are, and how much more at the end is a leak."""

from __future__ import annotations

import asyncio
import json
import re
import time
import urllib.request
from collections import deque
from pathlib import Path

from bench.machine import rss_bytes

MOST_GROWN = {"descriptors": 2, "threads": 2, "tasks": 2, "llm": 0, "asr": 0, "tts": 0, "connections": 0, "streams": 0}
"""What may be held more at the end than before, when all have gone. A look itself is a connection and a thread."""
MOST_MIB = 32
"""What the process may grow by from a fifth of the time to its end, while as many talk: a leak of 1 MiB a minute is more in a
half hour."""


class Held:
    """What the server's process holds."""

    def __init__(self, pid: int, url: str, path: Path) -> None:
        self._pid = pid
        self._url = url
        self._path = path

    def look(self) -> dict[str, float]:
        with urllib.request.urlopen(f"{self._url}/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        open_now = sum(float(each) for each in re.findall(r"^salon_connections\{[^}]*\} (\S+)$", metrics, re.M))
        streams = sum(float(each) for each in re.findall(r"^salon_streams\{[^}]*\} (\S+)$", metrics, re.M))
        threads = re.search(r"Threads:\s+(\d+)", Path(f"/proc/{self._pid}/status").read_text())
        assert threads is not None
        return {
            "MiB": round(rss_bytes(self._pid) / 2**20, 1),
            "descriptors": len(list(Path(f"/proc/{self._pid}/fd").iterdir())),
            "threads": int(threads[1]),
            "connections": open_now,
            "streams": streams,
            **json.loads(self._path.read_text()),
        }


async def settled(held: Held, seconds: float = 90) -> dict[str, float]:
    """What is held when all have gone: calls that vanished are let go after half a minute."""
    ends = time.monotonic() + seconds
    while True:
        await asyncio.sleep(2)
        found = await asyncio.to_thread(held.look)
        if time.monotonic() > ends or not (found["connections"] or found["streams"] or found["asr"]):
            await asyncio.sleep(2)
            return await asyncio.to_thread(held.look)


class Lateness:
    """How late this process's event loop was; what it measures of others is not less."""

    def __init__(self, remembered: float) -> None:
        self._late: deque[float] = deque(maxlen=round(remembered / 0.5))

    async def run(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.5)
            self._late.append((time.monotonic() - before - 0.5) * 1000)

    @property
    def worst(self) -> float:
        """In ms, of the time that is remembered."""
        return max(self._late, default=0.0)


def leaks(base: dict[str, float], after: dict[str, float], talking: list[float]) -> list[str]:
    """What has grown beyond its bound; ``talking`` is the process's MiB, minute by minute."""
    found = [
        f"{key} {base[key]:g} -> {after[key]:g}" for key, most in MOST_GROWN.items() if after[key] > base[key] + most
    ]
    if len(talking) > 1 and (grown := talking[-1] - talking[len(talking) // 5]) > MOST_MIB:
        found.append(f"{grown:.0f} MiB while they talked")
    return found
