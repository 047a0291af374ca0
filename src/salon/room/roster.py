"""Who is in a room: sessions in seats, several of one identity at a time, and seats kept for those whose connection is lost.

::

    (nobody) ──enter──> here ──away──> away ──enter: the same session, the same proof──> here
                         │ │            └──the grace time is over──> left: lost
                         │ └──no touch for the time it was given──> left: lost
                         └──leave──> left

A connection that is taken over may never have closed: the seat names the connection that holds it, and what an older one
does to it afterwards is ignored.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Literal

import msgspec

from salon.base.errors import Refused
from salon.base.rooms import Changed, Joined, Left, Seat

RosterEvent = Joined | Changed | Left


class Roster:
    """``now`` is in milliseconds for times to come, ``at`` in seconds since 1970 for what people read.

    As the truth it is held by a broker, and changed by ``enter``, ``touch``, ``away`` and ``leave``. A copy is made of the
    broker's seats and follows by ``apply``.
    """

    def __init__(self, seats: Iterable[Seat] = (), *, most: int = 1 << 30) -> None:
        self._seats = {seat.session: seat for seat in seats}
        self._devices: dict[str, set[str]] = {}
        for seat in self._seats.values():
            self._devices.setdefault(seat.identity, set()).add(seat.session)
        self._due: dict[str, int] = {}
        self._soonest: int | None = None
        self._most = most

    def __len__(self) -> int:
        return len(self._seats)

    def seats(self) -> tuple[Seat, ...]:
        return tuple(self._seats.values())

    def get(self, session: str) -> Seat | None:
        return self._seats.get(session)

    def sessions_of(self, target: str) -> list[str]:
        """The sessions that a name means: that session itself, or all of that identity."""
        return [target] if target in self._seats else sorted(self._devices.get(target, ()))

    def hears(self, target: str, topic: str) -> bool:
        """Whether this session, or any of this identity, has a connection and is subscribed to this topic."""
        seats = (self._seats[session] for session in self.sessions_of(target))
        return any(not seat.away and topic in seat.topics for seat in seats)

    def enter(self, seat: Seat, ttl_ms: int, now: int, at: int) -> list[RosterEvent]:
        """Take a seat, or change or take over the one of this session. Raises ``Refused``: ``seat_taken`` where it is somebody
        else's, ``room_full``."""
        before = self._seats.get(seat.session)
        if before is None:
            if len(self._seats) >= self._most:
                raise Refused("This room is full.", status=503, code="room_full", retry_after=10)
            seat = msgspec.structs.replace(seat, joined_at=at, seen_at=at, away=False)
        else:
            if before.identity != seat.identity or not hmac.compare_digest(before.proof, seat.proof):
                raise Refused("This session is somebody else's.", status=403, code="seat_taken")
            seat = msgspec.structs.replace(seat, joined_at=before.joined_at, seen_at=at, away=False)
        self._expect(seat.session, now + ttl_ms)
        if before is None:
            return self.apply(Joined(seat, first=seat.identity not in self._devices))
        return self.apply(Changed(seat, before))

    def touch(self, sessions: dict[str, str], ttl_ms: int, now: int, at: int) -> list[str]:
        """These sessions, by the connections that hold them, are still here. Returns those that are not: their seats were
        lost, or are held by another connection."""
        unknown = []
        for session, connection in sessions.items():
            seat = self._seats.get(session)
            if seat is None or seat.connection != connection or seat.away:
                unknown.append(session)
                continue
            self._expect(session, now + ttl_ms)
            self._seats[session] = msgspec.structs.replace(seat, seen_at=at)
        return unknown

    def away(self, session: str, connection: str, ttl_ms: int, now: int, at: int) -> list[RosterEvent]:
        """The connection is lost; the seat is kept for ``ttl_ms``."""
        seat = self._seats.get(session)
        if seat is None or seat.connection != connection or seat.away:
            return []
        if ttl_ms <= 0:
            return self.leave(session, connection, "lost")
        self._expect(session, now + ttl_ms)
        return self.apply(Changed(msgspec.structs.replace(seat, away=True, seen_at=at), seat))

    def leave(
        self, session: str, connection: str = "", reason: Literal["left", "lost", "kicked"] = "left"
    ) -> list[RosterEvent]:
        seat = self._seats.get(session)
        if seat is None or connection not in ("", seat.connection):
            return []
        return self.apply(Left(seat, last=len(self._devices[seat.identity]) == 1, reason=reason))

    def wake(self, now: int) -> list[RosterEvent]:
        over = [session for session, due in self._due.items() if due <= now]
        events = [event for session in over for event in self.leave(session, reason="lost")]
        self._soonest = min(self._due.values(), default=None)
        return events

    def wake_at(self) -> int | None:
        """No later than the first seat is lost; perhaps earlier, where it has been touched since."""
        return self._soonest

    def _expect(self, session: str, due: int) -> None:
        self._due[session] = due
        if self._soonest is None or due < self._soonest:
            self._soonest = due

    def apply(self, event: RosterEvent) -> list[RosterEvent]:
        """Make it so; nothing comes back where it is so already."""
        seat = event.seat
        known = self._seats.get(seat.session)
        if isinstance(event, Left):
            if known is None:
                return []
            del self._seats[seat.session]
            self._due.pop(seat.session, None)
            devices = self._devices[known.identity]
            devices.discard(seat.session)
            if not devices:
                del self._devices[known.identity]
            return [event]
        if known == seat:
            return []
        self._seats[seat.session] = seat
        self._devices.setdefault(seat.identity, set()).add(seat.session)
        return [event]
