"""Topics of mode ``log``: ordered, with history, and no gap that a reader is not told of.

``History`` is the log itself. ``LogTopic`` is one process's copy of its end with the readers that it serves::

    reader:  join ──(buffers)──> start(page) ──caught up──> live ──gap that cannot be filled──> told, gone
    topic:   in order ──an offset is missing──> filling ──page──> in order
                                                       └──not proved──> every reader is told
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Final, NamedTuple

from salon.base.rooms import Page, Position, Publication, Published, Who

IDEMPOTENCY_SECONDS: Final = 300
IDEMPOTENCY_KEYS: Final = 10_000

MAX_AHEAD: Final = 1024
"""Publications that wait for a missing one before it, and those that wait for a reader which is catching up."""

MAX_TOGETHER: Final = 64 * 1024
"""Bytes of data from which on publications that come at once are delivered in several pieces."""


def is_provable(since: Position, top: Position, first: int) -> bool:
    """Whether all publications behind ``since`` are there. ``first`` is the offset of the oldest that is kept, ``top`` + 1
    where none is. A place ahead of the top is another log's, whatever it calls its epoch."""
    return since.epoch == top.epoch and first - 1 <= since.offset <= top.offset


class History:
    """One log: at most ``size`` publications and ``most_bytes`` of data, none older than ``seconds``. ``now`` is in seconds since
    1970: where it jumps ahead publications go early, and whoever missed them is told; where it jumps back they stay, within
    ``size``."""

    def __init__(self, epoch: str, *, size: int, seconds: int, most_bytes: int = 1 << 50) -> None:
        self.epoch = epoch
        self.top = 0
        self.bytes = 0
        self._size = size
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._kept: deque[Publication] = deque()
        self._known: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def position(self) -> Position:
        return Position(self.top, self.epoch)

    def append(
        self,
        data: bytes,
        now: int,
        *,
        who: Who | None = None,
        key: str = "",
        tags: dict[str, str] | None = None,
        idempotency_key: str = "",
    ) -> tuple[Position, Publication | None]:
        """Its place and the publication; None where one of this ``idempotency_key`` came before, whose place it is then."""
        if idempotency_key:
            self._forget_keys(now)
            if (known := self._known.get(idempotency_key)) is not None:
                return Position(known[0], self.epoch), None
        self.top += 1
        publication = Publication(data, self.top, self.epoch, key, who, now, tags)
        self._kept.append(publication)
        self.bytes += len(data)
        if idempotency_key:
            self._known[idempotency_key] = (self.top, now)
        self.trim(now)
        return publication.position, publication

    def page(self, now: int, since: Position | None = None, limit: int = 0, reverse: bool = False) -> Page:
        """As ``salon.ports.broker.Broker.history``."""
        self.trim(now)
        return cut(self._kept, self.position, since, limit, reverse)

    def trim(self, now: int) -> None:
        """Let go what is too much or too old."""
        while self._kept and (
            len(self._kept) > self._size or self.bytes > self._most_bytes or self._kept[0].at + self._seconds < now
        ):
            self.drop_oldest()

    def drop_oldest(self) -> None:
        self.bytes -= len(self._kept.popleft().data)

    def erase(self) -> None:
        """Let go everything; the next one follows all the same."""
        self._kept.clear()
        self.bytes = 0

    def _forget_keys(self, now: int) -> None:
        while self._known:
            _, at = next(iter(self._known.values()))
            if len(self._known) < IDEMPOTENCY_KEYS and at + IDEMPOTENCY_SECONDS >= now:
                return
            self._known.popitem(last=False)


def cut(kept: deque[Publication], top: Position, since: Position | None, limit: int, reverse: bool) -> Page:
    """The page of a log that still has ``kept``, which are without gaps and end at ``top``."""
    first = kept[0].offset if kept else top.offset + 1
    if since is not None and not (reverse and since.epoch == top.epoch) and not is_provable(since, top, first):
        return Page((), top, proved=False)
    if reverse:
        end = len(kept) if since is None else max(0, min(len(kept), since.offset - first))
        return Page(tuple(islice(reversed(kept), len(kept) - end, len(kept) - end + min(limit, end))), top)
    start = 0 if since is None else since.offset + 1 - first
    return Page(tuple(islice(kept, start, start + limit)), top)


class Deliver(NamedTuple):
    publication: Publication
    readers: tuple[str, ...]


class Fill(NamedTuple):
    """Publications were missed: ask for those behind ``since`` and call ``filled``."""

    since: Position


class Tell(NamedTuple):
    """These readers cannot have everything. They are gone from the topic."""

    readers: tuple[str, ...]
    position: Position


LogOutput = Deliver | Fill | Tell


class _Joining:
    """A reader whose page is on its way, or reaches further than what has come in live so far."""

    __slots__ = ("buffer", "epoch", "joined_at", "overflowed", "started", "until")

    def __init__(self, joined_at: Position) -> None:
        self.buffer: list[Publication] = []
        self.epoch = joined_at.epoch
        self.joined_at = joined_at.offset
        self.overflowed = False
        self.started = False
        self.until = 0


class LogTopic:
    """``position`` is where the topic stands for its live readers, as the broker said when the topic was opened."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self._live: dict[str, None] = {}
        # The live readers as they are handed out, made anew when one comes or goes.
        self._readers: tuple[str, ...] | None = ()
        self._joining: dict[str, _Joining] = {}
        self._ahead: dict[int, Publication] = {}
        self._filling = False

    def __len__(self) -> int:
        return len(self._live) + len(self._joining)

    def __contains__(self, reader: str) -> bool:
        return reader in self._live or reader in self._joining

    def join(self, reader: str) -> None:
        """Keep what comes for this reader until ``start``. Call it before its page is asked for."""
        self.leave(reader)
        self._joining[reader] = _Joining(self.position)

    def start(self, reader: str, position: Position) -> list[LogOutput]:
        """The reader has been given everything up to ``position``; what comes out follows it."""
        joining = self._joining.get(reader)
        if joining is None or joining.started:
            return []
        outputs: list[LogOutput] = []
        if position.epoch != self.position.epoch and joining.epoch == self.position.epoch:
            # The page is younger than what is known here: the log was lost, and nothing has been published to it since.
            outputs += self._rotate(position)
        joining.started, joining.until = True, position.offset
        # A page that ends before the buffer begins comes from a copy that lags behind.
        if joining.overflowed or position.epoch != self.position.epoch or position.offset < joining.joined_at:
            del self._joining[reader]
            return [*outputs, Tell((reader,), self.position)]
        outputs += [
            Deliver(publication, (reader,)) for publication in joining.buffer if publication.offset > position.offset
        ]
        joining.buffer.clear()
        if position.offset <= self.position.offset:
            self._promote(reader)
        return outputs

    def leave(self, reader: str) -> None:
        if reader in self._live:
            del self._live[reader]
            self._readers = None
        self._joining.pop(reader, None)

    def arrive(self, publication: Publication) -> list[LogOutput]:
        """From the broker. Duplicates are dropped, what is ahead waits for what is missing."""
        position = self.position
        if publication.epoch != position.epoch:
            return self._rotate(publication.position)
        if publication.offset != position.offset + 1:
            if publication.offset <= position.offset:
                return []
            if len(self._ahead) < MAX_AHEAD:
                self._ahead[publication.offset] = publication
            return self._fill()
        outputs = self._advance(publication)
        while self._ahead and (following := self._ahead.pop(self.position.offset + 1, None)) is not None:
            outputs += self._advance(following)
        return outputs

    def confirm(self, position: Position) -> list[LogOutput]:
        """The broker says where its log stands: a delivery that was lost shows, even if none follows it."""
        if position.epoch != self.position.epoch:
            return self._rotate(position)
        return self._fill() if position.offset > self.position.offset else []

    def filled(self, page: Page | None) -> list[LogOutput]:
        """The answer to ``Fill``; None where there was none, and the next sign of a gap asks again."""
        self._filling = False
        if page is None:
            return []
        if page.position.epoch != self.position.epoch or not page.proved:
            return self._rotate(page.position)
        outputs: list[LogOutput] = []
        for publication in page.publications:
            outputs += self.arrive(publication)
        for offset in [offset for offset in self._ahead if offset <= self.position.offset]:
            del self._ahead[offset]
        if page.position.offset > self.position.offset and not any(isinstance(each, Fill) for each in outputs):
            # A page ends at its limit: there is more.
            outputs += self._fill()
        return outputs

    def _advance(self, publication: Publication) -> list[LogOutput]:
        self.position = publication.position
        if self._readers is None:
            self._readers = tuple(self._live)
        outputs: list[LogOutput] = [Deliver(publication, self._readers)] if self._readers else []
        for reader, joining in list(self._joining.items()) if self._joining else ():
            if not joining.started:
                if len(joining.buffer) < MAX_AHEAD:
                    joining.buffer.append(publication)
                else:
                    joining.overflowed = True
                continue
            if publication.offset > joining.until:
                outputs.append(Deliver(publication, (reader,)))
            if publication.offset >= joining.until:
                self._promote(reader)
        return outputs

    def _promote(self, reader: str) -> None:
        del self._joining[reader]
        self._live[reader] = None
        self._readers = None

    def _fill(self) -> list[LogOutput]:
        if self._filling:
            return []
        self._filling = True
        return [Fill(self.position)]

    def _rotate(self, position: Position) -> list[LogOutput]:
        """The log is another one, or what was missed is gone: nothing can be proved to anybody."""
        self.position = position
        self._ahead.clear()
        told = (*self._live, *(reader for reader, joining in self._joining.items() if joining.started))
        for reader in told:
            self.leave(reader)
        for joining in self._joining.values():
            joining.buffer.clear()
            joining.joined_at = position.offset
        return [Tell(told, position)] if told else []


def together(deliveries: Iterable[Deliver]) -> Iterator[tuple[Published, tuple[str, ...]]]:
    """Those to the same readers as one: a write to a socket costs more than what is written."""
    for readers, run in groupby(deliveries, key=lambda each: each.readers):
        waiting: list[Publication] = []
        size = 0
        for publication, _ in run:
            if size > MAX_TOGETHER:
                yield Published(tuple(waiting)), readers
                waiting, size = [], 0
            waiting.append(publication)
            size += len(publication.data)
        yield Published(tuple(waiting)), readers
