"""Broadcasts on disk (``ports.recorder``): a folder, one file after another, written in a thread of its own.

What is on disk can be played at any time: a file grows by whole clusters, about one a second, each flushed to the disk. After a
crash nothing needs repair; only the index and the duration are missing.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from salon.base.errors import Refused
from salon.media.remux import Append, Begin, Finish, Remux, Step, recordable
from salon.ports.clock import Clock
from salon.ports.media import Source, Stop
from salon.ports.recorder import RecordingState
from salon.rtc.rtp import Packet

log = logging.getLogger(__name__)

MAX_RECORDINGS: Final = 100
# What may wait for the disk, of one recording: two minutes of 2 Mbit/s.
MAX_WAITING: Final = 32 * 1024 * 1024


class DiskRecorder:
    """``limit`` is the size in bytes at which a recording ends, 0 for none. Make it in a running loop."""

    def __init__(self, folder: Path, clock: Clock, *, limit: int = 0) -> None:
        self.folder = folder
        self.limit = limit
        self._clock = clock
        self._recordings: set[_Recording] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")

    def start(self, name: str, sources: Sequence[Source]) -> _Recording:
        wanted = [source for source in sources if recordable(source)]
        if not wanted:
            raise Refused("None of this broadcast's codecs can be recorded.", status=409, code="recording_unavailable")
        if len(self._recordings) >= MAX_RECORDINGS:
            raise Refused(
                f"There are {MAX_RECORDINGS} recordings already.", status=503, code="recording_busy", retry_after=30
            )
        began = datetime.fromtimestamp(self._clock.unix(), UTC).strftime("%Y%m%dT%H%M%SZ")
        remux = Remux(wanted, name, self._clock.now())
        recording = _Recording(self, f"{name}-{began}", remux, self._thread, self._recordings.discard)
        self._recordings.add(recording)
        recording.listen(wanted)
        return recording

    async def aclose(self) -> None:
        for recording in tuple(self._recordings):
            recording.stop()
        await asyncio.to_thread(self._thread.shutdown)


class _Recording:
    """Everything but ``_File`` runs on the loop."""

    def __init__(
        self,
        recorder: DiskRecorder,
        stem: str,
        remux: Remux,
        thread: ThreadPoolExecutor,
        over: Callable[[_Recording], None],
    ) -> None:
        self._limit = recorder.limit
        self._remux = remux
        self._loop = asyncio.get_running_loop()
        self._thread = thread
        self._over = over
        self._file = _File(recorder.folder, stem)
        self._stops: list[Stop] = []
        self._open_taps = 0
        self._waiting = 0
        self._stopped = False
        self._error = ""

    @property
    def state(self) -> RecordingState:
        return RecordingState(
            file=self._file.name, size=self._remux.size, milliseconds=self._remux.milliseconds, error=self._error
        )

    def listen(self, sources: Sequence[Source]) -> None:
        for index, source in enumerate(sources):
            self._open_taps += 1
            self._stops.append(source.tap(_Tap(self, index)))

    def packet(self, index: int, packet: Packet, now: int) -> None:
        if self._stopped:
            return
        steps = self._remux.feed(index, packet, now)
        if steps:
            self._write(steps)
            if self._limit and self._remux.size >= self._limit:
                self._fail(f"The recording has reached its limit of {self._limit // 1_000_000} MB.")
            elif self._waiting > MAX_WAITING:
                self._fail("The disk is too slow for this recording.")

    def source_closed(self) -> None:
        self._open_taps -= 1
        if not self._open_taps:
            self.stop()

    def stop(self) -> None:
        if self._stopped:
            return
        self._stopped = True
        for stop in self._stops:
            stop()
        self._write(self._remux.end())
        self._over(self)

    def _fail(self, sentence: str) -> None:
        if not self._error:
            self._error = sentence
            log.warning("Recording %s: %s", self._file.stem, sentence)
        self.stop()

    def _write(self, steps: Sequence[Step]) -> None:
        if not steps:
            return
        size = sum(len(step.data) for step in steps)
        self._waiting += size
        self._thread.submit(self._perform, steps, size)

    def _perform(self, steps: Sequence[Step], size: int) -> None:
        """In the thread."""
        sentence = ""
        try:
            for step in steps:
                self._file.perform(step)
        except OSError as error:
            sentence = f"The recording cannot be written: {error.strerror}."
        try:
            self._loop.call_soon_threadsafe(self._written, size, sentence)
        except RuntimeError:
            # The loop is over; the file is whole.
            log.debug("a recording outlived its loop")

    def _written(self, size: int, sentence: str) -> None:
        self._waiting -= size
        if sentence:
            self._fail(sentence)


class _Tap:
    """``ports.media.Tap``."""

    def __init__(self, recording: _Recording, index: int) -> None:
        self._recording = recording
        self._index = index

    def packet(self, packet: Packet, key: bool, now: int) -> None:
        self._recording.packet(self._index, packet, now)

    def closed(self) -> None:
        self._recording.source_closed()


class _File:
    """The file that is being written, in the thread. After an error nothing more is, and what is there stays."""

    def __init__(self, folder: Path, stem: str) -> None:
        self.stem = stem
        self.name = ""
        self._folder = folder
        self._number = 0
        self._open: BinaryIO | None = None

    def perform(self, step: Step) -> None:
        try:
            match step:
                case Begin(suffix, data):
                    self._begin(suffix, data)
                case Append(data) if self._open is not None:
                    self._append(self._open, data)
                case Finish(data, patches) if self._open is not None:
                    file, self._open = self._open, None
                    with file:
                        self._append(file, data)
                        for patch in patches:
                            file.seek(patch.offset)
                            file.write(patch.data)
                        file.flush()
                        os.fsync(file.fileno())
        except OSError:
            if self._open is not None:
                self._open.close()
                self._open = None
            raise

    def _begin(self, suffix: str, data: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        while True:
            self._number += 1
            path = self._folder / f"{self.stem}-{self._number}.{suffix}"
            try:
                # "x": a recording of the same second is never written over.
                self._open = path.open("xb")
            except FileExistsError:
                continue
            break
        self.name = path.name
        self._append(self._open, data)

    def _append(self, file: BinaryIO, data: bytes) -> None:
        file.write(data)
        file.flush()
        os.fdatasync(file.fileno())
