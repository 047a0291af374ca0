"""Writes lines of the log from a thread of its own.

A pipe that nobody reads, or a terminal that is held with Ctrl-S, lets no line through. Whoever logs would stand still with it,
and that is the event loop, with all who are connected. So lines wait here, at most ``MAX_WAITING`` bytes of them; those that
find no place are dropped, and the log says how many as soon as it is read again.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import traceback
from collections import deque
from typing import Final

MAX_WAITING: Final = 1024 * 1024
FLUSH_SECONDS: Final = 1.0
"""How long the end of the process waits for what is not written yet."""


class LogWriter(logging.Handler):
    """``fd`` is written to and never closed. What a traceback may not show is the formatter's business."""

    def __init__(self, fd: int, most: int = MAX_WAITING) -> None:
        super().__init__()
        self._fd = fd
        self._most = most
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        """Threads stay behind when a process forks, and what waited is the parent's to write."""
        self._changed = threading.Condition()
        self._lines: deque[bytes] = deque()
        self._waiting = 0
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)
        except Exception:
            # The standard library would print this, to a standard error that may let nothing through.
            line = f"A line of the log could not be made:\n{traceback.format_exc()}"
        data = f"{line}\n".encode(errors="backslashreplace")
        with self._changed:
            if self._waiting + len(data) > self._most:
                self._dropped += 1
                return
            self._lines.append(data)
            self._waiting += len(data)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self) -> None:
        """Return when all is written, or after ``FLUSH_SECONDS``."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, FLUSH_SECONDS)

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                line = self._lines.popleft()
            written = _write_all(self._fd, line)
            with self._changed:
                self._waiting -= len(line)
                self._dropped += not written
                if self._dropped and written and not self._lines:
                    self._lines.append(self._told(self._dropped))
                    self._waiting += len(self._lines[-1])
                    self._dropped = 0
                self._changed.notify_all()

    def _told(self, dropped: int) -> bytes:
        words = "%d lines of the log were dropped: nobody read it"
        record = logging.LogRecord(__name__, logging.WARNING, __file__, 0, words, (dropped,), None)
        return f"{self.format(record)}\n".encode()


def _write_all(fd: int, data: bytes) -> bool:
    """False where nobody can read it any more."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            # Whoever started us has left the pipe so that a write does not wait.
            select.select([], [fd], [])
        except OSError:
            return False
    return True
