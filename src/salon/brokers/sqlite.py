"""A broker that keeps logs, durable states and rooms in one SQLite file; all else is in memory.

What was acknowledged is on disk, and nothing is delivered before it is. A log's epoch lives as long as its file and as long as
the log is used: a file that was lost, or a log that was swept away, begins another. A state begins a new epoch with each
start, since what is short-lived in it is not kept.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Callable
from typing import Any, Final

import msgspec

from salon.base.ids import NewId
from salon.base.rooms import (
    Change,
    Entry,
    Image,
    Kick,
    Page,
    Patch,
    Position,
    Publication,
    Published,
    RoomRecord,
    TopicRule,
    Who,
)
from salon.brokers.memory import MAX_BANS, MAX_CHANNELS, MemoryBroker, T
from salon.brokers.sqlite_writer import SqliteWriter
from salon.ports.broker import Draft
from salon.ports.clock import Clock
from salon.room.log import IDEMPOTENCY_SECONDS, is_provable
from salon.room.state import StateMap

SWEEP_SECONDS: Final = 60
UNUSED_SECONDS: Final = 30 * 24 * 3600
"""A log without publications is forgotten, with its epoch, when nobody has published to it for so long."""
UNTOUCHED_SECONDS: Final = 24 * 3600
"""The same for a log that was only ever read: whoever makes up names leaves nothing behind."""

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS logs (
  id INTEGER PRIMARY KEY, channel TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, top INTEGER NOT NULL,
  first INTEGER NOT NULL, bytes INTEGER NOT NULL, seconds INTEGER NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS publications (
  log INTEGER NOT NULL, offset INTEGER NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL, key TEXT NOT NULL,
  who BLOB, tags BLOB, PRIMARY KEY (log, offset)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS idempotency (
  log INTEGER NOT NULL, key TEXT NOT NULL, offset INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (log, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
  channel TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, owner TEXT NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (channel, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bans (target TEXT, room TEXT, until INTEGER NOT NULL, PRIMARY KEY (target, room)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rooms (name TEXT PRIMARY KEY, about BLOB NOT NULL, created_at INTEGER NOT NULL) WITHOUT ROWID;
"""

_who = msgspec.msgpack.Decoder(Who)
_tags = msgspec.msgpack.Decoder(dict[str, str])


class SqliteBroker(MemoryBroker):
    """``path`` is the file; it and its folder are made where they do not exist. With ``lazy`` that is when something is first
    kept, and a server whose rooms nobody uses has no file; without, entering raises ``ConfigError`` where it cannot be used."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        clock: Clock,
        new_id: NewId,
        channels: int = MAX_CHANNELS,
        lazy: bool = False,
    ) -> None:
        super().__init__(clock=clock, new_id=new_id, channels=channels)
        self._disk = SqliteWriter(path, SCHEMA, settled=self._hand_out)
        # Of the transaction that has just ended: what came together goes out together.
        self._published: dict[str, list[Publication]] = {}
        self._lazy = lazy
        self._sweeper: asyncio.TimerHandle | None = None
        self._tasks = asyncio.TaskGroup()
        # States with changes that are not on disk yet, and how many.
        self._writing: dict[str, int] = {}

    @property
    def commits(self) -> int:
        """Transactions so far."""
        return self._disk.commits

    async def __aenter__(self) -> SqliteBroker:
        if not self._lazy:
            await self._disk.open()
        await self._tasks.__aenter__()
        self._sweep_later()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await super().__aexit__()
        if self._sweeper is not None:
            self._sweeper.cancel()
        await self._tasks.__aexit__(None, None, None)
        await self._disk.close()

    async def publish(self, channel: str, draft: Draft, rule: TopicRule) -> Position:
        if not _on_disk(rule, "log"):
            return await super().publish(channel, draft, rule)
        now, epoch = self._clock.unix(), self._new_id("epoch")

        def deliver(result: tuple[Position, Publication | None]) -> None:
            if result[1] is not None:
                self._published.setdefault(channel, []).append(result[1])

        position, _ = await self._disk.do(lambda disk: _append(disk, channel, draft, rule, now, epoch), deliver)
        return position

    def _hand_out(self) -> None:
        published, self._published = self._published, {}
        for channel, publications in published.items():
            self.deliver(channel, publications[0] if len(publications) == 1 else Published(tuple(publications)))

    async def history(
        self, channel: str, rule: TopicRule, *, since: Position | None = None, limit: int = 0, reverse: bool = False
    ) -> Page:
        if not _on_disk(rule, "log"):
            return await super().history(channel, rule, since=since, limit=limit, reverse=reverse)
        now, epoch = self._clock.unix(), self._new_id("epoch")
        return await self._disk.do(lambda disk: _page(disk, channel, rule, now, epoch, since, limit, reverse))

    async def erase(self, channel: str, rule: TopicRule) -> None:
        if not _on_disk(rule, "log"):
            await super().erase(channel, rule)
            return
        await self._disk.do(lambda disk: _erase(disk, channel))

    async def change(self, channel: str, change: Change, rule: TopicRule) -> Position:
        if not _on_disk(rule, "state"):
            return await super().change(channel, change, rule)
        state = await self._durable(channel, rule)
        patch = state.change(change, self._clock.now(), None if rule.ttl_seconds is None else rule.ttl_seconds * 1000)
        self.expect(channel, state.wake_at())
        position = Position(state.version, state.epoch)
        await self._write(channel, state, patch)
        return position

    async def look(self, channel: str, rule: TopicRule, read: Callable[[StateMap], T]) -> T:
        if not _on_disk(rule, "state"):
            return await super().look(channel, rule, read)
        seen = read(await self._durable(channel, rule))
        if channel in self._writing:
            # Nobody is to see what might still be lost: everything that was read is on disk when this is.
            await self._disk.do(lambda disk: None)
        return seen

    async def ban(self, kick: Kick) -> None:
        row = (kick.target, kick.room, kick.until)
        await self._disk.do(lambda disk: disk.execute("REPLACE INTO bans VALUES (?, ?, ?)", row).rowcount)

    async def bans(self) -> tuple[Kick, ...]:
        if not self._disk.exists:
            return ()
        query, now = "SELECT target, room, until FROM bans WHERE until > ? ORDER BY until LIMIT ?", self._clock.unix()
        rows = await self._disk.do(lambda disk: disk.execute(query, (now, MAX_BANS)).fetchall())
        return tuple(Kick(target, room, until=until) for target, room, until in rows)

    async def keep(self, room: RoomRecord) -> None:
        now = self._clock.unix()
        await self._disk.do(lambda disk: _keep(disk, room, now))

    async def forget(self, room: str) -> None:
        await super().forget(room)
        await self._disk.do(lambda disk: _forget(disk, room))

    async def rooms(self, *, after: str = "", limit: int = 100) -> tuple[RoomRecord, ...]:
        query = "SELECT name, about, created_at FROM rooms WHERE name > ? ORDER BY name LIMIT ?"
        rows = await self._disk.do(lambda disk: disk.execute(query, (after, limit)).fetchall())
        return tuple(RoomRecord(name=name, about=about, created_at=at) for name, about, at in rows)

    async def room(self, name: str) -> RoomRecord | None:
        query = "SELECT about, created_at FROM rooms WHERE name = ?"
        row = await self._disk.do(lambda disk: disk.execute(query, (name,)).fetchone())
        return RoomRecord(name=name, about=row[0], created_at=row[1]) if row is not None else None

    def expired(self, channel: str, patch: Patch) -> None:
        if channel in self._writing:
            # It has to come behind those that are on their way to disk.
            state = self.state_of(channel)
            assert state is not None
            self._tasks.create_task(self._write(channel, state, patch))
        else:
            self.deliver(channel, patch)

    async def _durable(self, channel: str, rule: TopicRule) -> StateMap:
        state = self.state_of(channel)
        if state is None:
            entries = await self._disk.do(lambda disk: _entries(disk, channel))
            # Somebody else may have brought it meanwhile.
            state = self.state_of(channel)
            if state is None:
                version = max((entry.version for entry in entries.values()), default=0)
                image = Image(version, self._new_id("epoch"), entries)
                state = StateMap.of(image, keys=rule.keys, size=rule.bytes)
                self.adopt(channel, state)
        return state

    async def _write(self, channel: str, state: StateMap, patch: Patch | None) -> None:
        if patch is None:
            if channel in self._writing:
                await self._disk.do(lambda disk: None)
            return
        # An entry with a time to live stays in memory: what it says is not true any more after a restart.
        rows = [
            (channel, key, value, patch.owners.get(key, ""), patch.version)
            for key, value in patch.set.items()
            if not ((entry := state.get(key)) is not None and entry.expires_at)
        ]
        gone = [*patch.removed, *(patch.set.keys() - {row[1] for row in rows})]
        self._writing[channel] = self._writing.get(channel, 0) + 1
        try:
            await self._disk.do(lambda disk: _write(disk, channel, rows, gone), lambda _: self.deliver(channel, patch))
        except Exception:
            # Memory is ahead of the disk: what is on disk is loaded again, as another epoch.
            self.drop(channel)
            raise
        finally:
            self._writing[channel] -= 1
            if not self._writing[channel]:
                del self._writing[channel]

    def _sweep_later(self) -> None:
        self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._tasks.create_task(self.sweep())
        self._sweep_later()

    async def sweep(self) -> None:
        """Let go what is too old, in logs that nobody reads too."""
        now = self._clock.unix()
        if self._disk.is_open:
            await self._disk.do(lambda disk: _sweep(disk, now))


def _on_disk(rule: TopicRule, mode: str) -> bool:
    return rule.durable and rule.mode == mode


def _log(disk: sqlite3.Connection, channel: str, rule: TopicRule, now: int, epoch: str) -> tuple[Any, ...]:
    """``id``, ``epoch``, ``top``, ``first`` and ``bytes`` of a log, which is begun with ``epoch`` where there is none."""
    row = disk.execute("SELECT id, epoch, top, first, bytes FROM logs WHERE channel = ?", (channel,)).fetchone()
    if row is None:
        made = disk.execute(
            "INSERT INTO logs (channel, epoch, top, first, bytes, seconds, used) VALUES (?, ?, 0, 1, 0, ?, ?)",
            (channel, epoch, rule.seconds, now),
        )
        row = (made.lastrowid, epoch, 0, 1, 0)
    return tuple(row)


def _append(
    disk: sqlite3.Connection, channel: str, draft: Draft, rule: TopicRule, now: int, epoch: str
) -> tuple[Position, Publication | None]:
    log, epoch, top, first, size = _log(disk, channel, rule, now, epoch)
    if draft.idempotency_key:
        known = disk.execute(
            "SELECT offset FROM idempotency WHERE log = ? AND key = ? AND at >= ?",
            (log, draft.idempotency_key, now - IDEMPOTENCY_SECONDS),
        ).fetchone()
        if known is not None:
            return Position(known[0], epoch), None
        disk.execute("REPLACE INTO idempotency VALUES (?, ?, ?, ?)", (log, draft.idempotency_key, top + 1, now))
    top += 1
    disk.execute(
        "INSERT INTO publications VALUES (?, ?, ?, ?, ?, ?, ?)",
        (log, top, now, draft.data, draft.key, _packed(draft.who), _packed(draft.tags)),
    )
    first, size = _trim(disk, log, top, first, size + len(draft.data), rule.size, rule.bytes, now - rule.seconds)
    disk.execute(
        "UPDATE logs SET top = ?, first = ?, bytes = ?, seconds = ?, used = ? WHERE id = ?",
        (top, first, size, rule.seconds, now, log),
    )
    publication = Publication(draft.data, top, epoch, draft.key, draft.who, now, draft.tags)
    return publication.position, publication


def _trim(
    disk: sqlite3.Connection, log: int, top: int, first: int, size: int, most: int, most_bytes: int, oldest: int
) -> tuple[int, int]:
    """Delete from the oldest on while there is too much or it is too old. The new ``first`` and ``bytes``."""
    while first <= top:
        at, length = disk.execute(
            "SELECT at, length(data) FROM publications WHERE log = ? AND offset = ?", (log, first)
        ).fetchone()
        if top - first < most and size <= most_bytes and at >= oldest:
            break
        disk.execute("DELETE FROM publications WHERE log = ? AND offset = ?", (log, first))
        first, size = first + 1, size - length
    return first, size


def _page(
    disk: sqlite3.Connection,
    channel: str,
    rule: TopicRule,
    now: int,
    epoch: str,
    since: Position | None,
    limit: int,
    reverse: bool,
) -> Page:
    log, epoch, top, first, size = _log(disk, channel, rule, now, epoch)
    kept, left = _trim(disk, log, top, first, size, rule.size, rule.bytes, now - rule.seconds)
    if kept != first:
        disk.execute("UPDATE logs SET first = ?, bytes = ? WHERE id = ?", (kept, left, log))
    position = Position(top, epoch)
    if since is not None and not (reverse and since.epoch == epoch) and not is_provable(since, position, kept):
        return Page((), position, proved=False)
    if not limit:
        return Page((), position)
    if reverse:
        where, order, edge = "offset < ?", "DESC", top + 1 if since is None else since.offset
    else:
        where, order, edge = "offset > ?", "ASC", 0 if since is None else since.offset
    rows = disk.execute(
        # Both parts are chosen above, from two each.
        f"SELECT offset, at, data, key, who, tags FROM publications WHERE log = ? AND {where} ORDER BY offset {order} LIMIT ?",  # noqa: S608
        (log, edge, limit),
    )
    return Page(
        tuple(
            Publication(
                data,
                offset,
                epoch,
                key,
                _who.decode(who) if who is not None else None,
                at,
                _tags.decode(tags) if tags is not None else None,
            )
            for offset, at, data, key, who, tags in rows
        ),
        position,
    )


def _entries(disk: sqlite3.Connection, channel: str) -> dict[str, Entry]:
    rows = disk.execute("SELECT key, value, version, owner FROM entries WHERE channel = ?", (channel,))
    return {key: Entry(value, version, owner) for key, value, version, owner in rows}


def _write(disk: sqlite3.Connection, channel: str, rows: list[tuple[Any, ...]], gone: list[str]) -> None:
    disk.executemany("REPLACE INTO entries (channel, key, value, owner, version) VALUES (?, ?, ?, ?, ?)", rows)
    disk.executemany("DELETE FROM entries WHERE channel = ? AND key = ?", [(channel, key) for key in gone])


def _erase(disk: sqlite3.Connection, channel: str) -> None:
    disk.execute("DELETE FROM publications WHERE log = (SELECT id FROM logs WHERE channel = ?)", (channel,))
    disk.execute("UPDATE logs SET first = top + 1, bytes = 0 WHERE channel = ?", (channel,))


def _keep(disk: sqlite3.Connection, room: RoomRecord, now: int) -> None:
    disk.execute(
        "INSERT INTO rooms (name, about, created_at) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET about = excluded.about",
        (room.name, room.about, room.created_at or now),
    )


def _forget(disk: sqlite3.Connection, room: str) -> None:
    # "0" is what follows "/": every channel of the room, and of no other.
    span = (f"{room}/", f"{room}0")
    for table in ("publications", "idempotency"):
        disk.execute(
            f"DELETE FROM {table} WHERE log IN (SELECT id FROM logs WHERE channel >= ? AND channel < ?)",  # noqa: S608
            span,
        )
    disk.execute("DELETE FROM logs WHERE channel >= ? AND channel < ?", span)
    disk.execute("DELETE FROM entries WHERE channel >= ? AND channel < ?", span)
    disk.execute("DELETE FROM rooms WHERE name = ?", (room,))


def _sweep(disk: sqlite3.Connection, now: int) -> None:
    disk.execute("DELETE FROM idempotency WHERE at < ?", (now - IDEMPOTENCY_SECONDS,))
    disk.execute("DELETE FROM bans WHERE until <= ?", (now,))
    for log, top, first, size, seconds in disk.execute(
        "SELECT id, top, first, bytes, seconds FROM logs WHERE first <= top"
    ).fetchall():
        kept, left = _trim(disk, log, top, first, size, 1 << 62, 1 << 62, now - seconds)
        if kept != first:
            disk.execute("UPDATE logs SET first = ?, bytes = ? WHERE id = ?", (kept, left, log))
    disk.execute(
        "DELETE FROM logs WHERE first > top AND (used < ? OR (top = 0 AND used < ?))",
        (now - UNUSED_SECONDS, now - UNTOUCHED_SECONDS),
    )


def _packed(value: object) -> bytes | None:
    return None if value is None else msgspec.msgpack.encode(value)
