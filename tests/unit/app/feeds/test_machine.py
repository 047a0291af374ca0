from __future__ import annotations

from pathlib import Path

import pytest

from salon.app.feeds.machine import Machine
from salon.base.errors import ConfigError

NET = "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes packets\n"
DISKS = """\
 8 0 sda 1 0 {read} 0 1 0 {write} 0 0 0
 8 1 sda1 1 0 9 0 1 0 9 0 0 0
 259 0 nvme0n1 1 0 0 0 1 0 0 0 0 0
 7 0 loop0 1 0 9 0 1 0 9 0 0 0
"""


def write(proc: Path, *, busy: int, idle: int, received: int, read: int) -> Path:
    (proc / "net").mkdir(parents=True, exist_ok=True)
    (proc / "stat").write_text(f"cpu  {busy} 0 0 {idle} 0 0 0 0 5 0\ncpu0 {busy} 0 0 {idle} 0 0 0 0 5 0\nintr 9\n")
    (proc / "meminfo").write_text("MemTotal: 1000 kB\nMemAvailable: 250 kB\nSwapTotal: 0 kB\nHugePages_Total: 0\n")
    (proc / "loadavg").write_text("0.50 0.40 0.30 1/100 42\n")
    (proc / "net/dev").write_text(f"{NET}  eth0.5: {received} 1 0 0 0 0 0 0 {received * 2} 1 0 0 0 0 0 0\n")
    (proc / "diskstats").write_text(DISKS.format(read=read, write=2 * read))
    return proc


def test_rates_are_of_the_time_between_two_samples(tmp_path: Path) -> None:
    machine = Machine(write(tmp_path, busy=100, idle=100, received=0, read=0))
    first = {reading.key: reading.value for reading in machine.sample(1000)}
    assert first == {"memory.used": 75.0, "load.1": 0.5}
    write(tmp_path, busy=175, idle=125, received=4 * 1024 * 1024, read=2048)
    second = machine.sample(3000)
    assert {reading.at for reading in second} == {3000}
    assert {reading.key: reading.value for reading in second} == {
        "memory.used": 75.0,
        "load.1": 0.5,
        "cpu.all": 75.0,
        "cpu.0": 75.0,
        "net.eth0-5.in": 2.0,
        "net.eth0-5.out": 4.0,
        "disk.sda.read": 0.5,
        "disk.sda.write": 1.0,
        "disk.nvme0n1.read": 0.0,
        "disk.nvme0n1.write": 0.0,
    }


def test_every_reading_is_described(tmp_path: Path) -> None:
    machine = Machine(write(tmp_path, busy=1, idle=1, received=0, read=0))
    machine.sample(0)
    write(tmp_path, busy=2, idle=2, received=0, read=0)
    assert {reading.key for reading in machine.sample(1000)} == set(machine.about)
    assert machine.about["cpu.all"].zh == "处理器"
    assert machine.about["cpu.0"].unit == "%"


def test_counters_that_were_reset_give_no_negative_rate(tmp_path: Path) -> None:
    machine = Machine(write(tmp_path, busy=500, idle=500, received=9_000_000, read=4096))
    machine.sample(0)
    write(tmp_path, busy=10, idle=10, received=0, read=0)
    assert all(reading.value >= 0 for reading in machine.sample(1000))


def test_a_container_may_lack_some_of_it(tmp_path: Path) -> None:
    proc = write(tmp_path, busy=1, idle=1, received=0, read=0)
    (proc / "net/dev").unlink()
    (proc / "diskstats").unlink()
    assert set(Machine(proc).about) == {"memory.used", "load.1", "cpu.all", "cpu.0"}


def test_without_proc_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="only Linux"):
        Machine(tmp_path)


def test_this_machine_can_be_read() -> None:
    machine = Machine()
    machine.sample(0)
    sum(range(10_000_000))  # the kernel counts in hundredths of a second: some have to go by
    values = {reading.key: reading.value for reading in machine.sample(1000)}
    assert 0 <= values["cpu.all"] <= 100
    assert 0 < values["memory.used"] < 100
