"""A viewer behind a link with a queue, in virtual time: what the engine's estimator and allocator do on a network that is known.

Packets of a publisher with layers, sound every 20 ms and pictures 25 times a second, go through the link; what a viewer tells
of them comes back, also late and sometimes not at all. A minute takes as long as its packets.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from heapq import heappop, heappush

from salon.rtc.bandwidth import START, Estimator
from salon.rtc.feedback import TransportArrivals
from salon.rtc.layers import Allocator
from salon.rtc.probe import SendLog
from salon.rtc.rtcp import TransportFeedback

LAYERS = [("low", 150_000), ("mid", 500_000), ("high", 1_500_000)]
AUDIO = 40_000
PACKET = 1_200


class Link:
    """``capacity(now)`` bit/s behind a queue of ``depth`` ms, then ``delay`` ms and up to ``jitter`` ms more; ``loss`` of 1.
    ``others(now)`` bit/s of other people's traffic stand in the same queue; it does not give way."""

    def __init__(
        self,
        capacity: Callable[[int], int],
        *,
        delay: int = 20,
        depth: int = 400,
        loss: float = 0.0,
        jitter: int = 0,
        others: Callable[[int], int] | None = None,
        seed: int = 3,
    ) -> None:
        self.capacity, self.delay, self.depth, self.loss, self.jitter = capacity, delay, depth, loss, jitter
        self.others = others
        self.chance = random.Random(seed)
        self.free_at = 0.0
        self.dropped = 0
        self._others_at = 0

    def carry(self, size: int, now: int) -> int | None:
        """When the packet arrives, in microseconds."""
        if self.others is not None:
            self._crowd(self.others, now)
        start = max(self.free_at, float(now))
        if start - now > self.depth or self.chance.random() < self.loss:
            self.dropped += 1
            return None
        self.free_at = start + size * 8000 / self.capacity(now)
        return int((self.free_at + self.delay + self.chance.random() * self.jitter) * 1000)

    def _crowd(self, others: Callable[[int], int], now: int) -> None:
        while self._others_at < now:
            at = self._others_at
            work = others(at) / self.capacity(at)
            if work and self.free_at - at < self.depth:
                self.free_at = max(self.free_at, float(at)) + work
            self._others_at += 1


class Call:
    """``noise`` is how much frames differ in size, of 1; ``key`` how many times a frame's size the first of a layer has;
    ``pace`` how many times a layer's bit rate its publisher sends at most (0: all of a frame at once); ``feedback_loss`` how
    much of what the viewer tells is lost."""

    def __init__(
        self,
        link: Link,
        layers: list[tuple[str, int]] = LAYERS,
        start: int = START,
        *,
        noise: float = 0.0,
        key: float = 1.0,
        pace: float = 0.0,
        feedback_loss: float = 0.0,
    ) -> None:
        self.link, self.layers = link, layers
        self.log = SendLog()
        self.estimator = Estimator(self.log, start)
        self.allocator = Allocator()
        self.arrivals = TransportArrivals(1)
        self.flying: list[tuple[int, int]] = []
        self.returning: list[tuple[int, TransportFeedback]] = []
        self.now = 0
        self.chosen: list[tuple[int, str | None]] = []
        self.padding = 0
        self.debt = self.credit = 0.0
        self.noise, self.key, self.pace, self.feedback_loss = noise, key, pace, feedback_loss

    def send(self, size: int) -> None:
        number = self.log.sent(size, self.now)
        at = self.link.carry(size, self.now)
        if at is not None:
            heappush(self.flying, (at, number))

    def run(self, until: int) -> None:
        while self.now < until:
            self.now += 10
            self.tick()

    def tick(self) -> None:
        now = self.now
        if now % 20 == 0:
            self.send(AUDIO // 400)
            padding = self.estimator.probe(self.allocator.wanted(self.layers, AUDIO), now)
            self.padding += padding
            while padding > 0:
                self.send(min(PACKET, padding))
                padding -= PACKET
        rate = dict(self.layers).get(self.allocator.chosen or "", 0)
        if now % 40 == 0:
            self.debt += rate / 200 * (1 + self.noise * (2 * self.link.chance.random() - 1))
        self.picture(self.pace * rate / 800 if self.pace else self.debt)
        while self.flying and self.flying[0][0] <= now * 1000:
            at, number = heappop(self.flying)
            self.arrivals.arrived(number, at)
        if self.arrivals.due(now):
            for packet in self.arrivals.build(now):
                if self.link.chance.random() >= self.feedback_loss:
                    self.returning.append((now + self.link.delay, packet))
        while self.returning and self.returning[0][0] <= now:
            self.estimator.feedback(self.returning.pop(0)[1], now)
        if now % 100 == 0:
            before = self.allocator.chosen
            after = self.allocator.choose(self.layers, self.estimator.estimate, AUDIO, now)
            if after != before or not self.chosen:
                self.chosen.append((now, after))
                self.debt += (self.key - 1) * dict(self.layers).get(after or "", 0) / 200

    def picture(self, most: float) -> None:
        """What waits of the picture, but no more than so many bytes."""
        self.credit = min(self.credit + most, max(self.debt, PACKET))
        while self.debt > PACKET and self.credit >= PACKET:
            self.send(PACKET)
            self.debt -= PACKET
            self.credit -= PACKET

    def layer_at(self, at: int) -> str | None:
        """What was chosen at ``at``, once it had been chosen."""
        return next((layer for when, layer in reversed(self.chosen) if when <= at), None)
