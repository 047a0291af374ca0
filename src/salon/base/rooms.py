"""What rooms, brokers and doors say to each other: names, rules, publications, state, signals, presence.

Payloads are JSON in UTF-8 bytes, as they came: no floor between the publisher and the subscriber decodes them.
"""

from __future__ import annotations

import re
from typing import Final, Literal

import msgspec

from salon.base.errors import ClientError

Mode = Literal["log", "latest", "state", "signal"]
Kind = Literal["user", "agent", "ingest", "viewer"]

MAX_NAME: Final = 64
MAX_CHANNEL: Final = 255

_ROOM = re.compile(r"[\w.:@~-]{1,64}")
_TOPIC = re.compile(r"[\w.:@~/-]{1,190}")


def channel_of(room: str, topic: str) -> str:
    """``room/topic``: the name that doors and brokers use. Raises ``ClientError`` (``invalid_channel``)."""
    if not _ROOM.fullmatch(room) or not _TOPIC.fullmatch(topic):
        raise ClientError(
            "A room's name has 1 to 64 letters, digits or _ . : @ ~ -, a topic's up to 190 of these and /.",
            code="invalid_channel",
        )
    return f"{room}/{topic}"


def split_channel(channel: str) -> tuple[str, str]:
    """Room and topic. Raises ``ClientError`` (``invalid_channel``)."""
    room, _, topic = channel.partition("/")
    channel_of(room, topic)
    return room, topic


class TopicRule(msgspec.Struct, frozen=True, kw_only=True):
    """How topics behave whose channel matches ``pattern`` (``*`` is any run of characters).

    ``log``: at most ``size`` publications and ``bytes`` of data, none older than ``seconds``, are kept. ``latest`` and
    ``state``: at most ``keys`` keys and ``bytes`` of data. ``state``: at most ``ttl_seconds`` for entries whose writer names no
    time (None: for ever); ``authority``: a program on the server alone changes it, participants send it inputs. ``durable``:
    kept on disk where the broker has one (``log`` and ``state``).
    ``max_rate``: what a subscriber of ``latest`` gets who asks for nothing, in deliveries a second (None: every change).
    ``presence``: whether subscribers may be told who else is there. ``data_bytes`` bounds one publication or entry.
    """

    pattern: str = "*"
    mode: Mode = "log"
    size: int = 1000
    seconds: int = 7 * 24 * 3600
    keys: int = 10_000
    bytes: int = 4 * 1024 * 1024
    ttl_seconds: int | None = None
    authority: bool = False
    durable: bool = True
    max_rate: float | None = None
    presence: bool = True
    data_bytes: int = 64 * 1024


class Position(msgspec.Struct, frozen=True, gc=False):
    """A place in a log: ``offset`` counts publications from 1, ``epoch`` names the log's life.

    Offsets of two epochs have nothing to do with each other: a new epoch says that the log was lost or begun anew.
    """

    offset: int = 0
    epoch: str = ""


class Who(msgspec.Struct, frozen=True, gc=False):
    """The author of something. ``session`` is one connection's name (Centrifuge's ``client``), ``identity`` the person's
    (``user``), ``info`` JSON that the person's token brought."""

    identity: str
    session: str = ""
    info: bytes = b""


class Publication(msgspec.Struct, frozen=True, gc=False):
    """One message. ``at`` is seconds since 1970. In a ``log`` ``offset`` orders it; in ``latest`` it tells newer from older."""

    data: bytes
    offset: int = 0
    epoch: str = ""
    key: str = ""
    who: Who | None = None
    at: int = 0
    tags: dict[str, str] | None = None

    @property
    def position(self) -> Position:
        return Position(self.offset, self.epoch)


class Page(msgspec.Struct, frozen=True):
    """A part of a log. ``position`` is the newest one's, whatever the page holds. ``proved`` says that ``publications`` are
    all there was behind the place that was asked for, up to the limit; False that nobody can know."""

    publications: tuple[Publication, ...]
    position: Position
    proved: bool = True


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One key's value in a state. ``owner`` is the identity that alone may see it, empty for everybody. ``version`` is that
    of the patch that wrote it; ``expires_at`` is in milliseconds of the clock of whoever keeps the state, 0 for never."""

    value: bytes
    version: int
    owner: str = ""
    expires_at: int = 0


class Image(msgspec.Struct, frozen=True):
    """A whole state with everything in it, private entries too: from brokers to rooms, never to clients."""

    version: int
    epoch: str
    entries: dict[str, Entry]


class Snapshot(msgspec.Struct, frozen=True):
    """A state as one participant may see it at ``version``. ``time`` is the server's, in milliseconds of a clock that never
    goes back."""

    version: int
    epoch: str
    entries: dict[str, bytes]
    time: int = 0


class Patch(msgspec.Struct, frozen=True):
    """What changed in a state from version ``base`` to ``version``.

    Whoever has version ``base`` of this ``epoch`` has ``version`` after it; whoever has another asks for a snapshot. A key is
    in ``set`` or ``removed``, at most once. ``owners`` names the private keys among them and whose they are. ``acks`` has the
    last processed input of each session that had one processed. ``time`` is the server's.
    """

    base: int
    version: int
    epoch: str
    set: dict[str, bytes]
    removed: tuple[str, ...] = ()
    owners: dict[str, str] = {}
    acks: dict[str, int] = {}
    time: int = 0

    def seen_by(self, identity: str) -> Patch:
        """Without what is private to others. The same object where there is nothing to take away."""
        if not self.owners:
            return self
        hidden = {key for key, owner in self.owners.items() if owner != identity}
        return Patch(
            self.base,
            self.version,
            self.epoch,
            {key: value for key, value in self.set.items() if key not in hidden},
            tuple(key for key in self.removed if key not in hidden),
            {},
            self.acks,
            self.time,
        )


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to change a state: ``set`` keys to JSON, ``remove`` others. ``ttl_ms`` holds for all that is set here; None is
    the rule's. ``owner`` makes the keys private to one identity. ``by`` is the identity that wants it, and may not touch
    what is private to others; None is the house. ``acks`` as in ``Patch``."""

    set: dict[str, bytes] = {}
    remove: tuple[str, ...] = ()
    ttl_ms: int | None = None
    owner: str = ""
    by: str | None = None
    acks: dict[str, int] = {}
    owners: dict[str, str] = {}
    """Owners key by key, for a change of several people's keys at once; goes before ``owner``."""


class Signal(msgspec.Struct, frozen=True):
    """A message to one participant. ``to`` is a session or an identity, which means all its sessions. ``id`` is the sender's
    own name for it: it comes back in ``Expired``."""

    topic: str
    id: str
    who: Who
    to: str
    data: bytes


class Expired(msgspec.Struct, frozen=True):
    """A signal that nobody took. ``reason`` is ``absent`` (its receiver did not come in time) or ``full`` (too many wait)."""

    topic: str
    id: str
    to: str
    reason: Literal["absent", "full"]


class Input(msgspec.Struct, frozen=True, gc=False):
    """What a participant wants of an authoritative state. ``sequence`` counts up in each session."""

    who: Who
    sequence: int
    data: bytes


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """One session's presence in a room.

    ``attributes`` are JSON the participant may change, ``info`` JSON that its token brought. ``topics`` are those it is
    subscribed to. ``joined_at`` and ``seen_at`` are seconds since 1970. ``away`` says that its connection is lost and the
    seat is kept. ``connection`` and ``proof`` are the server's own: which connection holds the seat, and the digest of the
    secret by which another takes it over. Doors do not tell them.
    """

    session: str
    identity: str
    kind: Kind = "user"
    info: bytes = b""
    attributes: bytes = b""
    topics: frozenset[str] = frozenset()
    joined_at: int = 0
    seen_at: int = 0
    away: bool = False
    connection: str = ""
    proof: bytes = b""

    def __repr__(self) -> str:
        return f"Seat({self.session!r}, {self.identity!r}, away={self.away})"

    @property
    def who(self) -> Who:
        return Who(self.identity, self.session, self.info)


class Joined(msgspec.Struct, frozen=True):
    """A session took a seat. ``first``: the identity had no other."""

    seat: Seat
    first: bool


class Changed(msgspec.Struct, frozen=True):
    """A seat is another: attributes, topics, away or back, or taken over by another connection."""

    seat: Seat
    before: Seat


class Left(msgspec.Struct, frozen=True):
    """A seat is free. ``last``: the identity has no other. ``reason`` is ``left``, ``lost`` (its grace time is over) or
    ``kicked``."""

    seat: Seat
    last: bool
    reason: Literal["left", "lost", "kicked"]


class Published(msgspec.Struct, frozen=True):
    """Publications of one topic, in order: one of a ``log``, any number of ``latest``."""

    publications: tuple[Publication, ...]


class Gap(msgspec.Struct, frozen=True):
    """A subscriber of a ``log`` is told: what was published since its last message cannot all be had. It subscribes anew,
    and goes on from ``position``."""

    position: Position


class Ended(msgspec.Struct, frozen=True):
    """A subscription was ended by the server: ``kicked``, ``removed`` (the room is gone) or ``unsubscribed``."""

    reason: Literal["kicked", "removed", "unsubscribed"]


class Kick(msgspec.Struct, frozen=True):
    """End what this identity or session has (an empty ``target`` is everybody): in ``room`` or ``topic`` of it, or, where both
    are empty, everything. ``until`` (seconds since 1970) keeps it out that long, and of a removed room says nothing."""

    target: str
    room: str = ""
    topic: str = ""
    until: int = 0
    reason: Literal["kicked", "removed", "unsubscribed"] = "kicked"


class Invite(msgspec.Struct, frozen=True):
    """Subscribe this identity or session to a channel, whether it asked or not."""

    target: str
    channel: str


class Renew(msgspec.Struct, frozen=True):
    """The grants of this identity or session hold until ``until`` (seconds since 1970), whatever their token says; 0 for
    ever, a time that is over ends them."""

    target: str
    until: int


class RoomRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A room that is kept though nobody is in it. ``about`` is JSON for whoever lists rooms."""

    name: str
    about: bytes = b""
    created_at: int = 0


RoomEvent = Published | Patch | Snapshot | Signal | Expired | Joined | Changed | Left | Gap | Ended
"""What a member is told beside the answers to its commands."""
