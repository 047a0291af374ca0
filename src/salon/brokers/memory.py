"""A broker in this process's memory: for one process that keeps nothing, and for all that need not outlive it."""

from __future__ import annotations

import asyncio
import heapq
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, TypeVar

import msgspec

from salon.base.ids import NewId
from salon.base.rooms import (
    Change,
    Changed,
    Entry,
    Image,
    Input,
    Joined,
    Kick,
    Left,
    Page,
    Patch,
    Position,
    Publication,
    Published,
    RoomRecord,
    Seat,
    Signal,
    TopicRule,
)
from salon.ports.broker import Control, Delivery, Draft, Listener
from salon.ports.clock import Clock
from salon.room.latest import Newest
from salon.room.log import History
from salon.room.roster import Roster
from salon.room.state import StateMap

MAX_CHANNELS: Final = 100_000
MAX_ROOMS: Final = 100_000
MAX_SEATS: Final = 20_000
MAX_BANS: Final = 10_000
MAX_LOG_BYTES: Final = 512 * 1024 * 1024
"""Data of all logs together."""

Store = History | Newest | StateMap
T = TypeVar("T")


class MemoryBroker:
    """At most ``channels`` topics are remembered; the longest unused that nobody follows is forgotten, and begins a new epoch
    when it is used again."""

    def __init__(self, *, clock: Clock, new_id: NewId, channels: int = MAX_CHANNELS) -> None:
        self._clock = clock
        self._new_id = new_id
        self._most = channels
        self._stores: OrderedDict[str, Store] = OrderedDict()
        self._listeners: dict[str, list[Listener]] = {}
        self._rosters: dict[str, Roster] = {}
        self._rooms: dict[str, RoomRecord] = {}
        self._leases: dict[str, tuple[str, int]] = {}
        self._bans: dict[tuple[str, str], Kick] = {}
        self._log_bytes = 0
        # When which roster ("@" before its room) or state has something to do. Entries that ``_next`` has otherwise are old.
        self._due: list[tuple[int, str]] = []
        self._next: dict[str, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    async def __aenter__(self) -> MemoryBroker:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    async def follow(self, channel: str, listener: Listener) -> None:
        self._listeners.setdefault(channel, []).append(listener)

    async def unfollow(self, channel: str, listener: Listener) -> None:
        listeners = self._listeners.get(channel, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners:
            self._listeners.pop(channel, None)

    async def send(self, channel: str, message: Signal | Input | Control) -> None:
        self.deliver(channel, message)

    def deliver(self, channel: str, delivery: Delivery) -> None:
        """To all who follow the channel in this process, now."""
        listeners = self._listeners.get(channel)
        if listeners is None:
            return
        if len(listeners) == 1:
            listeners[0](delivery)
            return
        for listener in tuple(listeners):
            listener(delivery)

    async def publish(self, channel: str, draft: Draft, rule: TopicRule) -> Position:
        at = self._clock.unix()
        publication: Publication | None
        if rule.mode == "latest":
            publication = self._newest(channel, rule).put(draft.data, at, key=draft.key, who=draft.who, tags=draft.tags)
            position = publication.position
        else:
            log = self._history(channel, rule)
            before = log.bytes
            position, publication = log.append(
                draft.data,
                at,
                who=draft.who,
                key=draft.key,
                tags=draft.tags,
                idempotency_key=draft.idempotency_key,
            )
            self._log_bytes += log.bytes - before
            if self._log_bytes > MAX_LOG_BYTES:
                self._make_room(log)
        if publication is not None:
            self.deliver(channel, publication)
        return position

    async def feed(self, channel: str, values: Mapping[str, bytes], rule: TopicRule) -> None:
        at, newest = self._clock.unix(), self._newest(channel, rule)
        publications = tuple([newest.put(data, at, key=key) for key, data in values.items()])
        if publications:
            self.deliver(channel, Published(publications))

    async def history(
        self, channel: str, rule: TopicRule, *, since: Position | None = None, limit: int = 0, reverse: bool = False
    ) -> Page:
        log = self._history(channel, rule)
        before = log.bytes
        page = log.page(self._clock.unix(), since, limit, reverse)
        self._log_bytes += log.bytes - before
        return page

    async def erase(self, channel: str, rule: TopicRule) -> None:
        log = self._history(channel, rule)
        self._log_bytes -= log.bytes
        log.erase()

    async def newest(self, channel: str, rule: TopicRule) -> tuple[Publication, ...]:
        return self._newest(channel, rule).all()

    async def change(self, channel: str, change: Change, rule: TopicRule) -> Position:
        state = self._state(channel, rule)
        patch = state.change(change, self._clock.now(), None if rule.ttl_seconds is None else rule.ttl_seconds * 1000)
        self.expect(channel, state.wake_at())
        if patch is not None:
            self.deliver(channel, patch)
        return Position(state.version, state.epoch)

    async def state(self, channel: str, rule: TopicRule) -> Image:
        return await self.look(channel, rule, StateMap.image)

    async def entry(self, channel: str, key: str, rule: TopicRule) -> Entry | None:
        return await self.look(channel, rule, lambda state: state.entry(key))

    async def look(self, channel: str, rule: TopicRule, read: Callable[[StateMap], T]) -> T:
        """What ``read`` makes of a state, as whoever asks may know it."""
        return read(self._state(channel, rule))

    async def enter(self, room: str, seat: Seat, ttl_ms: int) -> None:
        roster = self._rosters.get(room)
        if roster is None:
            roster = self._rosters[room] = Roster(most=MAX_SEATS)
        self._tell(room, roster, roster.enter(seat, ttl_ms, self._clock.now(), self._clock.unix()))

    async def touch(self, room: str, sessions: dict[str, str], ttl_ms: int) -> tuple[str, ...]:
        roster = self._rosters.get(room)
        if roster is None:
            return tuple(sessions)
        return tuple(roster.touch(sessions, ttl_ms, self._clock.now(), self._clock.unix()))

    async def away(self, room: str, session: str, connection: str, ttl_ms: int) -> None:
        if (roster := self._rosters.get(room)) is not None:
            self._tell(room, roster, roster.away(session, connection, ttl_ms, self._clock.now(), self._clock.unix()))

    async def leave(self, room: str, session: str, connection: str, reason: Literal["left", "kicked"] = "left") -> None:
        if (roster := self._rosters.get(room)) is not None:
            self._tell(room, roster, roster.leave(session, connection, reason))

    async def presence(self, room: str) -> tuple[Seat, ...]:
        roster = self._rosters.get(room)
        return () if roster is None else roster.seats()

    async def lease(self, name: str, holder: str, ttl_ms: int) -> bool:
        now = self._clock.now()
        held_by, until = self._leases.get(name, ("", 0))
        if held_by not in ("", holder) and until > now:
            return False
        if ttl_ms > 0:
            self._leases[name] = (holder, now + ttl_ms)
        else:
            self._leases.pop(name, None)
        return True

    async def ban(self, kick: Kick) -> None:
        name = (kick.target, kick.room)
        self._bans.pop(name, None)
        if len(self._bans) >= MAX_BANS:
            del self._bans[next(iter(self._bans))]
        self._bans[name] = kick

    async def bans(self) -> tuple[Kick, ...]:
        now = self._clock.unix()
        return tuple(kick for kick in self._bans.values() if kick.until > now)

    async def keep(self, room: RoomRecord) -> None:
        self.remember(room)

    def remember(self, room: RoomRecord) -> RoomRecord:
        """As ``keep``; returns the record as it is kept."""
        known = self._rooms.get(room.name)
        at = known.created_at if known is not None else room.created_at or self._clock.unix()
        if known is None and len(self._rooms) >= MAX_ROOMS:
            del self._rooms[next(iter(self._rooms))]
        kept = self._rooms[room.name] = msgspec.structs.replace(room, created_at=at)
        return kept

    async def forget(self, room: str) -> None:
        self._rooms.pop(room, None)
        for channel in [channel for channel in self._stores if channel.partition("/")[0] == room]:
            self.drop(channel)

    def drop(self, channel: str) -> None:
        """Forget a topic. Whoever holds a copy sees a new epoch."""
        store = self._stores.pop(channel, None)
        if isinstance(store, History):
            self._log_bytes -= store.bytes

    async def rooms(self, *, after: str = "", limit: int = 100) -> tuple[RoomRecord, ...]:
        names = heapq.nsmallest(limit, (name for name in self._rooms if name > after))
        return tuple(self._rooms[name] for name in names)

    async def room(self, name: str) -> RoomRecord | None:
        return self._rooms.get(name)

    def state_of(self, channel: str) -> StateMap | None:
        """The map of a topic that is remembered."""
        found = self._stores.get(channel)
        return found if isinstance(found, StateMap) else None

    def adopt(self, channel: str, state: StateMap) -> None:
        """A map that comes from elsewhere."""
        self._put(channel, state)

    def expect(self, name: str, due: int | None) -> None:
        """Look at a state or a roster then."""
        if due is None or self._closed or self._next.get(name, due + 1) <= due:
            return
        self._next[name] = due
        heapq.heappush(self._due, (due, name))
        if self._due[0] == (due, name):
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due and not self._closed:
            delay = max(0, self._due[0][0] - self._clock.now()) / 1000
            self._timer = asyncio.get_running_loop().call_later(delay, self.wake)

    def wake(self) -> None:
        """Do what is due: entries whose time is over, seats that nobody holds any more."""
        now = self._clock.now()
        while self._due and self._due[0][0] <= now:
            due, name = heapq.heappop(self._due)
            if self._next.get(name) == due:
                del self._next[name]
                self._wake(name, now)
        self._set_timer()

    def _wake(self, name: str, now: int) -> None:
        if name.startswith("@"):
            if (roster := self._rosters.get(name[1:])) is not None:
                self._tell(name[1:], roster, roster.wake(now))
        elif (state := self.state_of(name)) is not None:
            patch = state.expire(now)
            self.expect(name, state.wake_at())
            if patch is not None:
                self.expired(name, patch)

    def expired(self, channel: str, patch: Patch) -> None:
        """Entries of a state have had their time."""
        self.deliver(channel, patch)

    def _tell(self, room: str, roster: Roster, events: Sequence[Joined | Changed | Left]) -> None:
        if not len(roster):
            self._rosters.pop(room, None)
        else:
            self.expect("@" + room, roster.wake_at())
        for event in events:
            self.deliver(room, event)

    def _history(self, channel: str, rule: TopicRule) -> History:
        found = self._find(channel)
        if not isinstance(found, History):
            found = History(self._new_id("epoch"), size=rule.size, seconds=rule.seconds, most_bytes=rule.bytes)
            self._put(channel, found)
        return found

    def _newest(self, channel: str, rule: TopicRule) -> Newest:
        found = self._find(channel)
        if not isinstance(found, Newest):
            found = Newest(self._new_id("epoch"), keys=rule.keys, size=rule.bytes)
            self._put(channel, found)
        return found

    def _state(self, channel: str, rule: TopicRule) -> StateMap:
        found = self._find(channel)
        if not isinstance(found, StateMap):
            found = StateMap(self._new_id("epoch"), keys=rule.keys, size=rule.bytes)
            self._put(channel, found)
        return found

    def _find(self, channel: str) -> Store | None:
        found = self._stores.get(channel)
        if found is not None:
            self._stores.move_to_end(channel)
        return found

    def _put(self, channel: str, store: Store) -> None:
        self._make_room_for_one()
        self.drop(channel)
        self._stores[channel] = store

    def _make_room_for_one(self) -> None:
        # Topics in use are put at the end and tried again much later, so that one call looks at a few only.
        for _ in range(8):
            if len(self._stores) < self._most:
                return
            self._drop_oldest()

    def _make_room(self, log: History) -> None:
        """The logs together are too large: those that nobody follows go, and then the oldest of this one."""
        for _ in range(8):
            if self._log_bytes <= MAX_LOG_BYTES or len(self._stores) == 1:
                break
            self._drop_oldest()
        while self._log_bytes > MAX_LOG_BYTES and len(log):
            self._log_bytes -= log.bytes
            log.drop_oldest()
            self._log_bytes += log.bytes

    def _drop_oldest(self) -> None:
        oldest = next(iter(self._stores))
        if oldest in self._listeners:
            self._stores.move_to_end(oldest)
        else:
            self.drop(oldest)
