"""What was said to somebody who is not here: kept for a few seconds, in order, and given up with one word to each who spoke."""

from __future__ import annotations

from collections import OrderedDict

import msgspec

Pair = tuple[str, str]
"""Who is meant, who spoke."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """``wait_ms`` is how long the first message from one to another waits, and with it all that follow. For ``quiet_ms`` after it
    was given up, what belongs to the same attempt is dropped without another word.

    Messages and bytes are bounded for each speaker, so that one alone cannot take the room of others, for each absent one, and
    for all together.
    """

    wait_ms: int = 5_000
    quiet_ms: int = 30_000
    messages_from_one: int = 128
    bytes_from_one: int = 256 * 1024
    messages_to_one: int = 512
    bytes_to_one: int = 512 * 1024
    messages: int = 20_000
    bytes: int = 32 * 1024 * 1024


class _Load:
    """How much of a bound is used."""

    __slots__ = ("bytes", "messages")

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0

    def takes(self, size: int, messages: int, bytes: int) -> bool:
        return self.messages < messages and self.bytes + size <= bytes

    def add(self, size: int) -> None:
        self.messages += 1
        self.bytes += size

    def remove(self, size: int) -> None:
        self.messages -= 1
        self.bytes -= size


class Waiting:
    """Times are milliseconds of one clock, sizes are the caller's measure of a message."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        # By whom they are for, in the order in which they came.
        self._messages: dict[str, list[tuple[str, str, int]]] = {}
        # All wait equally long, so that the first in is the first due.
        self._due: OrderedDict[Pair, int] = OrderedDict()
        self._quiet: OrderedDict[Pair, int] = OrderedDict()
        self._pairs_of: dict[str, set[str]] = {}
        self._from: dict[str, _Load] = {}
        self._to: dict[str, _Load] = {}
        self._all = _Load()

    def __len__(self) -> int:
        return self._all.messages

    @property
    def bytes(self) -> int:
        return self._all.bytes

    def put(self, src: str, dst: str, text: str, size: int, now: int, *, opens: bool) -> bool:
        """Keep a message. False when it is given up at once and ``src`` has to be told: it is the first and there is no room.

        What ``opens`` a new attempt is kept although the last one was given up. A later message that finds no room is dropped:
        ``src`` will hear of the attempt as a whole.
        """
        pair = (dst, src)
        if pair not in self._due:
            if not opens and self._quiet.get(pair, now) > now:
                return True
            self._quiet.pop(pair, None)
            if not self._takes(src, dst, size):
                return not self.give_up(src, dst, now)
            self._due[pair] = now + self._bounds.wait_ms
            self._pairs_of.setdefault(src, set()).add(dst)
        elif not self._takes(src, dst, size):
            return True
        self._messages.setdefault(dst, []).append((src, text, size))
        for load in (self._from.setdefault(src, _Load()), self._to.setdefault(dst, _Load()), self._all):
            load.add(size)
        return True

    def give_up(self, src: str, dst: str, now: int) -> bool:
        """Drop what waits between the two. True when ``src`` has to be told: it was not lately."""
        pair = (dst, src)
        told = self._quiet.get(pair, now) > now
        self._drop(pair)
        self._quiet.pop(pair, None)
        self._quiet[pair] = now + self._bounds.quiet_ms
        # What is forgotten early costs a second word, no more.
        while len(self._quiet) > self._bounds.messages:
            self._quiet.popitem(last=False)
        return not told

    def take(self, dst: str) -> list[tuple[str, str]]:
        """``dst`` is here: who said what to it, in order."""
        kept = self._messages.get(dst, [])
        for src in dict.fromkeys(src for src, _, _ in kept):
            self._drop((dst, src))
        return [(src, text) for src, text, _ in kept]

    def withdraw(self, src: str, dst: str | None = None) -> None:
        """``src`` takes back what it said to ``dst``, or to everybody."""
        for each in [dst] if dst is not None else list(self._pairs_of.get(src, ())):
            self._drop((each, src))

    def due(self, now: int) -> list[Pair]:
        """Who was not reached, and whom to tell. Their messages are dropped."""
        over = []
        while self._due:
            pair, at = next(iter(self._due.items()))
            if at > now:
                break
            over.append(pair)
            self.give_up(pair[1], pair[0], now)
        while self._quiet and next(iter(self._quiet.values())) <= now:
            self._quiet.popitem(last=False)
        return over

    def due_at(self) -> int | None:
        """When ``due`` has something to say, None while nothing waits."""
        return next(iter(self._due.values()), None)

    def _takes(self, src: str, dst: str, size: int) -> bool:
        bounds, empty = self._bounds, _Load()
        return (
            self._from.get(src, empty).takes(size, bounds.messages_from_one, bounds.bytes_from_one)
            and self._to.get(dst, empty).takes(size, bounds.messages_to_one, bounds.bytes_to_one)
            and self._all.takes(size, bounds.messages, bounds.bytes)
        )

    def _drop(self, pair: Pair) -> None:
        if self._due.pop(pair, None) is None:
            return
        dst, src = pair
        kept = []
        for message in self._messages[dst]:
            if message[0] != src:
                kept.append(message)
                continue
            for load in (self._from[src], self._to[dst], self._all):
                load.remove(message[2])
        if kept:
            self._messages[dst] = kept
        else:
            del self._messages[dst], self._to[dst]
        pairs = self._pairs_of[src]
        pairs.discard(dst)
        if not pairs:
            del self._pairs_of[src], self._from[src]
