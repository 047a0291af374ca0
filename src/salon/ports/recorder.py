"""Who writes broadcasts to disk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import msgspec

from salon.ports.media import Source

FILE = re.compile(r"(?P<room>[A-Za-z0-9_.~-]{1,128})-\d{8}T\d{6}Z-\d{1,4}\.(?:webm|mkv)")
"""What files are called: the broadcast, when the recording began, and the file's number within it."""


class RecordingState(msgspec.Struct, frozen=True, kw_only=True):
    """``file`` is the newest file's name within the recordings' folder, empty before the first key frame. ``size`` (bytes) and
    ``milliseconds`` count all files. ``error`` is a sentence, empty while all is well."""

    file: str = ""
    size: int = 0
    milliseconds: int = 0
    error: str = ""


class Recording(Protocol):
    """One publisher's tracks on their way to disk."""

    @property
    def state(self) -> RecordingState: ...

    def stop(self) -> None:
        """Take no more. The file is finished in the background; calling it again does nothing."""
        ...


class Recorder(Protocol):
    def start(self, name: str, sources: Sequence[Source]) -> Recording:
        """Record from the next key frame on, until ``stop`` or until the sources are gone. ``name`` begins the files' names.

        Never blocks. Raises ``Refused`` (409 ``recording_unavailable``, 503 ``recording_busy``).
        """
        ...

    async def aclose(self) -> None:
        """Finish all files."""
        ...
