"""The rooms of this process: who is connected, which rooms are open, and what may be done to them from anywhere.

A door brings members in (``enter``); a program on the server speaks for the house (``publish``, ``change``, ``kick``). What
carries messages between processes is the broker; this file and ``open_room`` hold copies of what it says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any, Final

from salon.base.errors import ClientError, Refused
from salon.base.ids import NewId
from salon.base.rooms import (
    Change,
    Invite,
    Joined,
    Kick,
    Kind,
    Left,
    Page,
    Position,
    Publication,
    Renew,
    Seat,
    Who,
    split_channel,
)
from salon.ports.broker import CONTROL, Broker, Delivery, Draft
from salon.ports.clock import Clock
from salon.room import policy
from salon.room.policy import Grants, RateLimits, Rules
from salon.session import hooks
from salon.session.hooks import Hooks
from salon.session.member import Ear, Member
from salon.session.open_room import OpenRoom

logger = logging.getLogger(__name__)

SEAT_MS: Final = 60_000
"""A seat whose process does not touch it for so long is lost."""
TOUCH_SECONDS: Final = 15.0
CONFIRM_SECONDS: Final = 30.0
ASIDE_SECONDS: Final = 5.0
"""What programs do when something happens has so long to end when the house closes."""
MAX_BANS: Final = 10_000
MAX_PAGE: Final = 1000
MAX_PAGE_BYTES: Final = 1024 * 1024


class Rooms:
    """``grace_ms`` is how long the seat of a lost connection is kept for its device; ``most_topics`` how many subscriptions one
    connection has. Use it as ``async with``; ``run`` beside it."""

    def __init__(
        self,
        broker: Broker,
        rules: Rules,
        *,
        clock: Clock,
        new_id: NewId,
        rates: RateLimits | None = None,
        grace_ms: int = 10_000,
        most_topics: int = 512,
    ) -> None:
        self.broker = broker
        self.rules = rules
        self.clock = clock
        self.new_id = new_id
        self.rates = rates if rates is not None else RateLimits()
        self.grace_ms = grace_ms
        self.seat_ms = SEAT_MS
        self.most_topics = most_topics
        self.hooks = Hooks()
        self.members: dict[str, Member] = {}
        """By session; a session's newest connection."""
        self.opened: dict[str, OpenRoom] = {}
        self.kicked: list[Callable[[Kick], None]] = []
        """Called with each kick, for doors whose clients are no members."""
        self._bans: dict[tuple[str, str], int] = {}
        self._tasks = asyncio.TaskGroup()
        self._asides: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Rooms:
        await self.broker.__aenter__()
        await self._tasks.__aenter__()
        await self.broker.follow(CONTROL, self._control)
        try:
            for kick in await self.broker.bans():
                self._ban(kick)
        except Refused as refused:
            logger.warning("Who was banned before is not known: %s", refused)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.broker.unfollow(CONTROL, self._control)
        for opened in list(self.opened.values()):
            opened.stop()
        self._closed = True
        if self._asides:
            await asyncio.wait(self._asides, timeout=ASIDE_SECONDS)
        for task in self._asides:
            task.cancel()
        await self._tasks.__aexit__(None, None, None)
        await self.broker.__aexit__(*exc_info)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run it in the background; what it raises is logged. When the house is closed nothing is run."""
        if self._closed:
            work.close()
            return
        self._tasks.create_task(_guarded(work))

    def aside(self, work: Coroutine[Any, Any, None]) -> None:
        """As ``spawn``, for what programs do: the end of the house does not wait for it for ever."""
        if self._closed:
            work.close()
            return
        task = self._tasks.create_task(_guarded(work))
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    async def run(self) -> None:
        """Keep seats and check logs for lost deliveries, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every(TOUCH_SECONDS, self.touch))
            group.create_task(self._every(CONFIRM_SECONDS, self.confirm))

    async def _every(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except Refused as refused:
                logger.warning("Rooms: %s", refused)

    async def touch(self) -> None:
        """Say of every seat of this process that its session is still here."""
        for opened in list(self.opened.values()):
            await opened.touch(SEAT_MS)

    async def confirm(self) -> None:
        for opened in list(self.opened.values()):
            await opened.confirm()

    def enter(
        self,
        identity: str,
        ear: Ear,
        *,
        grants: Grants,
        kind: Kind = "user",
        info: bytes = b"",
        session: str = "",
        proof: bytes = b"",
        hidden: bool = False,
    ) -> Member:
        """A connection comes in. ``session`` and ``proof`` make it the one that this device had before, wherever the old
        connection is; without them it is a new one. A ``hidden`` one takes no seat.
        Raises ``Refused``: 403 ``kicked``, ``seat_taken``."""
        self._check_ban(identity, "")
        before = self.members.get(session) if session else None
        if before is not None:
            if before.who.identity != identity or before.proof != proof:
                raise Refused("This session is somebody else's.", status=403, code="seat_taken")
            before.replaced()
        who = Who(identity, session or self.new_id("client"), info)
        connection = "" if hidden else self.new_id("conn")
        member = Member(self, who, ear, grants, kind, connection=connection, proof=proof)
        self.members[who.session] = member
        return member

    def check_ban(self, who: Who, room: str) -> None:
        """Raises ``Refused`` (403 ``kicked``)."""
        if self._bans:
            self._check_ban(who.identity, room)
            self._check_ban(who.session, room)

    def check_name(self, identity: str) -> None:
        """Raises ``Refused`` (403 ``kicked``) for one who is to stay away."""
        if self._bans:
            self._check_ban(identity, "")

    def open(self, room: str) -> OpenRoom:
        """The room as it is here; opened when its first topic is."""
        opened = self.opened.get(room)
        if opened is None:
            opened = self.opened[room] = OpenRoom(room, self)
        return opened

    async def publish(self, channel: str, draft: Draft) -> Position:
        """Add to a ``log`` or a ``latest`` topic. Raises ``ClientError`` (``wrong_mode``, ``data_too_large``), ``Refused``."""
        split_channel(channel)
        rule = self.rules.require(channel, "log", "latest")
        policy.check_data(draft.data, rule)
        policy.check_key(draft.key)
        policy.check_key(draft.idempotency_key)
        policy.check_tags(draft.tags)
        position = await self.broker.publish(channel, draft, rule)
        if self.hooks.wanted(hooks.MESSAGE):
            room, topic = split_channel(channel)
            happening = hooks.Happening(
                hooks.MESSAGE, room, topic, draft.who, draft.data, draft.key, position.offset, at=self.clock.unix()
            )
            self._fire(happening)
        return position

    async def feed(self, channel: str, values: Mapping[str, bytes]) -> None:
        """New values of many keys of a ``latest`` topic at once: what a source has in one beat. No hook hears of them. Raises
        as ``publish`` does, and then none of them is taken."""
        split_channel(channel)
        rule = self.rules.require(channel, "latest")
        for key, data in values.items():
            if len(key) > policy.MAX_KEY or len(data) > rule.data_bytes:
                policy.check_key(key)
                policy.check_data(data, rule)
        await self.broker.feed(channel, values, rule)

    async def change(self, channel: str, change: Change) -> Position:
        """Change a state; ``offset`` is its version. Raises ``ClientError`` (``wrong_mode``, ``data_too_large``,
        ``state_full``, ``state_key_private``)."""
        split_channel(channel)
        rule = self.rules.require(channel, "state")
        for key, value in change.set.items():
            policy.check_key(key)
            policy.check_data(value, rule)
        return await self.broker.change(channel, change, rule)

    async def history(
        self, channel: str, *, since: Position | None = None, limit: int = 0, reverse: bool = False
    ) -> Page:
        """A page of a log, at most ``MAX_PAGE`` publications and ``MAX_PAGE_BYTES`` of data (one goes always); of ``latest`` the
        newest of each key."""
        split_channel(channel)
        rule = self.rules.require(channel, "log", "latest")
        if rule.mode == "latest":
            publications = await self.broker.newest(channel, rule)
            return Page(publications[: _limit(limit)] if limit else (), Position())
        page = await self.broker.history(channel, rule, since=since, limit=_limit(limit), reverse=reverse)
        if since is not None and not page.proved:
            raise ClientError(
                "The history does not go back to this position, or is another one.", code="unrecoverable_position"
            )
        return Page(tuple(_within(page.publications, MAX_PAGE_BYTES)), page.position)

    async def erase(self, channel: str) -> None:
        """Forget what was said in a log. Nobody is told; its offsets go on."""
        split_channel(channel)
        await self.broker.erase(channel, self.rules.require(channel, "log"))

    def channels(self) -> dict[str, int]:
        """What is subscribed to in this process, and by how many connections."""
        return {
            f"{name}/{topic}": count for name, opened in self.opened.items() for topic, count in opened.topics().items()
        }

    async def presence(self, channel: str) -> tuple[Seat, ...]:
        """Who is subscribed to this topic, the away included."""
        room, topic = split_channel(channel)
        if not self.rules.of(channel).presence:
            raise ClientError("Presence is off for this topic.", code="wrong_mode")
        return tuple(seat for seat in await self.broker.presence(room) if topic in seat.topics)

    async def control(self, message: Kick | Invite | Renew) -> None:
        """To every process: done within the time that a message takes. A ban holds in those that start later too."""
        if isinstance(message, Kick) and message.until and message.target:
            await self.broker.ban(message)
        await self.broker.send(CONTROL, message)

    async def remove(self, room: str) -> None:
        """Delete a room with all that was said in it, and end its subscriptions."""
        await self.broker.forget(room)
        await self.control(Kick("", room, reason="removed"))

    async def drain(self) -> None:
        """Everybody is asked to connect elsewhere, or later."""
        for member in list(self.members.values()):
            member.ear.close("draining")

    def announce(self, room: str, event: Joined | Left) -> None:
        """Somebody came to a room that is open here, or went."""
        name, reason = (hooks.JOINED, "") if isinstance(event, Joined) else (hooks.LEFT, event.reason)
        if self.hooks.wanted(name):
            self._fire(hooks.Happening(name, room, who=event.seat.who, reason=reason, at=self.clock.unix()))

    def _fire(self, happening: hooks.Happening) -> None:
        if not self._closed:
            self.hooks.fire(happening, self.aside)

    def _check_ban(self, target: str, room: str) -> None:
        now = self.clock.unix()
        for name in ((target, ""), (target, room)):
            until = self._bans.get(name, 0)
            if until > now:
                raise Refused("You were removed. Come back later.", status=403, code="kicked")
            if until:
                del self._bans[name]

    def _control(self, message: Delivery) -> None:
        match message:
            case Kick():
                self._kick(message)
            case Invite(target=target, channel=channel):
                for member in self._meant(target):
                    member.ear.invite(channel)
            case Renew(target=target, until=until):
                for member in self._meant(target):
                    member.ear.renew(until)

    def _kick(self, kick: Kick) -> None:
        if kick.until and kick.target:
            self._ban(kick)
        for member in self._meant(kick.target):
            if kick.room or kick.topic:
                member.end(kick.room, kick.topic, kick.reason)
            else:
                member.expelled()
        for told in self.kicked:
            told(kick)

    def _ban(self, kick: Kick) -> None:
        if len(self._bans) >= MAX_BANS:
            del self._bans[next(iter(self._bans))]
        self._bans[kick.target, kick.room] = kick.until

    def _meant(self, target: str) -> list[Member]:
        if not target:
            return list(self.members.values())
        return [member for member in self.members.values() if target in (member.who.session, member.who.identity)]


def _limit(limit: int) -> int:
    return MAX_PAGE if limit < 0 else min(limit, MAX_PAGE)


def _within(publications: Iterable[Publication], most: int) -> Iterable[Publication]:
    size = 0
    for publication in publications:
        size += len(publication.data)
        if size > most and size > len(publication.data):
            return
        yield publication


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (Refused, ClientError) as error:
        logger.warning("Rooms: %s", error)
    except Exception:
        logger.exception("Something went wrong in a room")
