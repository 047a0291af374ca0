"""How much the network to one viewer carries, from what comes back about the packets sent to it.

Three signals. Delay: packets that wait ever longer stand in a queue; the smallest delay among those of one feedback is the
queue, since jitter only adds. Loss: above 10 % there is no room for them. Probes: nobody learns of room that is not used, so
where a better picture is at hand, padding raises the rate for a moment, and the speed at which it arrives is the answer.
The bounds on loss are those of draft-ietf-rmcat-gcc-02 section 6.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from salon.rtc.probe import MAX_SENT, Probe, SendLog
from salon.rtc.rtcp import TransportFeedback

START: Final = 1_000_000
FLOOR: Final = 50_000
CEILING: Final = 50_000_000

# A queue above QUEUE_MS that still grows is congestion; below IDLE_MS there is none.
QUEUE_MS: Final = 50
IDLE_MS: Final = 30
# With heavy loss, so much says that the link is full: a router that keeps hardly any queue.
SOME_QUEUE_MS: Final = 15
DEEP_QUEUE_MS: Final = 150
# A delay that neither grows nor shrinks for so long is another path, not a queue.
OTHER_PATH_MS: Final = 3_000
# The smallest delay is looked for in the present and the previous stretch of so long.
BASE_MS: Final = 10_000

# Fewer packets than this say nothing about the smallest delay; they are judged with those of the next feedback.
MIN_BATCH: Final = 4
MIN_LOSS_SAMPLE: Final = 40
MIN_LOSS_MS: Final = 200
MAX_INHERENT: Final = 0.25
REORDER_MS: Final = 120
RATE_WINDOW_US: Final = 300_000
# While packets stand in a queue they come out at the link's speed, whatever was sent: that is measured over this much.
BUSY_WINDOW_US: Final = 600_000
BUSY_LEAST_US: Final = 60_000

# Below the rate at which packets arrive, so that the queue drains.
BACK_OFF: Final = 0.85
LEAST_CUT: Final = 0.4
SETTLE_MS: Final = 300
GROWTH: Final = 0.08  # a second

PROBE_EVERY_MS: Final = 750
PROBE_FACTOR: Final = 2
# Behind a probe that got through without waiting: each round trip that a climb needs less brings the better picture sooner.
PROBE_BOLD: Final = 3
PROBE_MARGIN: Final = 1.1
# What is taken for jitter at most; a queue spreads delays too.
MAX_JITTER_MS: Final = 60
PROBE_CLEAR: Final = 0.6
PROBE_LOST_MS: Final = 1_500

_CLOCK: Final = (1 << 24) * 64_000  # where the receiver's clock in feedback wraps


class Estimator:
    """``estimate`` in bit/s. ``queue`` is the delay in ms above the smallest seen, ``loss`` the newest share lost, told at
    ``loss_at``, ``arriving`` the bit/s that reach the viewer."""

    __slots__ = (
        "_arrivals",
        "_base",
        "_base_at",
        "_batch",
        "_batch_size",
        "_batch_sum",
        "_bold",
        "_busy_since",
        "_came",
        "_cut_at",
        "_cut_number",
        "_flat_since",
        "_grown_at",
        "_heard_at",
        "_inherent",
        "_jitter",
        "_last_arrival",
        "_log",
        "_loss_octets",
        "_lossy",
        "_lost",
        "_missing",
        "_over",
        "_probe",
        "_probed_at",
        "_quiet_until",
        "_told",
        "arriving",
        "estimate",
        "loss",
        "loss_at",
        "queue",
    )

    def __init__(self, log: SendLog, start: int = START) -> None:
        self.estimate = start
        self.queue = 0
        self.loss = 0.0
        self.arriving = 0
        self._log = log
        self._told = -1  # the newest number whose fate is known
        self._last_arrival = 0
        self._arrivals: deque[tuple[int, int]] = deque(maxlen=MAX_SENT)
        self._base: tuple[int | None, int | None] = (None, None)
        self._base_at = 0
        self._batch: int | None = None
        self._batch_size = 0
        self._batch_sum = 0
        self._jitter = 0.0
        self._missing: dict[int, int] = {}
        self.loss_at = 0
        self._loss_octets = 0
        self._inherent = 0.0
        self._lossy: tuple[float, int] | None = None
        self._lost = 0
        self._came = 0
        self._over = 0
        self._flat_since: int | None = None
        self._cut_at = -SETTLE_MS
        self._cut_number = 0
        self._grown_at: int | None = None
        self._probe: Probe | None = None
        self._probed_at = 0
        self._quiet_until = 0
        self._bold = False
        self._busy_since: int | None = None
        self._heard_at = 0

    def feedback(self, feedback: TransportFeedback, now: int) -> None:
        """What the viewer tells of its arrivals. Numbers that were told before, or never sent, are passed over."""
        log, missing = self._log, self._missing
        first = log.next - ((log.next - feedback.base) & 0xFFFF)
        for number, at in enumerate(feedback.received, first):
            if number >= log.next:
                break
            if number > self._told:
                if number <= log.next - MAX_SENT:
                    continue
                self._told = number
                if at is None:
                    missing[number] = now
                    continue
            elif at is None or missing.pop(number, None) is None:
                continue
            self._arrive(number, at)
        self._lose(now)
        self._rate()
        if self._probe is not None:
            self._judge_probe(self._probe, now)
        self._judge_loss(now)
        self._judge_delay(now)
        self._grow(now)

    def probe(self, wanted: int, now: int) -> int:
        """Bytes of padding to send now, as part of a probe or to begin one; call it every 20 ms or so. ``wanted`` is the
        estimate that would be of use, 0 for none."""
        probe = self._probe
        if probe is None:
            if not self._may_probe(wanted, now):
                return 0
            factor = PROBE_BOLD if self._bold else PROBE_FACTOR
            target = int(min(wanted * PROBE_MARGIN, self.estimate * factor))
            probe = self._probe = Probe(target, self._log, now, int(self._jitter))
            self._probed_at = now
        if probe.end is not None:
            if now - probe.began > PROBE_LOST_MS:
                self._probe = None
            return 0
        if now - probe.began >= probe.length:
            if probe.close(self._log) == probe.begin:
                self._probe = None
            return 0
        due = probe.target * (now - probe.began + 20) // 8000
        return max(due - (self._log.octets - probe.octets), 0)

    def _arrive(self, number: int, at: int) -> None:
        index = number & MAX_SENT - 1
        size, sent = self._log.sizes[index], self._log.times[index]
        if number >= self._cut_number:
            self._came += 1
        # The nearest continuation of the receiver's clock.
        at = self._last_arrival + (at - self._last_arrival + _CLOCK // 2) % _CLOCK - _CLOCK // 2
        self._last_arrival = max(at, self._last_arrival)
        self._arrivals.append((at, size))
        delay = at // 1000 - sent
        self._batch = delay if self._batch is None else min(self._batch, delay)
        self._batch_size += 1
        self._batch_sum += delay
        if self._probe is not None:
            self._probe.arrive(number, delay, size)

    def _lose(self, now: int) -> None:
        """What is told as missing may only be out of order, and be told again."""
        missing = self._missing
        while missing:
            number = next(iter(missing))
            if now - missing[number] < REORDER_MS and len(missing) < MAX_SENT:
                break
            del missing[number]
            if number >= self._cut_number:
                self._lost += 1

    def _rate(self) -> None:
        """Over a fixed window: while less has been seen it is too low, which errs on the safe side."""
        arrivals, last = self._arrivals, self._last_arrival
        while arrivals and arrivals[0][0] < last - BUSY_WINDOW_US:
            arrivals.popleft()
        octets = sum(size for at, size in arrivals if at >= last - RATE_WINDOW_US)
        self.arriving = octets * 8_000_000 // RATE_WINDOW_US

    @property
    def _carried(self) -> int:
        """The link's speed while there is a queue, or what arrives."""
        since = self._busy_since
        if since is None:
            return self.arriving
        begin = max(since, self._last_arrival - BUSY_WINDOW_US)
        took = self._last_arrival - begin
        if took < BUSY_LEAST_US:
            return self.arriving
        return sum(size for at, size in self._arrivals if at > begin) * 8_000_000 // took

    def _judge_loss(self, now: int) -> None:
        passed = now - self.loss_at
        if self._lost + self._came < MIN_LOSS_SAMPLE or passed < MIN_LOSS_MS:
            return
        self.loss = loss = self._lost / (self._lost + self._came)
        sending = (self._log.octets - self._loss_octets) * 8000 // passed
        self._lost = self._came = 0
        self.loss_at, self._loss_octets = now, self._log.octets
        if self._excess <= 0.1:
            if self._inherent:
                self._inherent = min(self._inherent + (loss - self._inherent) / 8, MAX_INHERENT)
            return
        if now < self._quiet_until:
            return
        # A network that still loses as much of much less loses it for another reason than want of room.
        if self._lossy is not None and sending < 0.75 * self._lossy[1]:
            before, self._lossy = self._lossy[0], None
            if 0.7 * before < loss <= MAX_INHERENT:
                self._inherent = loss
                return
        self._lossy = (loss, sending) if self._lossy is None else ((loss + self._lossy[0]) / 2, self._lossy[1])
        bitrate = self.estimate * (1 - self._excess / 2)
        if self._excess > 0.25 or self.queue > SOME_QUEUE_MS:
            # The link is full beyond doubt: what comes through is what it carries.
            bitrate = min(bitrate, max(self._carried, self.estimate * LEAST_CUT))
        self._cut(int(bitrate), now)

    @property
    def _excess(self) -> float:
        return self.loss - self._inherent

    def _judge_delay(self, now: int) -> None:
        if self._batch is None or self._batch_size < MIN_BATCH:
            return
        delay = self._batch
        spread = 2 * (self._batch_sum / self._batch_size - delay)
        self._batch, self._batch_size, self._batch_sum = None, 0, 0
        if self._probe is None:
            self._jitter += (min(spread, MAX_JITTER_MS) - self._jitter) / 16
        before, self.queue = self.queue, delay - self._smallest(delay, now)
        growth = self.queue - before
        if self.queue < IDLE_MS:
            self._busy_since = None
        elif self._busy_since is None:
            self._busy_since = self._heard_at
        self._heard_at = self._last_arrival
        if self.queue < QUEUE_MS or now < self._quiet_until:
            self._over, self._flat_since = 0, None
            return
        if abs(growth) <= 5 and self._excess < 0.02:
            if self._flat_since is None:
                self._flat_since = now
            elif now - self._flat_since > OTHER_PATH_MS:
                self._base, self._base_at, self._flat_since = (delay, delay), now, None
            return
        self._flat_since = None
        if growth < -5:
            self._over = 0
            return
        self._over += 1
        if self._over >= 2 or self.queue > DEEP_QUEUE_MS:
            self._cut(int(max(self._carried * BACK_OFF, self.estimate * LEAST_CUT)), now)

    def _smallest(self, delay: int, now: int) -> int:
        present, previous = self._base
        if now - self._base_at > BASE_MS:
            present, previous, self._base_at = None, present, now
        present = delay if present is None else min(present, delay)
        self._base = (present, previous)
        return present if previous is None else min(present, previous)

    def _cut(self, bitrate: int, now: int) -> None:
        if now - self._cut_at >= SETTLE_MS and bitrate < self.estimate:
            self.estimate = bounded(bitrate)
            self._cut_at = now
            # What was sent before is lost for the same want of room.
            self._cut_number = self._log.next
            self._lost = self._came = 0

    def _grow(self, now: int) -> None:
        passed = min(now - self._grown_at, 1_000) if self._grown_at is not None else 0
        self._grown_at = now
        if now < self._quiet_until or self.queue > IDLE_MS or self._excess > 0.02 or now - self._cut_at < 2 * SETTLE_MS:
            return
        grown = self.estimate
        if self.arriving > 0.7 * self.estimate:
            grown = int(grown * (1 + GROWTH * passed / 1000))
        # What arrives without waiting is proved, but for what bursts add to it in so short a window.
        self.estimate = bounded(max(grown, int(self.arriving * BACK_OFF)))

    def _may_probe(self, wanted: int, now: int) -> bool:
        heard = self._grown_at is not None and now - self._grown_at < 1_000
        calm = self.queue <= IDLE_MS and self._excess < 0.1 and now - self._cut_at > PROBE_EVERY_MS
        return wanted > self.estimate and heard and calm and now - self._probed_at >= PROBE_EVERY_MS

    def _judge_probe(self, probe: Probe, now: int) -> None:
        # What a probe does to delay and loss is its own doing.
        self._quiet_until = now + SETTLE_MS
        if probe.end is None or self._told < probe.end - 1:
            return
        if any(probe.begin <= number < probe.end for number in self._missing):
            # They may only be out of order.
            return
        self._probe = None
        carried = probe.carried(self._inherent)
        self._bold = carried >= probe.target
        if self._bold:
            # Room for that much: try for more at once.
            self._probed_at = now - PROBE_EVERY_MS
        elif 0 < carried < PROBE_CLEAR * probe.target:
            # It filled the link beyond doubt: the speed at which it came out is the link's.
            self.estimate = bounded(min(self.estimate, carried))
        self.estimate = bounded(max(self.estimate, carried if carried >= probe.target else int(carried * BACK_OFF)))


def bounded(bitrate: int) -> int:
    return min(max(bitrate, FLOOR), CEILING)
