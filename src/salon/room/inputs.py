"""What participants want of an authoritative state, between two of its ticks: in order, each once, bounded."""

from __future__ import annotations

from typing import Final

from salon.base.rooms import Input

MAX_WAITING: Final = 64
MAX_SESSIONS: Final = 4096


class Inputs:
    """``add`` and ``take``; then ``acknowledge`` gives the last processed sequence of each session that had any since."""

    def __init__(self) -> None:
        self._waiting: list[Input] = []
        self._counts: dict[str, int] = {}
        self._last: dict[str, int] = {}
        self._processed: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, given: Input) -> bool:
        """False where it is not taken: an old sequence number (a duplicate, or one that was overtaken), or too many of this
        session wait for the next tick. The client sees from the acknowledgements which ones counted."""
        session = given.who.session
        if given.sequence <= self._last.get(session, -1):
            return False
        if self._counts.get(session, 0) >= MAX_WAITING:
            return False
        if session not in self._last and len(self._last) >= MAX_SESSIONS:
            return False
        self._last[session] = given.sequence
        self._counts[session] = self._counts.get(session, 0) + 1
        self._waiting.append(given)
        return True

    def take(self) -> list[Input]:
        """All that wait, in the order of their coming. They count as processed."""
        taken, self._waiting = self._waiting, []
        self._counts.clear()
        for given in taken:
            self._processed[given.who.session] = given.sequence
        return taken

    def acknowledge(self) -> dict[str, int]:
        acks, self._processed = self._processed, {}
        return acks

    def forget(self, session: str) -> None:
        """It has left; should it come back, it counts from the beginning."""
        self._last.pop(session, None)
        self._processed.pop(session, None)
        self._counts.pop(session, None)
        self._waiting = [given for given in self._waiting if given.who.session != session]
