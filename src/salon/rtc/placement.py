"""Which engine a newcomer goes to, where there are several: a call or a new broadcast to the least busy, a viewer or a
publisher to where that broadcast lives. Times are milliseconds.

A broadcast lives in one engine, from the first request for its name to its end: so that engine alone decides who may publish
under it.
"""

from __future__ import annotations

from typing import Final

import msgspec

STALE_MS: Final = 3_000
"""An engine that has not said for so long how it is may be stuck: it comes last."""

NEARLY: Final = 0.2
"""Of a core: about twenty calls, and more than a join or two cost for a moment."""


class Load(msgspec.Struct, frozen=True):
    """``load`` is 1 where an engine refuses newcomers; ``cpu`` is the share of a core that its process used lately."""

    load: float = 0.0
    cpu: float = 0.0
    sessions: int = 0


class _Engine:
    def __init__(self, now: int) -> None:
        self.load = Load()
        self.at = now
        self.sent = 0
        """Newcomers since the last report."""

    def full(self, now: int) -> bool:
        return self.load.load >= 1 or now - self.at > STALE_MS


class Placement:
    def __init__(self) -> None:
        self._engines: dict[int, _Engine] = {}
        self._homes: dict[str, int] = {}
        self._coming: dict[str, list[int]] = {}
        """Where the requests under way for a name have gone."""

    def up(self, engine: int, now: int) -> None:
        self._engines[engine] = _Engine(now)

    def down(self, engine: int) -> list[str]:
        """It is gone with all that lived there: the names of its broadcasts."""
        self._engines.pop(engine, None)
        gone = [room for room, home in self._homes.items() if home == engine]
        for room in gone:
            del self._homes[room]
        return gone

    def reported(self, engine: int, load: Load, now: int) -> None:
        if (known := self._engines.get(engine)) is not None:
            known.load, known.at, known.sent = load, now, 0

    def began(self, room: str, engine: int) -> None:
        self._homes[room] = engine

    def ended(self, room: str, engine: int) -> None:
        if self._homes.get(room) == engine:
            del self._homes[room]

    def sent(self, engine: int) -> None:
        """A newcomer went there and stays."""
        if (known := self._engines.get(engine)) is not None:
            known.sent += 1

    def order(self, now: int) -> list[int]:
        """The engines that a newcomer may try, the best first.

        Processor time tells best how busy an engine is, but not to a hair: among those that are nearly as idle as the idlest,
        the one with fewer sessions is first.
        """
        full = {number for number, engine in self._engines.items() if engine.full(now)}
        idlest = min((engine.load.cpu for number, engine in self._engines.items() if number not in full), default=0.0)

        def rank(number: int) -> tuple[bool, float, int, int]:
            engine = self._engines[number]
            busier = engine.load.cpu - idlest
            return number in full, busier if busier > NEARLY else 0.0, engine.load.sessions + engine.sent, number

        return sorted(self._engines, key=rank)

    @property
    def engines(self) -> int:
        """How many are up."""
        return len(self._engines)

    @property
    def rooms(self) -> int:
        """Broadcasts that there are, or that somebody is about to begin."""
        return len(self._homes.keys() | self._coming.keys())

    def home(self, room: str) -> int | None:
        """Where this broadcast lives, or is about to."""
        home = self._homes.get(room)
        if home is None:
            home = next(iter(self._coming.get(room, ())), None)
        return home if home in self._engines else None

    def begin(self, room: str, engine: int) -> None:
        """A request for this name goes there. ``end`` follows."""
        self._coming.setdefault(room, []).append(engine)

    def end(self, room: str, engine: int) -> None:
        """It is answered: if a broadcast came of it, ``began`` was said before."""
        coming = self._coming[room]
        coming.remove(engine)
        if not coming:
            del self._coming[room]

    def alone(self, room: str) -> bool:
        """Nothing lives under this name, and one request for it is under way at most: it may go elsewhere."""
        return room not in self._homes and len(self._coming.get(room, ())) <= 1
