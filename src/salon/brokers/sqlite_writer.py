"""One thread that owns a SQLite file: jobs in order, many to a transaction, answered when they are on disk.

::

    event loop ──job──> bounded queue ──> BEGIN; job, job, job …; COMMIT (fsync) ──> answers, in order ──> event loop

What waits while a commit is on its way to disk goes into the next: the more there is to do, the more goes into one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from salon.base.errors import ConfigError, Refused

logger = logging.getLogger(__name__)

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], T]

MAX_WAITING: Final = 8192
MAX_BATCH: Final = 512


class _Task(NamedTuple):
    job: Job[Any]
    done: asyncio.Future[Any]
    then: Callable[[Any], None] | None


class SqliteWriter:
    """``schema`` is run when the file is opened: by ``open``, or by the first job. The file belongs to this process alone until
    ``close``. ``settled`` is called after each transaction's ``then``, before anybody who waits for a job goes on."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        schema: str,
        *,
        most: int = MAX_WAITING,
        settled: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = Path(path)
        self._schema = schema
        self._settled = settled
        self._queue: queue.Queue[_Task | None] = queue.Queue(maxsize=most)
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self._late = 0
        self.commits = 0

    @property
    def is_open(self) -> bool:
        return self._thread is not None

    @property
    def exists(self) -> bool:
        """Something was kept here before."""
        return self._path.exists()

    async def open(self) -> None:
        """Raises ``ConfigError`` where the file cannot be used: no permission, no database, another server has it."""
        async with self._opening:
            if self._thread is not None:
                return
            self._loop = asyncio.get_running_loop()
            opened: asyncio.Future[None] = self._loop.create_future()
            thread = threading.Thread(target=self._run, args=(opened,), name=f"sqlite {self._path.name}", daemon=True)
            thread.start()
            await opened
            self._thread = thread

    async def close(self) -> None:
        """Finish what waits."""
        self._closed = True
        if self._thread is None or self._loop is None:
            return
        thread, self._thread = self._thread, None
        await self._loop.run_in_executor(None, self._queue.put, None)
        await self._loop.run_in_executor(None, thread.join)

    async def do(self, job: Job[T], then: Callable[[T], None] | None = None) -> T:
        """The job's result, once it is on disk; ``then`` is called with it before, in the order of all jobs, even where
        nobody waits any more. What a job raises comes out here, and its changes are undone. Raises ``Refused``."""
        if self._thread is None or self._late:
            # Whoever comes while others still wait for the file stands behind them.
            self._late += 1
            try:
                await self._open_late()
            finally:
                self._late -= 1
        assert self._loop is not None
        done: asyncio.Future[T] = self._loop.create_future()
        try:
            self._queue.put_nowait(_Task(job, done, then))
        except queue.Full:
            raise Refused(
                "More is written than the disk can take. Try again in a moment.",
                status=503,
                code="broker_busy",
                retry_after=1,
            ) from None
        return await done

    async def _open_late(self) -> None:
        if self._closed:
            raise _unavailable()
        try:
            await self.open()
        except ConfigError as error:
            logger.error("%s", error)
            raise _unavailable() from None

    def _run(self, opened: asyncio.Future[None]) -> None:
        try:
            connection = _connect(self._path, self._schema)
        except (sqlite3.Error, OSError) as error:
            self._tell(_fail, opened, ConfigError(f"{self._path} cannot be used for rooms: {_why(error)}"))
            return
        self._tell(_succeed, opened)
        with contextlib.closing(connection):
            over = False
            while not over:
                tasks, over = self._take()
                if tasks:
                    answers = _transact(connection, tasks)
                    self.commits += 1
                    self._tell(_settle, tasks, answers, self._settled)

    def _tell(self, what: Callable[..., None], *arguments: Any) -> None:
        """In the event loop, which is gone where the process ends without having closed this."""
        assert self._loop is not None
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(what, *arguments)

    def _take(self) -> tuple[list[_Task], bool]:
        """What waits, at least one; and whether that was the last."""
        first = self._queue.get()
        if first is None:
            return [], True
        tasks = [first]
        with contextlib.suppress(queue.Empty):
            while len(tasks) < MAX_BATCH:
                task = self._queue.get_nowait()
                if task is None:
                    return tasks, True
                tasks.append(task)
        return tasks, False


def _connect(path: Path, schema: str) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # What people say to each other is not for every user of the machine.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=1.0)
    try:
        # A second server on the same file would hand out the same offsets. The lock is the operating system's: it ends with
        # the process, however that ends.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        # sqlite.org/pragma.html#pragma_synchronous: in WAL mode only FULL is durable across a loss of power.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in filter(str.strip, schema.split(";")):
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _transact(connection: sqlite3.Connection, tasks: list[_Task]) -> list[Any]:
    """What each job returned, or the exception it raised; all are the same one where the commit failed."""
    answers: list[Any] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for task in tasks:
            connection.execute("SAVEPOINT job")
            try:
                answers.append(task.job(connection))
            except Exception as error:
                answers.append(error)
                connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        logger.error("Rooms could not be written to disk: %s", _why(error))
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        return [_unavailable()] * len(tasks)
    return answers


def _settle(tasks: list[_Task], answers: list[Any], settled: Callable[[], None]) -> None:
    for task, answer in zip(tasks, answers, strict=True):
        if isinstance(answer, BaseException):
            if isinstance(answer, sqlite3.Error):
                logger.error("Rooms could not be written to disk: %s", _why(answer))
                answer = _unavailable()
            if not task.done.done():
                task.done.set_exception(answer)
            continue
        if task.then is not None:
            task.then(answer)
        if not task.done.done():
            task.done.set_result(answer)
    settled()


def _succeed(opened: asyncio.Future[None]) -> None:
    if not opened.done():
        opened.set_result(None)


def _fail(opened: asyncio.Future[None], reason: Exception) -> None:
    if not opened.done():
        opened.set_exception(reason)


def _unavailable() -> Refused:
    return Refused("What was said could not be stored.", status=503, code="broker_unavailable", retry_after=5)


def _why(error: BaseException) -> str:
    text = str(error)
    if "locked" in text:
        return "another server uses it"
    return text or type(error).__name__
