"""What rooms tell their members, in Centrifuge's words: made once, for every connection that hears it."""

from __future__ import annotations

from typing import Final

from salon.base.rooms import Changed, Ended, Expired, Gap, Joined, Left, Patch, Published, RoomEvent, Signal, Snapshot
from salon.room.machine import Welcome
from salon.session.member import Farewell, Told
from salon.transport.frames import Shared
from salon.wire.centrifuge import codes, encode
from salon.wire.centrifuge.encode import Pub, Push, SubscribeResult

FAREWELLS: Final[dict[Farewell, codes.Ending]] = {
    "kicked": codes.FORCE_DISCONNECT,
    "replaced": codes.REPLACED,
    "draining": codes.SHUTDOWN,
}
_ENDINGS = {
    "kicked": codes.Ending(codes.UNSUBSCRIBED.code, "kicked"),
    "removed": codes.Ending(codes.UNSUBSCRIBED.code, "room removed"),
    "unsubscribed": codes.UNSUBSCRIBED,
}


class Telling(Shared):
    """A frame for WebSockets, and the same as bare pushes for one-way connections."""

    __slots__ = ("pushes",)

    def __init__(self, pushes: list[Push]) -> None:
        super().__init__("\n".join(push.socket for push in pushes))
        self.pushes = pushes


def telling_of(told: Told) -> Telling:
    made = told.made
    if not isinstance(made, Telling):
        made = told.made = Telling(_pushes(told.channel, told.event))
    return made


def welcomed(welcome: Welcome) -> SubscribeResult:
    """The answer to a subscription. A reader of a state goes on from its version as one of a log does from its offset."""
    if welcome.page is not None:
        page = welcome.page
        return SubscribeResult(
            recoverable=True,
            positioned=True,
            epoch=page.position.epoch,
            offset=page.position.offset,
            publications=tuple(encode.pub(each) for each in page.publications),
            recovered=page.proved,
        )
    if welcome.snapshot is not None or welcome.patch is not None:
        whole = welcome.patch if welcome.patch is not None else welcome.snapshot
        assert whole is not None
        pub = encode.patch_pub(whole) if isinstance(whole, Patch) else encode.snapshot_pub(whole)
        publications = () if isinstance(whole, Patch) and whole.base == whole.version else (pub,)
        return SubscribeResult(
            recoverable=True,
            positioned=True,
            epoch=whole.epoch,
            offset=whole.version,
            publications=publications,
            recovered=True,
        )
    return SubscribeResult(publications=tuple(encode.pub(each) for each in welcome.publications))


def _pushes(channel: str, event: RoomEvent) -> list[Push]:
    match event:
        case Published(publications=publications):
            return [encode.publication(channel, encode.pub(each)) for each in publications]
        case Joined(seat=seat) | Changed(seat=seat):
            # One that is there already says it again: something of it is another.
            return [encode.joined(channel, encode.member(seat))]
        case Left(seat=seat):
            return [encode.left(channel, encode.member(seat))]
        case Gap():
            return [encode.unsubscribed(channel, codes.INSUFFICIENT_STATE)]
        case Ended(reason=reason):
            return [encode.unsubscribed(channel, _ENDINGS[reason])]
        case _:
            return [encode.publication(channel, _pub(event))]


def _pub(event: Patch | Snapshot | Signal | Expired) -> Pub:
    match event:
        case Patch():
            return encode.patch_pub(event)
        case Snapshot():
            return encode.snapshot_pub(event)
        case Signal():
            return encode.signal_pub(event)
        case Expired():
            return encode.expired_pub(event)
