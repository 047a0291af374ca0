"""Which two connections are joined to one pipe, and how much goes through it. What goes through is never looked at.

::

             join(one side)            join(the other)
    minted ─────────────────> waiting ─────────────────> joined ── either leaves, too much, too long silent ──> over
       │                         │
       └──── wait_ms is over ────┴──> over

A pipe is for one meeting of exactly two: each needs the token and a side of its own, both made here and told to nobody else.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Literal

import msgspec

Connection = int
"""A way to a client; whoever asks numbers them and never uses a number twice."""

Reason = Literal["unknown", "nobody came", "left", "replaced", "too much", "silent"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """``max_pipes`` at one time in all and ``max_pipes_of_one`` of one owner; ``max_bytes`` through one of them, both ways
    together. ``bytes_per_second`` is one owner's, for all of its pipes. Who is alone for ``wait_ms``, and two who say nothing for
    ``idle_ms``, are let go."""

    max_pipes: int = 64
    max_pipes_of_one: int = 4
    max_bytes: int = 10_000_000_000
    bytes_per_second: int = 8_000_000
    wait_ms: int = 60_000
    idle_ms: int = 600_000


class Joined(msgspec.Struct, frozen=True):
    """Its other side is here."""

    connection: Connection


class Ended(msgspec.Struct, frozen=True):
    """Nothing more goes to it or comes from it."""

    connection: Connection
    reason: Reason


Output = Joined | Ended


class _Owner:
    """What the pipes of one owner use together. ``whole_at`` is when its budget of bytes is whole again."""

    __slots__ = ("pipes", "whole_at")

    def __init__(self) -> None:
        self.pipes = 0
        self.whole_at = 0.0


class _Pipe:
    __slots__ = ("connections", "joined", "moved", "owner", "sides", "token")

    def __init__(self, token: str, sides: tuple[str, str], owner: str) -> None:
        self.token = token
        self.sides = sides
        self.owner = owner
        self.connections: list[Connection | None] = [None, None]
        self.joined = False
        self.moved = 0


class Transit:
    """The pipes there are."""

    def __init__(self, terms: Terms = Terms()) -> None:  # noqa: B008  (immutable)
        self._terms = terms
        self._pipes: dict[str, _Pipe] = {}
        self._owners: dict[str, _Owner] = {}
        self._of: dict[Connection, tuple[_Pipe, int]] = {}
        # Each pipe is in one of the two, those that end first in front.
        self._waiting: OrderedDict[str, int] = OrderedDict()
        self._silent: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pipes)

    @property
    def joined(self) -> int:
        """Pipes with both sides in place."""
        return len(self._silent)

    def mint(self, owner: str, token: str, sides: tuple[str, str], now: int) -> Literal["", "many", "full"]:
        """Make a pipe, of a token and two sides that nobody can guess. Says why not: ``owner`` has many, or all are in use."""
        known = self._owners.get(owner)
        if known is not None and known.pipes >= self._terms.max_pipes_of_one:
            return "many"
        if len(self._pipes) >= self._terms.max_pipes:
            return "full"
        if known is None:
            known = self._owners[owner] = _Owner()
        known.pipes += 1
        self._pipes[token] = _Pipe(token, sides, owner)
        self._waiting[token] = now + self._terms.wait_ms
        return ""

    def join(self, connection: Connection, token: str, side: str, now: int) -> list[Output]:
        """Come in by a token and a side. Whoever has the wrong ones is told no more than that."""
        pipe = self._pipes.get(token)
        if pipe is None or pipe.joined or side not in pipe.sides:
            return [Ended(connection, "unknown")]
        place = pipe.sides.index(side)
        outputs: list[Output] = []
        before = pipe.connections[place]
        if before is not None:
            # The same one again: its first connection broke off without a word.
            del self._of[before]
            outputs.append(Ended(before, "replaced"))
        pipe.connections[place] = connection
        self._of[connection] = (pipe, place)
        one, other = pipe.connections
        if one is not None and other is not None:
            pipe.joined = True
            del self._waiting[token]
            self._silent[token] = now + self._terms.idle_ms
            outputs += [Joined(one), Joined(other)]
        return outputs

    def partner(self, connection: Connection) -> Connection | None:
        """Whom it is joined with."""
        pipe, place = self._of.get(connection, (None, 0))
        return pipe.connections[1 - place] if pipe is not None and pipe.joined else None

    def carry(self, connection: Connection, size: int, now: int) -> int | None:
        """Count what a connection that is joined has sent. The milliseconds until more is read of it, None where the pipe has
        carried all that it may: the caller then lets both go by ``leave``."""
        pipe, _ = self._of[connection]
        pipe.moved += size
        if pipe.moved > self._terms.max_bytes:
            return None
        self._silent[pipe.token] = now + self._terms.idle_ms
        self._silent.move_to_end(pipe.token)
        owner = self._owners[pipe.owner]
        owner.whole_at = max(owner.whole_at, now) + 1000 * size / self._terms.bytes_per_second
        # One second's worth at once.
        return max(0, round(owner.whole_at - now) - 1000)

    def leave(self, connection: Connection, reason: Reason = "left") -> list[Output]:
        """It is gone, and with it the pipe: the other side is let go, for ``reason``."""
        pipe, place = self._of.get(connection, (None, 0))
        if pipe is None:
            return []
        if not pipe.joined:
            # Alone, it may come back until its time is over.
            del self._of[connection]
            pipe.connections[place] = None
            return []
        return [ended for ended in self._end(pipe, reason) if ended.connection != connection]

    def wake(self, now: int) -> list[Output]:
        """What time has brought about."""
        outputs: list[Output] = []
        reasons: tuple[tuple[OrderedDict[str, int], Reason], ...] = (
            (self._waiting, "nobody came"),
            (self._silent, "silent"),
        )
        for pipes, reason in reasons:
            while pipes:
                token, until = next(iter(pipes.items()))
                if until > now:
                    break
                outputs += self._end(self._pipes[token], reason)
        return outputs

    def wake_at(self) -> int | None:
        """When ``wake`` is due, None while there is no pipe."""
        firsts = (next(iter(pipes.values()), None) for pipes in (self._waiting, self._silent))
        return min((time for time in firsts if time is not None), default=None)

    def _end(self, pipe: _Pipe, reason: Reason) -> list[Ended]:
        del self._pipes[pipe.token]
        self._waiting.pop(pipe.token, None)
        self._silent.pop(pipe.token, None)
        owner = self._owners[pipe.owner]
        owner.pipes -= 1
        if not owner.pipes:
            del self._owners[pipe.owner]
        there = [connection for connection in pipe.connections if connection is not None]
        for connection in there:
            del self._of[connection]
        return [Ended(connection, reason) for connection in there]
