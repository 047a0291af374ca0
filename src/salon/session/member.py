"""One connection in the rooms: what it is subscribed to, and what it asks for, each within its grants and its rates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Literal, Protocol

from salon.base.errors import ClientError
from salon.base.rooms import (
    Change,
    Ended,
    Input,
    Kind,
    Page,
    Position,
    RoomEvent,
    Seat,
    Signal,
    TopicRule,
    Who,
    split_channel,
)
from salon.ports.broker import Draft
from salon.room import policy
from salon.room.latest import Figures
from salon.room.machine import Welcome
from salon.room.policy import Command, Grants

if TYPE_CHECKING:
    from salon.session.rooms import Rooms

MAX_SIGNAL_ID: Final = 128

Farewell = Literal["kicked", "replaced", "draining"]


class Told:
    """One event for many. ``made`` is what a door has made of it, for the next member that it tells."""

    __slots__ = ("channel", "event", "made")

    def __init__(self, channel: str, event: RoomEvent) -> None:
        self.channel = channel
        self.event = event
        self.made: object = None


class Ear(Protocol):
    """How a door's connection is told. Nothing here may block or raise."""

    def tell(self, told: Told) -> None: ...

    @property
    def crowded(self) -> bool:
        """What can wait should: the newest of ``latest`` and of a state are kept for it."""
        ...

    async def drained(self) -> None:
        """Return when it is not crowded any more, or over."""
        ...

    def invite(self, channel: str) -> None:
        """Subscribe to this, as if the client had asked."""
        ...

    def renew(self, until: int) -> None:
        """The connection is good until then (seconds since 1970); 0 for ever."""
        ...

    def close(self, reason: Farewell) -> None: ...


class Member:
    """Made by ``Rooms.enter``; ``leave`` when the connection is over. Every request raises ``ClientError`` for what cannot be
    done and ``Refused`` for what cannot be done now. Without a ``connection`` it takes no seats: nobody sees it."""

    def __init__(
        self, rooms: Rooms, who: Who, ear: Ear, grants: Grants, kind: Kind, *, connection: str, proof: bytes
    ) -> None:
        self.who = who
        self.ear = ear
        self.grants = grants
        self.kind = kind
        self.connection = connection
        self.proof = proof
        self._rooms = rooms
        self._channels: dict[str, None] = {}
        self._attributes: dict[str, bytes] = {}
        self._over = False

    @property
    def channels(self) -> tuple[str, ...]:
        return tuple(self._channels)

    def hears(self, channel: str) -> bool:
        return channel in self._channels

    def topics_in(self, room: str) -> list[str]:
        """Those of a room that are subscribed to. Asked at every subscription: names that were checked before are not again."""
        start = f"{room}/"
        return [channel[len(start) :] for channel in self._channels if channel.startswith(start)]

    def rule(self, channel: str) -> TopicRule:
        """How this topic behaves. Raises ``ClientError`` (``invalid_channel``)."""
        split_channel(channel)
        return self._rooms.rules.of(channel)

    async def subscribe(
        self,
        channel: str,
        welcome: Callable[[Welcome], None],
        *,
        since: Position | None = None,
        rate: float | None = None,
        watch: bool = False,
        allowed: bool = False,
    ) -> None:
        """``welcome`` is called with what it is given first, before anything else of this channel is told. ``since`` is the
        place of a returning reader, ``rate`` its deliveries a second (``latest``), ``watch`` whether it is told who joins and
        leaves. ``allowed``: somebody else has said that it may."""
        room, topic = split_channel(channel)
        self._take("subscribe")
        if not allowed:
            self.grants.require("subscribe", channel)
        self._rooms.check_ban(self.who, room)
        if channel in self._channels:
            raise ClientError("This connection is subscribed to this channel already.", code="already_subscribed")
        if len(self._channels) >= self._rooms.most_topics:
            raise ClientError(
                f"At most {self._rooms.most_topics} subscriptions on one connection.", code="too_many_topics"
            )
        self._channels[channel] = None
        try:
            while not await self._rooms.open(room).read(self, topic, since, rate, watch, welcome):
                pass  # it was closed while we waited, and another has been opened
        except BaseException:
            self._forget(channel)
            raise
        if channel not in self._channels:
            # Kicked, or gone, while it came in.
            self._quit(channel)

    async def unsubscribe(self, channel: str) -> None:
        if channel in self._channels:
            self._forget(channel)
            await self.sit(split_channel(channel)[0])

    async def publish(self, channel: str, data: bytes, *, key: str = "", idempotency_key: str = "") -> Position:
        """Of a ``log`` or a ``latest`` topic."""
        self._may("publish", "publish", channel)
        draft = Draft(data=data, key=key, who=self.who, idempotency_key=self._own(idempotency_key))
        return await self._rooms.publish(channel, draft)

    async def feed(self, channel: str, values: Mapping[str, bytes]) -> None:
        """New values of many keys of a ``latest`` topic; one command of its budget."""
        self._may("publish", "publish", channel)
        await self._rooms.feed(channel, values)

    async def change(
        self,
        channel: str,
        set: dict[str, bytes],
        remove: tuple[str, ...] = (),
        *,
        ttl_ms: int | None = None,
        private: bool = False,
    ) -> Position:
        """Change a shared state; ``private`` keys are seen by this identity alone."""
        self._may("publish", "publish", channel)
        if self._rooms.rules.of(channel).authority:
            raise ClientError("Only the server changes this state. Send it inputs.", code="wrong_mode")
        me = self.who.identity
        change = Change(set=set, remove=remove, ttl_ms=ttl_ms, owner=me if private else "", by=me)
        return await self._rooms.change(channel, change)

    async def input(self, channel: str, sequence: int, data: bytes) -> None:
        """To whoever holds the state. The acknowledgement comes with a patch."""
        self._may("intent", "intent", channel)
        rule = self._rooms.rules.require(channel, "state")
        if not rule.authority:
            raise ClientError("Nobody takes inputs here: change the state itself.", code="wrong_mode")
        policy.check_data(data, rule)
        await self._rooms.broker.send(channel, Input(self.who, sequence, data))

    async def signal(self, channel: str, to: str, id: str, data: bytes) -> None:
        """To a session or an identity. That nobody took it is told as ``Expired``, on this channel."""
        self._may("signal", "signal", channel)
        policy.check_data(data, self._rooms.rules.require(channel, "signal"))
        policy.check_key(to)
        policy.check_key(id)
        room, topic = split_channel(channel)
        self._subscribed(channel)
        self._rooms.open(room).post(Signal(topic, id, self.who, to, data))

    async def history(
        self, channel: str, *, since: Position | None = None, limit: int = 0, reverse: bool = False
    ) -> Page:
        self._may("history", "history", channel)
        return await self._rooms.history(channel, since=since, limit=limit, reverse=reverse)

    async def presence(self, channel: str) -> tuple[Seat, ...]:
        self._may("presence", "presence", channel)
        return await self._rooms.presence(channel)

    async def set_attributes(self, room: str, attributes: bytes) -> None:
        """JSON that everybody who sees this member's presence in the room sees with it."""
        self._take("attributes")
        policy.check_attributes(attributes)
        if not self.topics_in(room):
            raise ClientError("Subscribe to a topic of this room first.", code="not_subscribed")
        self._attributes[room] = attributes
        await self.sit(room)

    def set_rate(self, channel: str, rate: float | None) -> None:
        """Deliveries a second of a ``latest`` topic, from now on; None is every change."""
        self._take("rpc")
        self._rooms.rules.require(channel, "latest")
        room, topic = self._subscribed(channel)
        self._rooms.open(room).set_rate(topic, self.who.session, rate)

    def figures(self, channel: str) -> Figures:
        """Of a ``latest`` topic: what was delivered and what was conflated since the subscription."""
        self._take("rpc")
        room, topic = self._subscribed(channel)
        return self._rooms.open(room).figures(topic, self.who.session)

    def take(self, command: Command) -> None:
        """Count a command of another kind. Raises ``Refused`` (429)."""
        self._take(command)

    def end(self, room: str, topic: str, reason: Literal["kicked", "removed", "unsubscribed"]) -> None:
        """End its subscriptions in a room, or to one topic of it, and say so."""
        ended = [f"{room}/{each}" for each in self.topics_in(room) if topic in ("", each)]
        for channel in ended:
            del self._channels[channel]
            self.ear.tell(Told(channel, Ended(reason)))
        # The seat goes first: of a room that nobody reads any more nothing is heard.
        self._rooms.spawn(self.sit(room, "kicked" if reason == "kicked" else "left"))
        for channel in ended:
            self._quit(channel)

    def dropped(self, channel: str) -> None:
        """The room let it go: it is told of a gap. Its seat stays, since it is about to subscribe anew."""
        self._channels.pop(channel, None)

    def replaced(self) -> None:
        """Its device is back on another connection, which takes its seats when it subscribes."""
        rooms = self._end_all()
        self.ear.close("replaced")
        for room in rooms:
            self._rooms.spawn(self._rooms.broker.away(room, self.who.session, self.connection, self._rooms.grace_ms))

    def expelled(self) -> None:
        """Kicked out of everything. Its seats are free at once: it may be that its connection takes its time to end."""
        self.ear.close("kicked")
        for room in {split_channel(channel)[0] for channel in self._channels}:
            self._rooms.spawn(self._rooms.broker.leave(room, self.who.session, self.connection, "kicked"))
        self._end_all()

    async def leave(self, keep: bool) -> None:
        """The connection is over. ``keep``: it was lost, and its device may come back within the grace time."""
        if self._over:
            return
        broker, session = self._rooms.broker, self.who.session
        for room in self._end_all():
            if keep and self.proof:
                await broker.away(room, session, self.connection, self._rooms.grace_ms)
            else:
                await broker.leave(room, session, self.connection)

    async def sit(self, room: str, reason: Literal["left", "kicked"] = "left") -> None:
        """Tell the room which of its topics this member hears; without any it leaves."""
        broker = self._rooms.broker
        topics = frozenset(self.topics_in(room))
        if self._over or not self.connection:
            return
        if not topics:
            self._attributes.pop(room, None)
            await broker.leave(room, self.who.session, self.connection, reason)
            return
        seat = Seat(
            session=self.who.session,
            identity=self.who.identity,
            kind=self.kind,
            info=self.who.info,
            attributes=self._attributes.get(room, b""),
            topics=topics,
            connection=self.connection,
            proof=self.proof,
        )
        await broker.enter(room, seat, self._rooms.seat_ms)

    def _end_all(self) -> set[str]:
        self._over = True
        if self._rooms.members.get(self.who.session) is self:
            del self._rooms.members[self.who.session]
        rooms = set()
        for channel in self.channels:
            self._forget(channel)
            rooms.add(split_channel(channel)[0])
        return rooms

    def _forget(self, channel: str) -> None:
        self._channels.pop(channel, None)
        self._quit(channel)

    def _quit(self, channel: str) -> None:
        room, topic = split_channel(channel)
        opened = self._rooms.opened.get(room)
        if opened is not None:
            opened.quit(topic, self.who.session)

    def _subscribed(self, channel: str) -> tuple[str, str]:
        if channel not in self._channels:
            raise ClientError("Subscribe to this channel first.", code="not_subscribed")
        return split_channel(channel)

    def _may(self, command: Command, action: policy.Action, channel: str) -> None:
        self._take(command)
        self._rooms.check_ban(self.who, split_channel(channel)[0])
        self.grants.require(action, channel)

    def _take(self, command: Command) -> None:
        self._rooms.rates.take(self.who.identity, command, self._rooms.clock.now())

    def _own(self, idempotency_key: str) -> str:
        # Two people who number their messages from one do not mean the same message.
        return f"{self.who.identity}\0{idempotency_key}" if idempotency_key else ""
