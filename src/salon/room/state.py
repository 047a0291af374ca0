"""Topics of mode ``state``: a versioned keyed map. Whoever joins gets all of it, then every patch, in order.

``StateMap`` is the map itself, in the broker as the truth and in each process as a copy. ``StateTopic`` is that copy with its
readers. A reader's place is a version: what it lacks is always to be had from the map (each key that changed since, once), so a
slow reader needs no queue and goes from its version straight to the newest.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Final, NamedTuple

from salon.base.errors import ClientError
from salon.base.rooms import Change, Entry, Image, Patch, Snapshot

MAX_TOMBSTONES: Final = 4096
"""Removed keys that are remembered, so that readers behind can be told. Who is further behind gets a snapshot."""


class StateMap:
    """``now`` is in milliseconds. Removing a key and setting another of the same name for another owner is two patches."""

    def __init__(self, epoch: str, *, keys: int = 1 << 30, size: int = 1 << 50) -> None:
        self.epoch = epoch
        self.version = 0
        self._max_keys = keys
        self._max_size = size
        # Both in the order of their versions: what changes goes to the end.
        self._entries: dict[str, Entry] = {}
        self._removed: dict[str, tuple[int, str]] = {}
        self._floor = 0
        self._size = 0
        # A heap of when and which; an entry that has another time by now is passed over.
        self._expiring: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes of keys and values."""
        return self._size

    @classmethod
    def of(cls, image: Image, *, keys: int = 1 << 30, size: int = 1 << 50) -> StateMap:
        made = cls(image.epoch, keys=keys, size=size)
        made.version = made._floor = image.version
        for key, entry in sorted(image.entries.items(), key=lambda each: each[1].version):
            made._put(key, entry)
        return made

    def image(self) -> Image:
        return Image(self.version, self.epoch, dict(self._entries))

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def change(self, change: Change, now: int, default_ttl_ms: int | None = None) -> Patch | None:
        """Make a patch of it; None where nothing would be different. Raises ``ClientError`` (``state_full``,
        ``state_key_private``), and then nothing is changed."""
        ttl = default_ttl_ms if change.ttl_ms is None else change.ttl_ms
        expires_at = 0 if ttl is None else now + max(1, ttl)
        setting = {key: value for key, value in change.set.items() if self._differs(key, value, change, expires_at)}
        removing = tuple(key for key in change.remove if key in self._entries and key not in change.set)
        if not setting and not removing and not change.acks:
            return None
        self._check(setting, removing, change)
        base, self.version = self.version, self.version + 1
        owners: dict[str, str] = {}
        for key in removing:
            owner = self._drop(key)
            if owner:
                owners[key] = owner
        for key, value in setting.items():
            owner = change.owners.get(key, change.owner)
            self._put(key, Entry(value, self.version, owner, expires_at))
            if owner:
                owners[key] = owner
        return Patch(base, self.version, self.epoch, setting, removing, owners, change.acks, now)

    def apply(self, patch: Patch) -> bool:
        """The same patch on a copy. False where it does not follow what the copy has."""
        if patch.epoch != self.epoch or patch.base != self.version:
            return False
        self.version = patch.version
        for key in patch.removed:
            self._drop(key)
        for key, value in patch.set.items():
            self._put(key, Entry(value, patch.version, patch.owners.get(key, "")))
        return True

    def expire(self, now: int) -> Patch | None:
        """Remove what has had its time."""
        over = []
        while (at := self.wake_at()) is not None and at <= now:
            over.append(heapq.heappop(self._expiring)[1])
        return self.change(Change(remove=tuple(over)), now) if over else None

    def wake_at(self) -> int | None:
        """When the first entry will have had its time."""
        while self._expiring:
            at, key = self._expiring[0]
            entry = self._entries.get(key)
            if entry is not None and entry.expires_at == at:
                return at
            heapq.heappop(self._expiring)
        return None

    def entry(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def snapshot(self, identity: str, now: int) -> Snapshot:
        entries = {key: entry.value for key, entry in self._entries.items() if entry.owner in ("", identity)}
        return Snapshot(self.version, self.epoch, entries, now)

    def since(self, version: int, identity: str, now: int) -> Patch | None:
        """One patch from ``version`` to now, for this identity; None where the map does not remember so far back."""
        if not self._floor <= version <= self.version:
            return None
        setting = {
            key: entry.value for key, entry in _newer_entries(self._entries, version) if entry.owner in ("", identity)
        }
        removed = tuple(
            key
            for key, owner in _newer_removals(self._removed, version)
            if owner in ("", identity) and not self._sees(key, identity)
        )
        return Patch(version, self.version, self.epoch, setting, removed, {}, {}, now)

    def _sees(self, key: str, identity: str) -> bool:
        entry = self._entries.get(key)
        return entry is not None and entry.owner in ("", identity)

    def _differs(self, key: str, value: bytes, change: Change, expires_at: int) -> bool:
        entry = self._entries.get(key)
        if entry is None or entry.value != value or entry.owner != change.owners.get(key, change.owner):
            return True
        if entry.expires_at != expires_at:
            # The same again keeps it alive, and nobody needs to hear of it.
            self._entries[key] = Entry(entry.value, entry.version, entry.owner, expires_at)
            self._expect(key, expires_at)
        return False

    def _check(self, setting: dict[str, bytes], removing: tuple[str, ...], change: Change) -> None:
        size, count = self._size, len(self._entries) - len(removing)
        for key in removing:
            if change.by is not None and self._entries[key].owner not in ("", change.by):
                raise ClientError("This key belongs to somebody else.", code="state_key_private")
            size -= len(key) + len(self._entries[key].value)
        for key, value in setting.items():
            entry = self._entries.get(key)
            if entry is None:
                count += 1
                size += len(key)
            else:
                if entry.owner != change.owners.get(key, change.owner):
                    raise ClientError(
                        "This key belongs to somebody else, or to everybody. Remove it first.", code="state_key_private"
                    )
                size -= len(entry.value)
            size += len(value)
        # What gets smaller is always allowed.
        if (count > self._max_keys and count > len(self._entries)) or (size > self._max_size and size > self._size):
            raise ClientError(
                f"This state is full: at most {self._max_keys} keys and {self._max_size} bytes.", code="state_full"
            )

    def _put(self, key: str, entry: Entry) -> None:
        known = self._entries.pop(key, None)
        self._size += len(entry.value) - len(known.value) if known is not None else len(key) + len(entry.value)
        self._entries[key] = entry
        self._expect(key, entry.expires_at)

    def _drop(self, key: str) -> str:
        entry = self._entries.pop(key, None)
        if entry is None:
            return ""
        self._size -= len(key) + len(entry.value)
        before = self._removed.pop(key, None)
        # Who saw it under its former owner and has not heard of its removal yet is to hear of it too.
        owner = entry.owner if before is None or before[1] == entry.owner else ""
        self._removed[key] = (self.version, owner)
        if len(self._removed) > MAX_TOMBSTONES:
            oldest = next(iter(self._removed))
            self._floor = max(self._floor, self._removed.pop(oldest)[0])
        return entry.owner

    def _expect(self, key: str, expires_at: int) -> None:
        if not expires_at:
            return
        heapq.heappush(self._expiring, (expires_at, key))
        if len(self._expiring) > 2 * len(self._entries) + 64:
            self._expiring = [(entry.expires_at, key) for key, entry in self._entries.items() if entry.expires_at]
            heapq.heapify(self._expiring)


def _newer_entries(entries: dict[str, Entry], version: int) -> Iterator[tuple[str, Entry]]:
    for key, entry in reversed(entries.items()):
        if entry.version <= version:
            return
        yield key, entry


def _newer_removals(removed: dict[str, tuple[int, str]], version: int) -> Iterator[tuple[str, str]]:
    for key, (at, owner) in reversed(removed.items()):
        if at <= version:
            return
        yield key, owner


class Deliver(NamedTuple):
    """To these readers, now. A ``Snapshot`` stands for itself: whoever gets one forgets what it had."""

    event: Patch | Snapshot
    readers: tuple[str, ...]


class Reload(NamedTuple):
    """A patch was missed: ask the broker for the whole state and call ``reload``."""


StateOutput = Deliver | Reload


class _Reader:
    """``at`` is the version it has while its connection is crowded; None while it has the topic's own."""

    __slots__ = ("at", "identity")

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.at: int | None = None


class StateTopic:
    """``image`` is what the broker has when the topic is opened."""

    def __init__(self, image: Image) -> None:
        self._map = StateMap.of(image)
        self._readers: dict[str, _Reader] = {}
        self._list: tuple[str, ...] | None = ()
        self._reloading = False
        # The newest patch that came while the state was asked for anew.
        self._missed: Patch | None = None

    def __len__(self) -> int:
        return len(self._readers)

    def __contains__(self, reader: str) -> bool:
        return reader in self._readers

    @property
    def version(self) -> int:
        return self._map.version

    def get(self, key: str) -> Entry | None:
        return self._map.get(key)

    def image(self) -> Image:
        return self._map.image()

    def join(self, reader: str, identity: str) -> None:
        """It is given the ``snapshot``, or what it lacks (``since``); patches follow."""
        self._readers[reader] = _Reader(identity)
        self._list = None

    def snapshot(self, identity: str, now: int) -> Snapshot:
        """What there is now, as this identity may see it."""
        return self._map.snapshot(identity, now)

    def since(self, version: int, epoch: str, identity: str, now: int) -> Patch | None:
        """What a returning reader lacks, if it is known."""
        return self._map.since(version, identity, now) if epoch == self._map.epoch else None

    def leave(self, reader: str) -> None:
        if self._readers.pop(reader, None) is not None:
            self._list = None

    def arrive(self, patch: Patch, now: int) -> list[StateOutput]:
        if patch.epoch == self._map.epoch and patch.version <= self._map.version:
            return []
        if not self._map.apply(patch):
            self._missed = patch
            if self._reloading:
                return []
            self._reloading = True
            return [Reload()]
        if not patch.owners:
            readers = self._current()
            return [Deliver(patch, readers)] if readers else []
        return self._deliver_privately(patch)

    def reload(self, image: Image | None, now: int) -> list[StateOutput]:
        """The answer to ``Reload``; None where there was none, and the next patch asks again."""
        self._reloading = False
        missed, self._missed = self._missed, None
        if image is None:
            return []
        outputs: list[StateOutput] = []
        if image.epoch != self._map.epoch or image.version > self._map.version:
            if image.epoch != self._map.epoch:
                # Versions of the former life say nothing about this one: who waits is to be given all of it.
                for known in self._readers.values():
                    if known.at is not None:
                        known.at = -1
            self._map = StateMap.of(image)
            outputs += [
                Deliver(self._map.snapshot(known.identity, now), (reader,))
                for reader, known in self._readers.items()
                if known.at is None
            ]
        if missed is not None and (missed.epoch != image.epoch or missed.version > image.version):
            # The image was made before the last patch that could not be used.
            outputs += self.arrive(missed, now)
        return outputs

    def block(self, reader: str, version: int) -> None:
        """Its connection is crowded: it has ``version``, and is to be given nothing until ``ready``."""
        known = self._readers.get(reader)
        if known is not None and known.at is None:
            known.at = version
            self._list = None

    def ready(self, reader: str, now: int) -> list[StateOutput]:
        """It has drained: straight to the newest version."""
        known = self._readers.get(reader)
        if known is None or known.at is None:
            return []
        at, known.at = known.at, None
        self._list = None
        if at == self._map.version:
            return []
        patch = self._map.since(at, known.identity, now)
        return [Deliver(self._map.snapshot(known.identity, now) if patch is None else patch, (reader,))]

    def _current(self) -> tuple[str, ...]:
        if self._list is None:
            self._list = tuple(reader for reader, known in self._readers.items() if known.at is None)
        return self._list

    def _deliver_privately(self, patch: Patch) -> list[StateOutput]:
        owners = set(patch.owners.values())
        views: dict[str, list[str]] = {}
        for reader in self._current():
            identity = self._readers[reader].identity
            views.setdefault(identity if identity in owners else "", []).append(reader)
        return [Deliver(patch.seen_by(identity), tuple(readers)) for identity, readers in views.items()]
