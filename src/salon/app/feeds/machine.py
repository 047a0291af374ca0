"""This machine's load, as Linux tells it: processors, memory, network, disks. Read from /proc (proc(5))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from salon.app.feeds.reading import About, Reading
from salon.base.errors import ConfigError

_SECTOR_BYTES = 512  # proc(5), diskstats: "sectors" are of 512 bytes, whatever the disk's are
_MIB = 1024 * 1024
_MAX_DEVICES = 16


class Machine:
    """Rates are of the time between two samples, so the first one has none. Raises ``ConfigError`` where there is no /proc."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        if not (proc / "stat").exists():
            raise ConfigError(f"this machine's load is read from {proc}, which only Linux has")
        self.about: Mapping[str, About] = dict(self._describe())
        self._before: dict[str, float] = {}
        self._at = 0

    def sample(self, now: int) -> list[Reading]:
        """``now`` in milliseconds since 1970."""
        values = dict(self._load())
        counters = dict(self._counters())
        elapsed = (now - self._at) / 1000
        if self._before and elapsed > 0:
            values.update(self._shares(counters))
            for key, count in counters.items():
                if key.startswith(("net.", "disk.")) and key in self._before:
                    values[key] = max(count - self._before[key], 0) / elapsed / _MIB
        self._before, self._at = counters, now
        return [Reading(key, round(value, 3), now) for key, value in values.items() if key in self.about]

    def _describe(self) -> Iterator[tuple[str, About]]:
        for key, _ in self._load():
            yield (
                key,
                {
                    "memory.used": About("Memory in use", "已用内存", "memory", "%", 1),
                    "memory.swap": About("Swap in use", "已用交换空间", "memory", "%", 1),
                    "load.1": About("Load, 1 minute", "1 分钟负载", "load"),
                }[key],
            )
        for key, _ in self._counters():
            kind, name, *rest = key.split(".")
            if kind == "cpu" and rest == ["total"]:
                label = ("Processor", "处理器") if name == "all" else (f"Core {name}", f"核心 {name}")
                yield f"cpu.{name}", About(*label, "cpu", "%", 1)
            elif kind == "net":
                way = {"in": ("received", "接收"), "out": ("sent", "发送")}[rest[0]]
                yield key, About(f"{name} {way[0]}", f"{name} {way[1]}", "network", "MiB/s", 3)
            elif kind == "disk":
                way = {"read": ("read", "读取"), "write": ("written", "写入")}[rest[0]]
                yield key, About(f"{name} {way[0]}", f"{name} {way[1]}", "disk", "MiB/s", 3)

    def _shares(self, counters: Mapping[str, float]) -> Iterator[tuple[str, float]]:
        for key in counters:
            if not key.endswith(".total"):
                continue
            name = key.removesuffix(".total")
            total = counters[key] - self._before.get(key, 0)
            busy = counters[f"{name}.busy"] - self._before.get(f"{name}.busy", 0)
            if total > 0:
                yield name, min(max(100 * busy / total, 0), 100)

    def _load(self) -> Iterator[tuple[str, float]]:
        memory = {
            name: int(rest.split()[0]) for name, rest in _pairs((self._proc / "meminfo").read_text()) if rest.split()
        }
        if total := memory.get("MemTotal", 0):
            yield "memory.used", 100 * (1 - memory.get("MemAvailable", 0) / total)
        if swap := memory.get("SwapTotal", 0):
            yield "memory.swap", 100 * (1 - memory.get("SwapFree", 0) / swap)
        yield "load.1", float((self._proc / "loadavg").read_text().split()[0])

    def _counters(self) -> Iterator[tuple[str, float]]:
        for line in (self._proc / "stat").read_text().splitlines():
            name, *ticks = line.split()
            if name.startswith("cpu"):
                # user nice system idle iowait irq softirq steal; guest times are in user already.
                times = [int(each) for each in ticks[:8]]
                core = f"cpu.{name[3:] or 'all'}"
                yield f"{core}.total", sum(times)
                yield f"{core}.busy", sum(times) - times[3] - times[4]
        for interface, rest in list(_pairs(self._read("net/dev")))[2:][:_MAX_DEVICES]:
            fields = rest.split()
            # A name with a dot (a VLAN's) is one name all the same.
            safe = interface.replace(".", "-")
            yield f"net.{safe}.in", int(fields[0])
            yield f"net.{safe}.out", int(fields[8])
        for line in self._read("diskstats").splitlines():
            fields = line.split()
            if len(fields) > 9 and _whole_disk(fields[2]):
                yield f"disk.{fields[2]}.read", int(fields[5]) * _SECTOR_BYTES
                yield f"disk.{fields[2]}.write", int(fields[9]) * _SECTOR_BYTES

    def _read(self, name: str) -> str:
        """Containers may lack some of it."""
        path = self._proc / name
        return path.read_text() if path.exists() else ""


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        yield name.strip(), rest


def _whole_disk(name: str) -> bool:
    if name.startswith(("loop", "ram", "zram", "dm-", "sr", "fd")):
        return False
    return "p" not in name[4:] if name.startswith(("nvme", "mmcblk")) else not name[-1].isdigit()
