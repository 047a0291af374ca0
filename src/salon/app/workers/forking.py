"""Processes made from the program as it was before anything ran.

::

    parent ──(a socket for each worker)── forker ──> worker 1, worker 2, …

A process that has an event loop, threads and open files cannot be forked safely, and a program's agents and models cannot be
sent to a fresh one. So one process, the forker, is forked before anything runs and does nothing but fork: each worker has the
program's objects, and none of the parent's sockets. When the parent is gone, however it went, the forker ends, and the workers
with it.
"""

from __future__ import annotations

import array
import contextlib
import logging
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Final, NoReturn

from salon.base.errors import ConfigError

GRACE_SECONDS: Final = 5.0
"""How long workers may take to end when their parent is gone."""

Work = Callable[[int, socket.socket], int]
"""What a worker does: its number, its end of the socket to the parent; the exit code."""

SUPPORTED: Final = hasattr(os, "fork") and hasattr(socket, "SCM_RIGHTS")


class Forker:
    """Make it before anything runs. Every method is quick and may be called on an event loop."""

    def __init__(self, work: Work) -> None:
        if not SUPPORTED:
            raise ConfigError("Workers need fork, which this system does not have. Leave workers at 1.")
        self.control, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if not self._pid:
            self.control.close()
            _be_forker(theirs, work)
        theirs.close()
        self.control.setblocking(False)

    def fork(self, number: int) -> socket.socket:
        """A new worker of that number; our end of the socket to it. Raises ``OSError`` where the forker is gone."""
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self.control, [b"%d\n" % number], [theirs.fileno()])
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return ours

    def close(self) -> None:
        """Let the forker end, and wait for it: it waits for its workers, and kills those that do not end. Calling it again does
        nothing."""
        self.control.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pid, 0)


def _be_forker(control: socket.socket, work: Work) -> NoReturn:
    code = 1
    try:
        # Ctrl-C and systemd tell all processes. The parent drains, and ends the others when that is done.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        woken, wakes = os.pipe()
        os.set_blocking(wakes, False)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        _fork_and_reap(control, woken, wakes, work)
        code = 0
    except BaseException:
        logging.getLogger(__name__).exception("The process that makes workers failed")
    finally:
        # Nothing of the program's own that waits for its end may run here.
        os._exit(code)


def _fork_and_reap(control: socket.socket, woken: int, wakes: int, work: Work) -> None:
    running: set[int] = set()
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _reap(running)
        if control.fileno() in ready:
            data, fds = _receive(control)
            if not data:
                break
            # One message may hold several: as many numbers as sockets.
            for number, fd in zip(data.split(), fds, strict=True):
                with socket.socket(fileno=fd) as end:
                    pid = os.fork()
                    if not pid:
                        for each in (woken, wakes, *(other for other in fds if other != fd)):
                            with contextlib.suppress(OSError):
                                os.close(each)
                        _be_worker(control, int(number), end, work)
                running.add(pid)
    _end(running, woken)


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    fds = array.array("i")
    size = fds.itemsize
    data, ancillary, _, _ = control.recvmsg(4096, socket.CMSG_SPACE(64 * size))
    for level, kind, part in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(part[: len(part) - len(part) % size])
    return data, list(fds)


def _be_worker(control: socket.socket, number: int, end: socket.socket, work: Work) -> NoReturn:
    code = 1
    try:
        control.close()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        code = work(number, end)
    except BaseException:
        logging.getLogger(__name__).exception("Worker %d failed", number)
    finally:
        logging.shutdown()
        os._exit(code)


def _reap(running: set[int]) -> None:
    while running:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            running.clear()
            return
        if not pid:
            return
        running.discard(pid)


def _end(running: set[int], woken: int) -> None:
    """The parent is gone: so are the workers' sockets, and they end by themselves, or here."""
    _reap(running)
    while running:
        ready, _, _ = select.select([woken], [], [], GRACE_SECONDS)
        if not ready:
            for pid in running:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        else:
            os.read(woken, 4096)
        _reap(running)
