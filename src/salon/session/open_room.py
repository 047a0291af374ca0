"""A room that somebody here is in: its machine, fed with what the broker delivers and what members ask, and performed.

A topic is followed from its first reader here to its last; the room itself as long as it has readers.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from salon.base.rooms import (
    Changed,
    Gap,
    Joined,
    Left,
    Page,
    Patch,
    Position,
    Publication,
    Published,
    RoomEvent,
    Seat,
    Signal,
    TopicRule,
    channel_of,
)
from salon.ports.broker import Delivery, Listener
from salon.room import machine
from salon.room.latest import Figures
from salon.room.log import LogTopic

if TYPE_CHECKING:
    from salon.session.rooms import Rooms
from salon.session.member import Member, Told

MAX_RECOVERED_BYTES: Final = 1024 * 1024
"""Of one subscription. A reader that missed more is told so, and pages through the history."""


class OpenRoom:
    """``closed`` when its last reader has gone: who waited for it opens another."""

    def __init__(self, name: str, rooms: Rooms) -> None:
        self.name = name
        self.closed = False
        self._rooms = rooms
        self._members = rooms.members
        self._room = machine.Room(name)
        self._lock = asyncio.Lock()
        self._followed = False
        self._waiting = 0
        self._listeners: dict[str, Listener] = {}
        # What came while a topic, or the room ("" in its place), was being opened.
        self._early: dict[str, list[Delivery]] = {}
        self._present: dict[str, set[str]] = {}
        self._watching: dict[str, dict[str, None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0

    async def read(
        self,
        member: Member,
        topic: str,
        since: Position | None,
        rate: float | None,
        watch: bool,
        welcome: Callable[[machine.Welcome], None],
    ) -> bool:
        """Bring a reader in. False where the room has been closed meanwhile, and nothing was done."""
        channel, session = channel_of(self.name, topic), member.who.session
        rule = self._rooms.rules.of(channel)
        self._waiting += 1
        try:
            async with self._lock:
                if self.closed:
                    return False
                await self._open()
                self._present.setdefault(session, set()).add(topic)
        finally:
            self._waiting -= 1
        if rule.mode == "signal":
            # Whoever has a seat is sent what waits for it: it has to know before that it is subscribed.
            welcome(machine.Welcome(topic, session))
            await member.sit(self.name)
        else:
            await self._begin(member, topic, channel, rule, since, rate, welcome)
        if watch and member.hears(channel):
            self._watching.setdefault(topic, {})[session] = None
        return True

    async def _begin(
        self,
        member: Member,
        topic: str,
        channel: str,
        rule: TopicRule,
        since: Position | None,
        rate: float | None,
        welcome: Callable[[machine.Welcome], None],
    ) -> None:
        session, page = member.who.session, None
        if rule.mode == "log":
            async with self._lock:
                await self._open_topic(topic, channel, rule)
                # Nothing may come between: a topic without readers is let go.
                self._feed(machine.Expect(topic, session))
            page = await self._page(channel, rule, since)
        # Whoever is greeted on joining is to hear the greeting: from here on nothing is missed.
        await member.sit(self.name)
        if rule.mode != "log":
            async with self._lock:
                await self._open_topic(topic, channel, rule)
        # Its connection may have ended, or another taken its place, while this one waited.
        if self._members.get(session) is member and member.hears(channel):
            limit = rule.max_rate if rate is None else rate
            self._feed(machine.Read(topic, session, member.who.identity, page, limit, since), welcome)
        elif self._members.get(session) in (None, member):
            self._feed(machine.Quit(topic, session))

    def quit(self, topic: str, session: str) -> None:
        """It reads this topic no more."""
        if (watching := self._watching.get(topic)) is not None:
            watching.pop(session, None)
            if not watching:
                del self._watching[topic]
        if (topics := self._present.get(session)) is not None:
            topics.discard(topic)
            if not topics:
                del self._present[session]
        self._feed(machine.Quit(topic, session))
        if not self._present:
            self._rooms.spawn(self._release(topic))

    def post(self, signal: Signal) -> None:
        self._feed(machine.Post(signal))

    def set_rate(self, topic: str, session: str, rate: float | None) -> None:
        self._feed(machine.SetRate(topic, session, rate))

    def figures(self, topic: str, session: str) -> Figures:
        return self._room.figures(topic, session)

    def topics(self) -> dict[str, int]:
        """What is subscribed to here, and by how many."""
        return dict(Counter(topic for topics in self._present.values() for topic in topics))

    async def touch(self, seat_ms: int) -> None:
        """Keep the seats of this room's members. One that was lost is taken again; one that another connection has is left to
        it."""
        ours = {
            session: member.connection
            for session in self._present
            if (member := self._members.get(session)) is not None and member.connection
        }
        if not ours:
            return
        lost = await self._rooms.broker.touch(self.name, ours, seat_ms)
        if not lost:
            return
        seats = {seat.session: seat for seat in await self._rooms.broker.presence(self.name)}
        for session in lost:
            member = self._members.get(session)
            if member is None or member.connection != ours[session]:
                continue
            if session in seats and not seats[session].away:
                member.replaced()
            else:
                await member.sit(self.name)

    async def confirm(self) -> None:
        """Ask the broker where its logs stand."""
        for topic in self._room.topics:
            if isinstance(self._room.topic(topic), LogTopic):
                channel = channel_of(self.name, topic)
                page = await self._rooms.broker.history(channel, self._rooms.rules.of(channel))
                self._feed(machine.Confirm(topic, page.position))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _open(self) -> None:
        if self._followed:
            return
        self._early[""] = []
        await self._rooms.broker.follow(self.name, self._hear)
        try:
            seats = await self._rooms.broker.presence(self.name)
        except BaseException:
            await self._rooms.broker.unfollow(self.name, self._hear)
            raise
        self._followed = True
        self._room = machine.Room(self.name, seats)
        for delivery in self._early.pop(""):
            self._hear(delivery)

    async def _open_topic(self, topic: str, channel: str, rule: TopicRule) -> None:
        if self._room.topic(topic) is not None:
            return
        broker, listener = self._rooms.broker, self._listeners.pop(topic, None)
        self._early[topic] = []
        if listener is None:
            listener = partial(self._arrive, topic)
            await broker.follow(channel, listener)
        try:
            contents: machine.Contents
            if rule.mode == "log":
                contents = (await broker.history(channel, rule)).position
            elif rule.mode == "latest":
                contents = await broker.newest(channel, rule)
            else:
                contents = await broker.state(channel, rule)
        except BaseException:
            del self._early[topic]
            await broker.unfollow(channel, listener)
            raise
        self._listeners[topic] = listener
        self._feed(machine.Open(topic, rule, contents))
        for delivery in self._early.pop(topic):
            self._arrive(topic, delivery)

    async def _release(self, topic: str) -> None:
        async with self._lock:
            if self._room.topic(topic) is None and (listener := self._listeners.pop(topic, None)) is not None:
                await self._rooms.broker.unfollow(channel_of(self.name, topic), listener)
            if self.closed or self._present or self._waiting or not self._room.idle:
                return
            if any(seat.away for seat in self._room.roster.seats()):
                return  # until it is known how that ends: somebody may want to hear of it
            self.closed = True
            del self._rooms.opened[self.name]
            self.stop()
            if self._followed:
                await self._rooms.broker.unfollow(self.name, self._hear)

    async def _page(self, channel: str, rule: TopicRule, since: Position | None) -> Page:
        """What a returning reader missed, all of it; or, where that is too much or not known, nothing."""
        limit = rule.size if since is not None else 0
        page = await self._rooms.broker.history(channel, rule, since=since, limit=limit)
        if since is None or not page.proved:
            return page
        whole = len(page.publications) == page.position.offset - since.offset
        if whole and sum(len(publication.data) for publication in page.publications) <= MAX_RECOVERED_BYTES:
            return page
        return Page((), page.position, proved=False)

    def _hear(self, delivery: Delivery) -> None:
        """From the broker, on the room's channel."""
        if (early := self._early.get("")) is not None:
            early.append(delivery)
            return
        if isinstance(delivery, Joined | Changed | Left):
            before = self._room.roster.get(delivery.seat.session)
            self._feed(machine.Seated(delivery))
            after = self._room.roster.get(delivery.seat.session)
            if before != after:
                self._notice(delivery, before, after)
            if isinstance(delivery, Left) and not self._present:
                self._rooms.spawn(self._release(""))
        elif isinstance(delivery, Signal):
            told = Told(channel_of(self.name, delivery.topic), delivery)
            for session in self._room.roster.sessions_of(delivery.to):
                if delivery.topic in self._present.get(session, ()) and (member := self._members.get(session)):
                    member.ear.tell(told)

    def _notice(self, event: Joined | Changed | Left, before: Seat | None, after: Seat | None) -> None:
        """Tell those who watch, topic by topic, and the house's own."""
        if not isinstance(event, Changed):
            self._rooms.announce(self.name, event)
        was = before.topics if before is not None else frozenset()
        now = after.topics if after is not None else frozenset()
        for topic in was | now:
            watching = self._watching.get(topic)
            if not watching:
                continue
            noticed: RoomEvent
            if after is None or topic not in now:
                assert before is not None
                noticed = event if isinstance(event, Left) else Left(before, False, "left")
            elif topic not in was:
                noticed = Joined(after, isinstance(event, Joined) and event.first)
            elif before is not None and _visible(before) != _visible(after):
                noticed = event
            else:
                continue
            told = Told(channel_of(self.name, topic), noticed)
            for session in tuple(watching):
                if (member := self._members.get(session)) is not None:
                    member.ear.tell(told)

    def _arrive(self, topic: str, delivery: Delivery) -> None:
        """From the broker, on a topic's channel."""
        if (early := self._early.get(topic)) is not None:
            early.append(delivery)
        elif isinstance(delivery, Publication | Published | Patch):
            self._feed(machine.Arrive(topic, delivery))

    def _feed(self, event: machine.Event, welcome: Callable[[machine.Welcome], None] | None = None) -> None:
        self._do(self._room.feed(event, self._rooms.clock.now()), welcome)

    def _do(self, outputs: list[machine.Output], welcome: Callable[[machine.Welcome], None] | None = None) -> None:
        spawn = self._rooms.spawn
        for output in outputs:
            match output:
                case machine.Deliver():
                    self._deliver(output)
                case machine.Welcome():
                    assert welcome is not None
                    welcome(output)
                case machine.Fetch(topic=topic, since=since):
                    spawn(self._fetch(topic, since))
                case machine.Forward(signal=signal):
                    spawn(self._rooms.broker.send(self.name, signal))
                case machine.Release(topic=topic):
                    spawn(self._release(topic))
        at = self._room.wake_at()
        if at is not None and (self._timer is None or at < self._timer_at):
            self._set_timer(at)

    def _deliver(self, output: machine.Deliver) -> None:
        """Hot: once for each subscriber of each message, budget 1 us beside what the door does."""
        told = Told(f"{self.name}/{output.topic}", output.event)
        members = self._members
        if not output.may_wait:
            for session in output.sessions:
                member = members.get(session)
                if member is not None:
                    member.ear.tell(told)
                    if isinstance(output.event, Gap):
                        self._dropped(member, output.topic)
            return
        for session in output.sessions:
            member = members.get(session)
            if member is None:
                continue
            if member.ear.crowded:
                self._feed(machine.Block(output.topic, session, output.event))
                self._rooms.spawn(self._ease(output.topic, member))
            else:
                member.ear.tell(told)

    def _dropped(self, member: Member, topic: str) -> None:
        member.dropped(channel_of(self.name, topic))
        if (topics := self._present.get(member.who.session)) is not None:
            topics.discard(topic)
            if not topics:
                del self._present[member.who.session]

    async def _ease(self, topic: str, member: Member) -> None:
        await member.ear.drained()
        self._feed(machine.Ready(topic, member.who.session))

    async def _fetch(self, topic: str, since: Position | None) -> None:
        channel = channel_of(self.name, topic)
        rule = self._rooms.rules.of(channel)
        broker = self._rooms.broker
        found: machine.Fetched | None = None
        try:
            if since is None:
                found = machine.Fetched(topic, await broker.state(channel, rule))
            else:
                found = machine.Fetched(topic, await broker.history(channel, rule, since=since, limit=rule.size))
        finally:
            self._feed(found if found is not None else machine.Fetched(topic, None))

    def _set_timer(self, at: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        delay = max(0, at - self._rooms.clock.now()) / 1000
        self._timer = asyncio.get_running_loop().call_later(delay, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._do(self._room.wake(self._rooms.clock.now()))
        if self._room.idle and not self._present:
            self._rooms.spawn(self._release(""))


def _visible(seat: Seat) -> tuple[object, ...]:
    """What of a seat others see, beside the topics."""
    return seat.attributes, seat.away, seat.info, seat.kind
