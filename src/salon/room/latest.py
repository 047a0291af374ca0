"""Topics of mode ``latest``: the newest of each key is what counts. A reader that is slow gets the newest and stays.

``Newest`` is the truth. ``LatestTopic`` is one process's copy with its readers. Nobody has a queue: a reader's place is a
number, and what it has not been given yet are the keys that changed after it, each once. Readers of one rate form a cohort
that shares a place and a beat, so that a delivery is encoded once for all of them; a reader whose connection is crowded has
a place of its own until it has drained.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from salon.base.rooms import Position, Publication, Who

MAX_RATE: Final = 1000.0
MIN_RATE: Final = 0.01


class Newest:
    """At most ``keys`` keys and ``size`` bytes of data; what is longest unchanged gives way. ``count`` is how many changes have
    come."""

    def __init__(self, epoch: str, *, keys: int, size: int = 1 << 50) -> None:
        self.epoch = epoch
        self.top = 0
        self.count = 0
        self.bytes = 0
        self._keys = keys
        self._size = size
        # In the order of the changes: a key that changes goes to the end.
        self._kept: dict[str, tuple[int, Publication]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def position(self) -> Position:
        return Position(self.top, self.epoch)

    def all(self) -> tuple[Publication, ...]:
        """Oldest change first."""
        return tuple(publication for _, publication in self._kept.values())

    def since(self, count: int) -> tuple[Publication, ...]:
        """What changed after the first ``count`` changes, oldest first."""
        changed = []
        for at, publication in reversed(self._kept.values()):
            if at <= count:
                break
            changed.append(publication)
        changed.reverse()
        return tuple(changed)

    def count_before(self, publications: Iterable[Publication]) -> int:
        """How many changes had come before the first of these, as far as they are still the newest of their keys."""
        counts = [self._kept[each.key][0] for each in publications if each.key in self._kept]
        return min(counts, default=self.count + 1) - 1

    def put(
        self, data: bytes, now: int, *, key: str = "", who: Who | None = None, tags: dict[str, str] | None = None
    ) -> Publication:
        """``now`` is in seconds since 1970."""
        self.top += 1
        publication = Publication(data, self.top, self.epoch, key, who, now, tags)
        self._keep(publication)
        return publication

    def take(self, publication: Publication) -> bool:
        """One that has its place already. False where this or a newer one of its key is known."""
        if publication.epoch != self.epoch:
            # Another life: offsets of the former say nothing about it, but its values are the newest there are.
            self.epoch, self.top = publication.epoch, 0
        known = self._kept.get(publication.key)
        if known is not None and known[1].epoch == self.epoch and known[1].offset >= publication.offset:
            return False
        self.top = max(self.top, publication.offset)
        self._keep(publication)
        return True

    def _keep(self, publication: Publication) -> None:
        self.count += 1
        kept = self._kept
        before = kept.pop(publication.key, None)
        if before is not None:
            self.bytes -= len(before[1].data)
        self.bytes += len(publication.data)
        while kept and (len(kept) >= self._keys or self.bytes > self._size):
            self.bytes -= len(kept.pop(next(iter(kept)))[1].data)
        kept[publication.key] = (self.count, publication)


class Figures(msgspec.Struct, frozen=True):
    """Of one reader: publications it was given, and those it was not because newer ones of their keys came."""

    delivered: int
    conflated: int


class Deliver(NamedTuple):
    """To these readers, now: in the order of the changes, each key once."""

    publications: tuple[Publication, ...]
    readers: tuple[str, ...]


class _Place:
    """How far the changes have been given, by whom they were taken: ``at`` counts as ``Newest.count``."""

    __slots__ = ("at", "conflated", "delivered")

    def __init__(self, at: int) -> None:
        self.at = at
        self.delivered = 0
        self.conflated = 0

    def advance(self, newest: Newest) -> tuple[Publication, ...]:
        changed = newest.since(self.at)
        self.delivered += len(changed)
        self.conflated += newest.count - self.at - len(changed)
        self.at = newest.count
        return changed


class _Cohort:
    """The readers of one rate. ``interval`` is in milliseconds, 0 for every change at once."""

    __slots__ = ("_list", "_readers", "due", "interval", "place")

    def __init__(self, interval: int, at: int) -> None:
        self.interval = interval
        self.due = 0
        self.place = _Place(at)
        self._readers: dict[str, None] = {}
        self._list: tuple[str, ...] | None = ()

    def __len__(self) -> int:
        return len(self._readers)

    def add(self, reader: str) -> None:
        self._readers[reader] = None
        self._list = None

    def remove(self, reader: str) -> None:
        self._readers.pop(reader, None)
        self._list = None

    def list(self) -> tuple[str, ...]:
        if self._list is None:
            self._list = tuple(self._readers)
        return self._list


class _Reader:
    """``own`` is its place while its connection is crowded. ``delivered`` and ``conflated`` are what its cohort's figures are
    to be corrected by."""

    __slots__ = ("conflated", "delivered", "interval", "own")

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.own: _Place | None = None
        self.delivered = 0
        self.conflated = 0


class LatestTopic:
    """``publications`` are what the broker has when the topic is opened."""

    def __init__(self, publications: Iterable[Publication], *, keys: int, size: int = 1 << 50) -> None:
        self._newest = Newest("", keys=keys, size=size)
        for publication in publications:
            self._newest.take(publication)
        self._readers: dict[str, _Reader] = {}
        self._cohorts: dict[int, _Cohort] = {}

    def __len__(self) -> int:
        return len(self._readers)

    def __contains__(self, reader: str) -> bool:
        return reader in self._readers

    def join(self, reader: str, rate: float | None, now: int) -> tuple[Publication, ...]:
        """What there is now; changes follow, at most ``rate`` deliveries a second."""
        self.leave(reader)
        known = self._readers[reader] = _Reader(interval_of(rate))
        self._sit(reader, known, now)
        return self._newest.all()

    def leave(self, reader: str) -> None:
        if (known := self._readers.pop(reader, None)) is not None and known.own is None:
            self._stand(reader, known)

    def set_rate(self, reader: str, rate: float | None, now: int) -> list[Deliver]:
        """From now on. What waits at the old rate is delivered at once."""
        known = self._readers.get(reader)
        if known is None or known.interval == interval_of(rate):
            return []
        if known.own is not None:
            known.interval = interval_of(rate)
            return []
        place = self._stand(reader, known)
        known.interval = interval_of(rate)
        return self._catch_up(reader, known, place, now)

    def arrive(self, publications: tuple[Publication, ...], now: int) -> list[Deliver]:
        """From the broker: one, or several at once in their order."""
        newest = self._newest
        fresh = tuple([each for each in publications if newest.take(each)])
        if not fresh:
            return []
        outputs = []
        for cohort in self._cohorts.values():
            if not cohort.interval:
                cohort.place.at += len(fresh)
                cohort.place.delivered += len(fresh)
                outputs.append(Deliver(fresh, cohort.list()))
            elif cohort.due <= now:
                outputs.append(self._flush(cohort, now))
        return outputs

    def block(self, reader: str, missed: tuple[Publication, ...]) -> None:
        """Its connection is crowded: ``missed``, just handed out, was not sent, and nothing is to be handed out for it until
        ``ready``."""
        known = self._readers.get(reader)
        if known is None or known.own is not None:
            return
        known.own = self._stand(reader, known)
        at = self._newest.count_before(missed)
        known.delivered -= len(missed)
        known.conflated -= known.own.at - at - len(missed)
        known.own.at = at

    def ready(self, reader: str, now: int) -> list[Deliver]:
        """It has drained: the newest of all that changed meanwhile."""
        known = self._readers.get(reader)
        if known is None or known.own is None:
            return []
        place, known.own = known.own, None
        return self._catch_up(reader, known, place, now)

    def wake(self, now: int) -> list[Deliver]:
        return [self._flush(cohort, now) for cohort in self._waiting() if cohort.due <= now]

    def wake_at(self) -> int | None:
        return min((cohort.due for cohort in self._waiting()), default=None)

    def figures(self, reader: str) -> Figures:
        """Raises ``KeyError`` for who does not read here."""
        known = self._readers[reader]
        place = self._cohorts[known.interval].place if known.own is None else _Place(0)
        return Figures(known.delivered + place.delivered, known.conflated + place.conflated)

    def _waiting(self) -> list[_Cohort]:
        return [cohort for cohort in self._cohorts.values() if cohort.place.at < self._newest.count]

    def _flush(self, cohort: _Cohort, now: int) -> Deliver:
        # The beat is the grid that ``due`` stands on; after a pause it begins anew, so that the first change goes at once.
        cohort.due = max(cohort.due + cohort.interval, now)
        if cohort.due <= now:
            cohort.due = now + cohort.interval
        return Deliver(cohort.place.advance(self._newest), cohort.list())

    def _sit(self, reader: str, known: _Reader, now: int) -> None:
        cohort = self._cohorts.get(known.interval)
        if cohort is None:
            cohort = self._cohorts[known.interval] = _Cohort(known.interval, self._newest.count)
            cohort.due = now + known.interval
        cohort.add(reader)
        known.delivered -= cohort.place.delivered
        known.conflated -= cohort.place.conflated

    def _stand(self, reader: str, known: _Reader) -> _Place:
        """Out of its cohort, with a place where the cohort's is."""
        cohort = self._cohorts[known.interval]
        cohort.remove(reader)
        if not cohort:
            del self._cohorts[known.interval]
        known.delivered += cohort.place.delivered
        known.conflated += cohort.place.conflated
        return _Place(cohort.place.at)

    def _catch_up(self, reader: str, known: _Reader, place: _Place, now: int) -> list[Deliver]:
        changed = place.advance(self._newest)
        known.delivered += place.delivered
        known.conflated += place.conflated
        self._sit(reader, known, now)
        return [Deliver(changed, (reader,))] if changed else []


def interval_of(rate: float | None) -> int:
    """Milliseconds between two deliveries; 0 for no limit. Rates are held between ``MIN_RATE`` and ``MAX_RATE``."""
    return 0 if rate is None else max(1, round(1000 / min(max(rate, MIN_RATE), MAX_RATE)))
