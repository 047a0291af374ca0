"""What clients are told: replies, errors and pushes, one JSON object each.

A push is made once for all its readers. Over a WebSocket it stands in ``{"push": …}``; one-way connections get it bare.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from salon.base.rooms import Expired, Page, Patch, Publication, Seat, Signal, Snapshot, Who
from salon.wire.centrifuge.codes import TEMPORARY, Ending

PING: Final = "{}"
_NOTHING: Final = Raw()

_encode = msgspec.json.Encoder().encode


class ClientInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    user: str
    client: str
    conn_info: Raw = _NOTHING
    chan_info: Raw = _NOTHING


class Pub(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    data: Raw
    offset: int = 0
    info: ClientInfo | None = None
    tags: dict[str, str] | None = None
    time: int = 0


class SubscribeResult(msgspec.Struct, frozen=True, omit_defaults=True):
    expires: bool = False
    ttl: int = 0
    recoverable: bool = False
    positioned: bool = False
    epoch: str = ""
    offset: int = 0
    publications: tuple[Pub, ...] = ()
    recovered: bool = False
    was_recovering: bool = False
    data: Raw = _NOTHING


class ConnectResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """``ping`` is the seconds between pings, ``pong`` whether they are to be answered, ``time`` milliseconds since 1970."""

    client: str
    version: str
    expires: bool = False
    ttl: int = 0
    data: Raw = _NOTHING
    subs: dict[str, SubscribeResult] = {}
    ping: int = 0
    pong: bool = False
    session: str = ""
    node: str = ""
    time: int = 0


class RefreshResult(msgspec.Struct, frozen=True, omit_defaults=True):
    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: int = 0


class HistoryResult(msgspec.Struct, frozen=True):
    publications: tuple[Pub, ...]
    epoch: str
    offset: int


class PresenceResult(msgspec.Struct, frozen=True):
    presence: dict[str, ClientInfo]


class PresenceStatsResult(msgspec.Struct, frozen=True):
    num_clients: int
    num_users: int


class RpcResult(msgspec.Struct, frozen=True):
    data: Raw


class Nothing(msgspec.Struct, frozen=True):
    """The answer that has nothing to say."""


class Push:
    """One push, encoded once: ``socket`` for WebSockets, ``stream`` for one-way connections."""

    __slots__ = ("socket", "stream")

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.socket = f'{{"push":{stream}}}'


def reply(id: int, method: str, result: msgspec.Struct) -> str:
    return f'{{"id":{id},"{method}":{_encode(result).decode()}}}'


def error(id: int, code: int, message: str) -> str:
    body: dict[str, Any] = {"code": code, "message": message}
    if code in TEMPORARY:
        body["temporary"] = True
    return f'{{"id":{id},"error":{_encode(body).decode()}}}'


def raw(data: bytes) -> Raw:
    """JSON as a member of a line: without the newlines that would end it. Strings in JSON have none."""
    if b"\n" in data or b"\r" in data:
        data = msgspec.json.format(data, indent=-1)
    return Raw(data or b"null")


def info(who: Who) -> ClientInfo:
    return ClientInfo(who.identity, who.session, raw(who.info) if who.info else _NOTHING)


def member(seat: Seat) -> ClientInfo:
    """``conn_info`` is what the token brought, ``chan_info`` what the room knows: ``{"kind", "joined_at", "seen_at"}`` (seconds
    since 1970), ``"away": true`` while the connection is lost, and ``"attributes"``, what the participant says of itself."""
    known: dict[str, Any] = {"kind": seat.kind, "joined_at": seat.joined_at, "seen_at": seat.seen_at}
    if seat.away:
        known["away"] = True
    if seat.attributes:
        known["attributes"] = raw(seat.attributes)
    return ClientInfo(seat.identity, seat.session, raw(seat.info) if seat.info else _NOTHING, Raw(_encode(known)))


def pub(publication: Publication) -> Pub:
    """Of a ``log``: with its offset. Of ``latest``: its key is among the tags, and there is no offset to recover from."""
    who, key = publication.who, publication.key
    return Pub(
        raw(publication.data),
        0 if key else publication.offset,
        info(who) if who is not None else None,
        {**(publication.tags or {}), "key": key} if key else publication.tags,
        publication.at * 1000,
    )


def snapshot_pub(snapshot: Snapshot) -> Pub:
    """A state, whole: ``{"type": "snapshot", "version", "epoch", "entries": {key: value}, "time"}``."""
    body = {
        "type": "snapshot",
        "version": snapshot.version,
        "epoch": snapshot.epoch,
        "entries": {key: raw(value) for key, value in snapshot.entries.items()},
        "time": snapshot.time,
    }
    # With its version in the place of an offset, clients that recover ask for the patches behind it.
    return Pub(Raw(_encode(body)), snapshot.version)


def patch_pub(patch: Patch) -> Pub:
    """What changed: ``{"type": "patch", "base", "version", "epoch", "set": {key: value}, "removed": [key], "acks", "time"}``."""
    body: dict[str, Any] = {
        "type": "patch",
        "base": patch.base,
        "version": patch.version,
        "epoch": patch.epoch,
        "set": {key: raw(value) for key, value in patch.set.items()},
        "removed": patch.removed,
        "time": patch.time,
    }
    if patch.acks:
        body["acks"] = patch.acks
    return Pub(Raw(_encode(body)), patch.version)


def signal_pub(signal: Signal) -> Pub:
    """``{"type": "signal", "id", "data"}``; ``info`` says who it is from."""
    return Pub(Raw(_encode({"type": "signal", "id": signal.id, "data": raw(signal.data)})), info=info(signal.who))


def expired_pub(expired: Expired) -> Pub:
    """``{"type": "expired", "id", "to", "reason"}``, to the sender of a signal."""
    body = {"type": "expired", "id": expired.id, "to": expired.to, "reason": expired.reason}
    return Pub(Raw(_encode(body)))


def publication(channel: str, published: Pub) -> Push:
    return _push(channel, "pub", published)


def joined(channel: str, who: ClientInfo) -> Push:
    return _push(channel, "join", {"info": who})


def left(channel: str, who: ClientInfo) -> Push:
    return _push(channel, "leave", {"info": who})


def unsubscribed(channel: str, ending: Ending) -> Push:
    return _push(channel, "unsubscribe", {"code": ending.code, "reason": ending.reason})


def subscribed(channel: str, result: SubscribeResult) -> Push:
    """A subscription that the server made while the client was connected."""
    return _push(channel, "subscribe", result)


def message(data: bytes) -> Push:
    return _push("", "message", {"data": raw(data)})


def refreshed(ttl: int) -> Push:
    return _push("", "refresh", {"expires": True, "ttl": ttl})


def connected(result: ConnectResult) -> Push:
    """The first of a one-way connection."""
    return _push("", "connect", result)


def disconnected(ending: Ending) -> Push:
    """The last of a one-way connection, which has no close code."""
    body = {"code": ending.code, "reason": ending.reason, "reconnect": not ending.final}
    return _push("", "disconnect", body)


def history(page: Page) -> HistoryResult:
    return HistoryResult(tuple(pub(each) for each in page.publications), page.position.epoch, page.position.offset)


def welcome_data(identity: str) -> bytes:
    """``data`` of the answer to connect: who the client is here."""
    return _encode({"user": identity})


def recovering(result: SubscribeResult) -> SubscribeResult:
    """To a client that comes back."""
    return msgspec.structs.replace(result, was_recovering=True)


def without_recovery(result: SubscribeResult) -> SubscribeResult:
    """To one that comes for the first time: nothing was recovered, since nothing was missed."""
    return msgspec.structs.replace(result, recovered=False)


def presence(seats: Iterable[Seat]) -> PresenceResult:
    return PresenceResult({seat.session: member(seat) for seat in seats})


def presence_stats(seats: Iterable[Seat]) -> PresenceStatsResult:
    there = list(seats)
    return PresenceStatsResult(len(there), len({seat.identity for seat in there}))


def _push(channel: str, kind: str, body: msgspec.Struct | Mapping[str, Any]) -> Push:
    head = f'"channel":{_encode(channel).decode()},' if channel else ""
    return Push(f'{{{head}"{kind}":{_encode(body).decode()}}}')
