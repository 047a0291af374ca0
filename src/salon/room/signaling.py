"""Who can be called by which id, and what one says to another so that the two can connect.

::

                 join                         lost
    (free id) ─────────> here ──────────────────────────────> away ── grace over ──> (free id), partners told
                          │  <────── join by the same owner ───┘ │
                          │ <─── join by the same owner: the old connection is replaced
                          ├── leaves, is silent too long ──────> (free id), partners told
                          └── disconnects ─────────────────────> (free id), nobody told: connections between peers live on

Partners are those that one has called or answered, and those that called or answered it.
"""

from __future__ import annotations

from collections import OrderedDict

import msgspec

from salon.room.waiting import Bounds, Waiting

Connection = int
"""A way to a client; whoever asks numbers them and never uses a number twice."""


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """``max_peers`` ids at one time. Whoever says nothing for ``silence_ms`` is gone. Whoever lost its connection has
    ``grace_ms`` to come back before its partners are told. Of those whom one called or answered the latest ``max_partners``
    count."""

    max_peers: int = 5_000
    silence_ms: int = 90_000
    grace_ms: int = 5_000
    max_partners: int = 256
    waiting: Bounds = Bounds()


class Opened(msgspec.Struct, frozen=True):
    """The id is this connection's."""

    connection: Connection


class Taken(msgspec.Struct, frozen=True):
    """Somebody else holds the id."""

    connection: Connection


class Full(msgspec.Struct, frozen=True):
    """There is no place for another id."""

    connection: Connection


class Replaced(msgspec.Struct, frozen=True):
    """The owner of its id came back on another connection."""

    connection: Connection


class Silent(msgspec.Struct, frozen=True):
    """Nothing was heard for too long; its id is free."""

    connection: Connection


class Deliver(msgspec.Struct, frozen=True):
    """``text`` is for ``dst``, on ``connection``."""

    connection: Connection
    src: str
    dst: str
    text: str


class Expired(msgspec.Struct, frozen=True):
    """Tell ``src``, on ``connection``, that ``dst`` was not reached."""

    connection: Connection
    src: str
    dst: str


class Left(msgspec.Struct, frozen=True):
    """Tell ``partner``, on ``connection``, that ``peer`` is gone."""

    connection: Connection
    peer: str
    partner: str


Output = Opened | Taken | Full | Replaced | Silent | Deliver | Expired | Left


class _Seat:
    __slots__ = ("connection", "id", "owner", "talks_to")

    def __init__(self, id: str, owner: bytes, connection: Connection) -> None:
        self.id = id
        self.owner = owner
        self.connection: Connection | None = connection
        # Those it called or answered, the latest last. What others say to it is kept with them: nobody can fill another's.
        self.talks_to: OrderedDict[str, None] = OrderedDict()


class Signaling:
    """Every method takes the time in milliseconds of one clock and returns what is to be done about what happened, in order.

    What comes from a connection that holds no id, or no longer, is passed over.
    """

    def __init__(self, terms: Terms = Terms()) -> None:  # noqa: B008  (immutable)
        self._terms = terms
        self._seats: dict[str, _Seat] = {}
        self._here: dict[Connection, _Seat] = {}
        # When each was heard, the longest silent first; when each connection was lost, the first first.
        self._heard: OrderedDict[Connection, int] = OrderedDict()
        self._away: dict[str, int] = {}
        self._called_by: dict[str, set[str]] = {}
        self._waiting = Waiting(terms.waiting)

    @property
    def peers(self) -> list[str]:
        """Ids of those that are here."""
        return [seat.id for seat in self._here.values()]

    def join(self, connection: Connection, id: str, owner: bytes, now: int) -> list[Output]:
        """Somebody wants to be called by ``id``. ``owner`` is what two connections of the same one have in common."""
        outputs: list[Output] = []
        seat = self._seats.get(id)
        if seat is not None and seat.owner != owner:
            if seat.connection is not None:
                return [Taken(connection)]
            # Nobody holds it any more. The grace is its partners', it reserves no name.
            outputs += self._remove(seat, tell=True)
            seat = None
        if seat is None:
            if len(self._seats) >= self._terms.max_peers:
                return [*outputs, Full(connection)]
            seat = self._seats[id] = _Seat(id, owner, connection)
        elif seat.connection is not None:
            outputs.append(Replaced(seat.connection))
            self._unseat(seat.connection)
        self._away.pop(id, None)
        seat.connection = connection
        self._here[connection] = seat
        self._heard[connection] = now
        outputs.append(Opened(connection))
        outputs += [Deliver(connection, src, id, text) for src, text in self._waiting.take(id)]
        return outputs

    def hear(self, connection: Connection, now: int) -> None:
        """It said something, be it only that it is there."""
        if connection in self._heard:
            self._heard[connection] = now
            self._heard.move_to_end(connection)

    def say(self, connection: Connection, dst: str, text: str, size: int, now: int, *, opens: bool) -> list[Output]:
        """Hand ``text`` of ``size`` bytes on to ``dst``, or keep it for a while. An offer ``opens`` a new attempt."""
        seat = self._here.get(connection)
        if seat is None:
            return []
        self._note_partner(seat, dst)
        there = self._seats.get(dst)
        if there is not None and there.connection is not None:
            return [Deliver(there.connection, seat.id, dst, text)]
        if self._waiting.put(seat.id, dst, text, size, now, opens=opens):
            return []
        return [Expired(connection, seat.id, dst)]

    def congested(self, src: str, dst: str, now: int) -> list[Output]:
        """A ``Deliver`` could not be done: ``dst`` does not read. ``src`` is told as if it were absent."""
        seat = self._seats.get(src)
        if seat is None or seat.connection is None or not self._waiting.give_up(src, dst, now):
            return []
        return [Expired(seat.connection, src, dst)]

    def hang_up(self, connection: Connection, dst: str, text: str) -> list[Output]:
        """It is done with ``dst``, who is told with ``text`` if here; what waits for it is taken back."""
        seat = self._here.get(connection)
        if seat is None:
            return []
        self._waiting.withdraw(seat.id, dst)
        self._forget_partner(seat.id, dst)
        self._forget_partner(dst, seat.id)
        there = self._seats.get(dst)
        if there is None or there.connection is None:
            return []
        return [Deliver(there.connection, seat.id, dst, text)]

    def leave(self, connection: Connection, *, tell: bool) -> list[Output]:
        """It gives its id back. ``tell`` its partners where its connections to them end with it."""
        seat = self._here.get(connection)
        return [] if seat is None else self._remove(seat, tell=tell)

    def lose(self, connection: Connection, now: int) -> list[Output]:
        """The connection broke off; who was on it may come back."""
        seat = self._here.get(connection)
        if seat is None:
            return []
        self._unseat(connection)
        seat.connection = None
        self._away[seat.id] = now + self._terms.grace_ms
        return self.wake(now)

    def wake(self, now: int) -> list[Output]:
        """What time has brought about."""
        outputs: list[Output] = []
        for dst, src in self._waiting.due(now):
            seat = self._seats.get(src)
            if seat is not None and seat.connection is not None:
                outputs.append(Expired(seat.connection, src, dst))
        while self._away:
            id, until = next(iter(self._away.items()))
            if until > now:
                break
            outputs += self._remove(self._seats[id], tell=True)
        while self._heard:
            connection, heard = next(iter(self._heard.items()))
            if heard + self._terms.silence_ms > now:
                break
            outputs.append(Silent(connection))
            outputs += self._remove(self._here[connection], tell=True)
        return outputs

    def wake_at(self) -> int | None:
        """When ``wake`` is due, None while nothing is under way."""
        heard = next(iter(self._heard.values()), None)
        silent = None if heard is None else heard + self._terms.silence_ms
        times = (self._waiting.due_at(), next(iter(self._away.values()), None), silent)
        return min((time for time in times if time is not None), default=None)

    def _unseat(self, connection: Connection) -> None:
        del self._here[connection]
        del self._heard[connection]

    def _remove(self, seat: _Seat, *, tell: bool) -> list[Output]:
        outputs: list[Output] = []
        if seat.connection is not None:
            self._unseat(seat.connection)
        self._away.pop(seat.id, None)
        del self._seats[seat.id]
        self._waiting.withdraw(seat.id)
        partners = dict.fromkeys([*seat.talks_to, *sorted(self._called_by.get(seat.id, ()))])
        for partner in seat.talks_to:
            self._uncall(seat.id, partner)
        if not tell:
            return outputs
        for partner in partners:
            self._forget_partner(partner, seat.id)
            there = self._seats.get(partner)
            if there is not None and there.connection is not None:
                outputs.append(Left(there.connection, seat.id, partner))
        return outputs

    def _note_partner(self, seat: _Seat, dst: str) -> None:
        if dst in seat.talks_to:
            seat.talks_to.move_to_end(dst)
            return
        seat.talks_to[dst] = None
        self._called_by.setdefault(dst, set()).add(seat.id)
        if len(seat.talks_to) > self._terms.max_partners:
            oldest, _ = seat.talks_to.popitem(last=False)
            self._uncall(seat.id, oldest)

    def _forget_partner(self, src: str, dst: str) -> None:
        seat = self._seats.get(src)
        if seat is not None and dst in seat.talks_to:
            del seat.talks_to[dst]
            self._uncall(src, dst)

    def _uncall(self, src: str, dst: str) -> None:
        callers = self._called_by[dst]
        callers.discard(src)
        if not callers:
            del self._called_by[dst]
