"""A viewer behind a virtual link that gives no transport-wide feedback: receiver reports every second or so, and REMB as aiortc
makes it, from the same packets, where it is asked to."""

from __future__ import annotations

from typing import Any

from aiortc.rate import RemoteBitrateEstimator

from salon.rtc.coarse import Coarse
from tests.fakes.networks import Lot, Network
from tests.fakes.virtual_link import AUDIO, Call, Link

REPORT_MS = 1_000


class CoarseCall(Call):
    def __init__(self, link: Link, *, remb: bool = False, **options: Any) -> None:
        super().__init__(link, **options)
        self.coarse = Coarse()
        self.estimate = self.estimator.estimate
        self.remote = RemoteBitrateEstimator() if remb else None
        self.report_at = REPORT_MS
        self.sent = self.arrived = self.octets = 0
        self.lost: list[int] = []
        self.counted = 0
        self.marked: int | None = None  # the round trip of the newest sender report that has arrived
        self.told: list[tuple[int, str, tuple[Any, ...]]] = []

    def send(self, size: int) -> None:
        number, at = self.log.sent(size, self.now), self.link.carry(size, self.now)
        self.sent += 1
        if at is not None:
            self.flying.append((at, number))

    def tick(self) -> None:
        now = self.now
        if now % 20 == 0:
            self.send(AUDIO // 400)
        rate = dict(self.layers).get(self.allocator.chosen or "", 0)
        if now % 40 == 0:
            self.debt += rate / 200 * (1 + self.noise * (2 * self.link.chance.random() - 1))
        self.picture(self.debt)
        self.flying.sort()
        while self.flying and self.flying[0][0] <= now * 1000:
            at, number = self.flying.pop(0)
            self.take(number, at)
        if now >= self.report_at:
            self.report(now)
        while self.told and self.told[0][0] <= now:
            _, name, arguments = self.told.pop(0)
            self.estimate = getattr(self.coarse, name)(self.estimate, *arguments, now)
        if now % 100 == 0:
            before = self.allocator.chosen
            after = self.allocator.choose(self.layers, self.estimate, AUDIO, now)
            if after != before or not self.chosen:
                self.chosen.append((now, after))
            self.estimate = self.coarse.attempt(self.estimate, self.allocator.wanted(self.layers, AUDIO), now)

    def take(self, number: int, at: int) -> None:
        self.arrived += 1
        self.counted = max(self.counted, number + 1)
        index = number % len(self.log.times)
        if self.remote is not None:
            stamp = int(self.log.times[index] * (1 << 18) / 1000) & 0xFFFFFF
            limit = self.remote.add(at // 1000, stamp, self.log.sizes[index], 1)
            if limit is not None:
                self.told.append((self.now + self.link.delay, "remb", (limit[0], self.sending)))

    @property
    def sending(self) -> int:
        """As the engine measures it, over the last second."""
        newest = self.log.next
        sizes = 0
        for number in range(newest - 1, max(newest - 1_500, -1), -1):
            index = number % len(self.log.times)
            if self.log.times[index] < self.now - 1_000:
                break
            sizes += self.log.sizes[index]
        return sizes * 8

    def report(self, now: int) -> None:
        self.report_at = now + int(REPORT_MS * (0.5 + self.link.chance.random()))
        expected = self.counted - self.octets
        loss = max(expected - self.arrived, 0) / expected if expected else 0.0
        self.octets, self.arrived = self.counted, 0
        # The sender report before this one stood in the queue as it was then.
        rtt = int(max(self.link.free_at - now, 0)) + 2 * self.link.delay
        self.told.append((now + self.link.delay, "report", (loss, rtt, self.sending)))


class CoarseNetwork(Network):
    """The same networks, with such a viewer behind them."""

    def __init__(self, seed: int, lot: Lot, *, remb: bool) -> None:
        super().__init__(seed, lot)
        fine = self.call
        self.call: CoarseCall = CoarseCall(fine.link, remb=remb, layers=fine.layers, noise=fine.noise)
