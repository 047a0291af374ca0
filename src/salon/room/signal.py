"""Topics of mode ``signal``: a message to one participant. Who is not there yet may still come in time.

The process of the sender keeps what waits, so that whoever sent it hears of its end, wherever the receiver would have been.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container
from typing import Final, Literal, NamedTuple

from salon.base.rooms import Expired, Signal

WAIT_MS: Final = 5_000
MAX_FROM_ONE: Final = 128
MAX_TO_ONE: Final = 256
MAX_WAITING: Final = 4096
MAX_BYTES: Final = 8 * 1024 * 1024


class Forward(NamedTuple):
    """The receiver is there: send it."""

    signal: Signal


class Report(NamedTuple):
    """Tell the sender."""

    sender: str
    expired: Expired


MailOutput = Forward | Report


class Mailbox:
    """``now`` is in milliseconds. All signals wait equally long, so the first to come is the first to expire."""

    def __init__(self, wait_ms: int = WAIT_MS) -> None:
        self._wait = wait_ms
        self._waiting: deque[tuple[int, Signal]] = deque()
        self._to: dict[str, int] = {}
        self._from: dict[str, int] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def send(self, signal: Signal, present: bool, now: int) -> list[MailOutput]:
        """``present``: whether its receiver is there and subscribed to the topic."""
        if present:
            return [Forward(signal)]
        size = len(signal.data)
        # One sender alone cannot take the room of others.
        if (
            self._from.get(signal.who.session, 0) >= MAX_FROM_ONE
            or self._to.get(signal.to, 0) >= MAX_TO_ONE
            or len(self._waiting) >= MAX_WAITING
            or self._bytes + size > MAX_BYTES
        ):
            return [_report(signal, "full")]
        self._waiting.append((now + self._wait, signal))
        self._count(signal, 1)
        return []

    def arrive(self, session: str, identity: str, topics: Container[str]) -> list[MailOutput]:
        """Somebody came or came back, and hears these topics: what waits for it there goes, in order."""
        if session not in self._to and identity not in self._to:
            return []
        outputs: list[MailOutput] = []
        kept: deque[tuple[int, Signal]] = deque()
        for due, signal in self._waiting:
            if signal.to in (session, identity) and signal.topic in topics:
                self._count(signal, -1)
                outputs.append(Forward(signal))
            else:
                kept.append((due, signal))
        self._waiting = kept
        return outputs

    def wake(self, now: int) -> list[MailOutput]:
        outputs: list[MailOutput] = []
        while self._waiting and self._waiting[0][0] <= now:
            _, signal = self._waiting.popleft()
            self._count(signal, -1)
            outputs.append(_report(signal, "absent"))
        return outputs

    def wake_at(self) -> int | None:
        return self._waiting[0][0] if self._waiting else None

    def _count(self, signal: Signal, by: int) -> None:
        self._bytes += by * len(signal.data)
        for counts, name in ((self._to, signal.to), (self._from, signal.who.session)):
            counts[name] = counts.get(name, 0) + by
            if not counts[name]:
                del counts[name]


def _report(signal: Signal, reason: Literal["absent", "full"]) -> Report:
    return Report(signal.who.session, Expired(signal.topic, signal.id, signal.to, reason))
