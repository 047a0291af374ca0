"""Processes made from a program: each test is a program of its own, since a test runner has threads and what not."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap

HEAD = '''
import os, signal, socket, sys, time
from salon.app.workers.forking import Forker

kept = ["made before"]

def work(number, end):
    """Says who it is; then whatever it is told, until its parent is gone."""
    end.sendall(f"{number} {os.getpid()} {kept[0]}\\n".encode())
    while told := end.recv(100):
        if told == b"die":
            os._exit(3)
        if told == b"fail":
            raise LookupError("as it was told")
        if told == b"stay":
            time.sleep(600)
        end.sendall(told.upper())
    return 0

def heard(end):
    return end.recv(100).decode().split(maxsplit=2)

def gone(pid):
    for _ in range(1000):
        try:
            if ") Z " in open(f"/proc/{pid}/stat").read():
                return True
        except (FileNotFoundError, ProcessLookupError):  # the second where it goes between open and read
            return True
        time.sleep(0.01)

forker = Forker(work)
kept[0] = "made since"
'''


def run(program: str, **how: object) -> str:
    code = HEAD + textwrap.dedent(program)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == how.get("code", 0), done.stderr
    if how.get("quiet", True):
        assert done.stderr == ""
    return done.stdout


def test_a_worker_has_the_program_as_it_was_and_a_socket_of_its_own() -> None:
    run("""
        one, other = forker.fork(1), forker.fork(2)
        (number, pid, said), (_, other_pid, _) = heard(one), heard(other)
        assert (number, said) == ("1", "made before\\n"), (number, said)
        assert len({pid, other_pid, str(os.getpid())}) == 3
        one.sendall(b"x")
        assert one.recv(1) == b"X"
        one.close()
        assert gone(pid)
        other.sendall(b"y")
        assert other.recv(1) == b"Y", "the end of one is not the other's"
        other.close()
        forker.close()
        assert gone(other_pid)
    """)


def test_one_that_died_can_be_followed_by_another() -> None:
    run("""
        for how in (b"die", b"die"):
            end = forker.fork(7)
            _, pid, _ = heard(end)
            end.sendall(how)
            assert end.recv(1) == b""
            assert gone(pid)
        forker.close()
    """)


def test_a_failure_is_told_and_stays_in_its_process() -> None:
    run(
        """
        end = forker.fork(7)
        heard(end)
        end.sendall(b"fail")
        assert end.recv(1) == b""
        forker.close()
        """,
        quiet=False,
    )


def test_signals_for_all_are_the_parent_s_to_answer() -> None:
    run("""
        end = forker.fork(1)
        _, pid, _ = heard(end)
        for process in (int(pid), forker._pid):
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(process, number)
        end.sendall(b"x")
        assert end.recv(1) == b"X"
        end.close()
        forker.close()
        assert gone(pid)
    """)


def test_one_that_does_not_end_is_killed() -> None:
    run("""
        from salon.app.workers import forking
        end = forker.fork(1)
        _, pid, _ = heard(end)
        end.sendall(b"stay")
        began = time.monotonic()
        forker.close()
        assert gone(pid)
    """.replace("forker.fork", "slow.fork").replace("forker.close", "slow.close").replace(
        "end = slow", "forking.GRACE_SECONDS = 0.2\n        slow = Forker(work)\n        end = slow", 1
    ))  # fmt: skip


def test_all_end_when_the_parent_is_killed() -> None:
    said = run(
        """
        ends = [forker.fork(number) for number in (1, 2)]
        print(forker._pid, *(heard(end)[1] for end in ends), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        code=-signal.SIGKILL,
    )
    run(f"assert all(gone(pid) for pid in {said.split()!r})\nforker.close()")
