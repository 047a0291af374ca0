from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest

from salon.app.log_writer import LogWriter


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, int]]:
    reads, writes = os.pipe()
    with os.fdopen(reads) as file:
        yield file, writes
    os.close(writes)


def line(words: str) -> logging.LogRecord:
    return logging.LogRecord("salon.test", logging.INFO, __file__, 1, words, (), None)


def read_line(file: TextIO) -> str:
    return file.readline().rstrip("\n")


def test_lines_are_written_in_order(pipe: tuple[TextIO, int]) -> None:
    writer = LogWriter(pipe[1])
    for number in range(100):
        writer.emit(line(f"line {number}"))
    writer.flush()
    assert [read_line(pipe[0]) for _ in range(100)] == [f"line {number}" for number in range(100)]


def test_a_pipe_that_nobody_reads_holds_nobody_up(pipe: tuple[TextIO, int]) -> None:
    os.set_blocking(pipe[1], False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe[1], b"filled\n")
    os.set_blocking(pipe[1], True)
    writer = LogWriter(pipe[1], most=10_000)
    for number in range(2000):
        writer.emit(line(f"{number} {'x' * 1000}"))
    # The first ones wait; each of the others was dropped, and is counted once somebody reads.
    seen: list[str] = []
    while not (seen and "dropped" in seen[-1]):
        seen.append(read_line(pipe[0]))
    told = re.match(r"(\d+) lines of the log were dropped", seen.pop())
    assert told is not None
    seen = [each for each in seen if not each.startswith("fil")]
    assert [int(each.split()[0]) for each in seen] == list(range(len(seen)))
    assert len(seen) + int(told[1]) == 2000
    writer.emit(line("read again"))
    assert read_line(pipe[0]) == "read again"


def test_a_pipe_that_is_closed_ends_nothing(pipe: tuple[TextIO, int]) -> None:
    pipe[0].close()
    writer = LogWriter(pipe[1])
    writer.emit(line("to nobody"))
    writer.flush()
    writer.emit(line("to nobody"))
    writer.flush()


def test_a_pipe_that_does_not_wait_is_waited_for(pipe: tuple[TextIO, int]) -> None:
    os.set_blocking(pipe[1], False)
    writer = LogWriter(pipe[1])
    words = "x" * 200_000
    writer.emit(line(words))
    assert read_line(pipe[0]) == words


def test_a_line_that_cannot_be_made_says_so(pipe: tuple[TextIO, int]) -> None:
    writer = LogWriter(pipe[1])
    record = line("%d")
    record.args = ("no number",)
    writer.emit(record)
    assert read_line(pipe[0]) == "A line of the log could not be made:"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_writes_its_own() -> None:
    program = """
    import logging, os
    from salon.app import logs
    logs.configure()
    logger = logging.getLogger("salon.test")
    logger.info("parent")
    logging.root.handlers[0].flush()
    if not (child := os.fork()):
        logger.info("child")
        logging.shutdown()
        os._exit(0)
    os.waitpid(child, 0)
    logger.info("at the end")
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert [each.split(": ")[1] for each in done.stderr.splitlines()] == ["parent", "child", "at the end"]


PROGRAM = """
import asyncio, logging
from salon import Salon

salon = Salon(port=0, llm="demo")
logger = logging.getLogger("salon.test")

@salon.task
async def shout() -> None:
    for number in range(3000):
        logger.warning("%d %s", number, "x" * 1000)
    print("shouted", flush=True)

raise SystemExit(salon.run(lambda urls: print(urls[0], flush=True)))
"""


def test_a_server_whose_standard_error_nobody_reads_answers(tmp_path: os.PathLike[str]) -> None:
    command = [sys.executable, "-c", PROGRAM]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SALON_")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, cwd=tmp_path
    ) as server:
        watch = threading.Timer(60, server.kill)
        watch.start()
        try:
            assert server.stdout is not None and server.stderr is not None
            said = sorted(server.stdout.readline().strip() for _ in range(2))
            assert said[1] == "shouted"
            with urllib.request.urlopen(said[0] + "/healthz", timeout=10) as answer:
                assert answer.status == 200
            # It is read again: what was kept, and how much was not.
            for line in server.stderr:
                if "dropped" in line:
                    break
            else:
                pytest.fail("nobody said that lines were dropped")
            server.send_signal(signal.SIGTERM)
            assert server.wait() == 0
            assert "Signal 15" in server.stderr.read()
        finally:
            watch.cancel()
            server.kill()
