"""What carries topics between members, and between processes.

Offsets, epochs, versions and seats are the broker's: a process holds copies. Whoever follows a channel may see a delivery
twice or miss one; it can tell by offset, version and epoch, and asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, Protocol

import msgspec

from salon.base.rooms import (
    Change,
    Changed,
    Entry,
    Image,
    Input,
    Invite,
    Joined,
    Kick,
    Left,
    Page,
    Patch,
    Position,
    Publication,
    Published,
    Renew,
    RoomRecord,
    Seat,
    Signal,
    TopicRule,
    Who,
)

CONTROL = "/control"
"""The channel that every process follows: what an operator wants of somebody, wherever that is connected."""

Control = Kick | Invite | Renew
Delivery = Publication | Published | Patch | Input | Signal | Joined | Changed | Left | Control
"""Topics (``room/topic``) carry publications, one or several at once in their order, patches and inputs; rooms (``room``)
signals and presence; ``CONTROL`` its own."""

Listener = Callable[[Delivery], None]
"""Called in the event loop, in order. Must neither block nor raise."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A publication that has no place yet. Drafts of one ``idempotency_key`` in one channel, within five minutes, are one
    publication."""

    data: bytes
    key: str = ""
    who: Who | None = None
    tags: dict[str, str] | None = None
    idempotency_key: str = ""


class Broker(Protocol):
    """Every method may raise ``Refused`` (503, ``broker_busy`` or ``broker_unavailable``); what was asked for is then not
    done, or its outcome not known.

    An awaited ``publish`` or ``change`` of a durable topic is on disk. Nothing is delivered that could still be lost.
    """

    async def __aenter__(self) -> Broker: ...

    async def __aexit__(self, *exc_info: object) -> None: ...

    async def follow(self, channel: str, listener: Listener) -> None:
        """Call ``listener`` with everything delivered to ``channel`` from now on."""
        ...

    async def unfollow(self, channel: str, listener: Listener) -> None: ...

    async def send(self, channel: str, message: Signal | Input | Control) -> None:
        """To everybody who follows ``channel`` now; it is not kept."""
        ...

    async def publish(self, channel: str, draft: Draft, rule: TopicRule) -> Position:
        """Add to a ``log`` or a ``latest`` topic. Returns its place: that of the first one where it came before."""
        ...

    async def feed(self, channel: str, values: Mapping[str, bytes], rule: TopicRule) -> None:
        """New values of many keys of a ``latest`` topic, delivered together. The house's: they have no author."""
        ...

    async def history(
        self, channel: str, rule: TopicRule, *, since: Position | None = None, limit: int = 0, reverse: bool = False
    ) -> Page:
        """At most ``limit`` publications behind ``since`` (before it, newest first, with ``reverse``); without ``since`` from
        the oldest (the newest). A place that cannot be known is answered with ``proved=False`` and nothing."""
        ...

    async def erase(self, channel: str, rule: TopicRule) -> None:
        """Forget what was said in a log. Its epoch and offsets go on."""
        ...

    async def newest(self, channel: str, rule: TopicRule) -> tuple[Publication, ...]:
        """The newest publication of every key of a ``latest`` topic."""
        ...

    async def change(self, channel: str, change: Change, rule: TopicRule) -> Position:
        """Change a state; ``offset`` of the result is its version. Raises ``ClientError`` (``state_full``,
        ``state_key_private``)."""
        ...

    async def state(self, channel: str, rule: TopicRule) -> Image: ...

    async def entry(self, channel: str, key: str, rule: TopicRule) -> Entry | None:
        """One key of a state."""
        ...

    async def enter(self, room: str, seat: Seat, ttl_ms: int) -> None:
        """Take a seat, or change or take over the one of this session. It is lost ``ttl_ms`` after the last ``enter`` or
        ``touch``. Raises ``Refused`` (403, ``seat_taken``) where the session is somebody else's, or the proof is."""
        ...

    async def touch(self, room: str, sessions: dict[str, str], ttl_ms: int) -> tuple[str, ...]:
        """These sessions, by the connections that hold them, are still here. Returns those that have no such seat any more:
        they were lost while nobody touched them, or taken over."""
        ...

    async def away(self, room: str, session: str, connection: str, ttl_ms: int) -> None:
        """The connection is lost; the seat is kept for ``ttl_ms``. Nothing happens where another connection has it."""
        ...

    async def leave(self, room: str, session: str, connection: str, reason: Literal["left", "kicked"] = "left") -> None:
        """Free the seat. Nothing happens where another connection has it; an empty ``connection`` is any."""
        ...

    async def presence(self, room: str) -> tuple[Seat, ...]: ...

    async def lease(self, name: str, holder: str, ttl_ms: int) -> bool:
        """Whether ``holder`` has ``name`` for itself for the next ``ttl_ms``; 0 gives it back."""
        ...

    async def ban(self, kick: Kick) -> None:
        """Remember whom nobody is to let in until ``kick.until``, whichever process asks, and after a restart."""
        ...

    async def bans(self) -> tuple[Kick, ...]:
        """Those that hold now, the oldest first."""
        ...

    async def keep(self, room: RoomRecord) -> None:
        """Remember a room. The first ``created_at`` stays."""
        ...

    async def forget(self, room: str) -> None:
        """Delete a room with its logs and states. What is published later begins a new epoch."""
        ...

    async def rooms(self, *, after: str = "", limit: int = 100) -> tuple[RoomRecord, ...]:
        """Rooms that are kept, by name."""
        ...

    async def room(self, name: str) -> RoomRecord | None:
        """One that is kept."""
        ...
