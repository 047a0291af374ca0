"""The buffer before a decoder of speech: packets come when the network likes, and leave when they are due.

A packet is due at the time that its timestamp says, behind the fastest packets of late by ``depth``: what nearly all packets
need to arrive in time. The buffer keeps to the sender's timeline. Where the sender falls silent (DTX) nothing is due; where
a packet is missing when it is due, it is lost, and its decoder must make something up.

For a loudspeaker a packet waits until it is due. A program that listens gains nothing by that (``eager``): what is next in order
leaves at once, what is missing is waited for, and when nothing comes nothing is made up: it may be late, and is wanted then.
"""

from __future__ import annotations

from array import array
from typing import Final, NamedTuple

from salon.rtc.rtp import Unwrapper

MIN_DEPTH_MS: Final = 20
MAX_DEPTH_MS: Final = 200
START_DEPTH_MS: Final = 40
# Of the last SAMPLES packets this share is to arrive in time; the rest is cheaper to conceal than to wait for.
IN_TIME: Final = 0.97
SAMPLES: Final = 128
RECKON_EVERY: Final = 8
MARGIN_MS: Final = 5

# The fastest packet is looked for in the present and the previous stretch of so long: clocks drift, paths change.
BASE_MS: Final = 5_000

# A network that lost something is expected to lose more for so long.
GAP_MS: Final = 10_000

# A decoder fades out after that many: then silence is more honest.
MAX_CONCEALED: Final = 5
MAX_PACKETS: Final = 100
MAX_PACKET_MS: Final = 120  # RFC 7587 section 3.3
# Farther from the others than this it is a source that began anew.
MAX_JUMP: Final = 500
MAX_JUMP_MS: Final = 2_000
# So many packets in a row that are late for good: half a second.
MAX_LATE_RUN: Final = 25

# RFC 6716 section 2.1.9 with RFC 7587 section 3.1.3: a frame of one or two bytes says that silence begins.
MAX_DTX_BYTES: Final = 2


class Lost(NamedTuple):
    """A frame that did not come. ``following`` is the payload behind it, where it is at hand: a codec with forward error
    correction finds the lost frame in it."""

    following: bytes | None


class Depth:
    """How long packets are to be kept. ``base`` is the transit time of the fastest, between clocks that are not the same."""

    __slots__ = (
        "_began",
        "_excess",
        "_extra",
        "_gap_at",
        "_known",
        "_over",
        "_over_least",
        "_present",
        "_previous",
        "ms",
    )

    def __init__(self) -> None:
        self.ms = START_DEPTH_MS
        self._extra = 0
        self._gap_at = 0
        self._excess = array("i", bytes(4 * SAMPLES))
        self._known = 0
        self.forget_base()

    @property
    def base(self) -> int:
        if self._previous is None:
            return self._present or 0
        return self._previous if self._present is None else min(self._present, self._previous)

    @property
    def jitter(self) -> int:
        """How much later than the fastest those come that are to be in time."""
        known = sorted(self._excess[: min(self._known, SAMPLES)])
        return known[int((len(known) - 1) * IN_TIME)] if known else 0

    def forget_base(self) -> None:
        self._began = 0
        self._present: int | None = None
        self._previous: int | None = None
        self._over = self._over_least = 0

    def gap(self, frame: int, now: int) -> None:
        """Packets are missing: ``frame`` ms more, and the one behind the next that is lost is at hand in time."""
        self._extra, self._gap_at = frame, now

    def measure(self, transit: int, now: int) -> None:
        if self._present is not None and now - self._began > BASE_MS:
            self._previous, self._present = self._present, None
        if self._present is None:
            self._began = now
        self._present = transit if self._present is None else min(self._present, transit)
        excess = transit - self.base
        if excess > MAX_DEPTH_MS:
            self._over_least = min(self._over_least, transit) if self._over else transit
            self._over += 1
            if self._over >= MAX_LATE_RUN:
                # The path is a longer one now.
                self._present, self._previous, self._over, self._known = self._over_least, None, 0, 0
                return
        else:
            self._over = 0
        self._excess[self._known % SAMPLES] = excess
        self._known += 1
        if excess > self.ms or self._known % RECKON_EVERY == 0:
            extra = self._extra if now - self._gap_at < GAP_MS else 0
            wanted = min(max(self.jitter + MARGIN_MS + extra, MIN_DEPTH_MS), MAX_DEPTH_MS)
            # Deeper at once; shallower little by little, since peaks come in groups.
            self.ms = wanted if wanted > self.ms else max(wanted, self.ms - 1)


class JitterBuffer:
    """One stream. ``push`` what comes; every 20 ms, ``pull`` until it gives None. All times are milliseconds.

    ``fec`` says that the codec mends a lost frame with the one behind it, which is worth waiting for where frames are lost.
    """

    __slots__ = (
        "_bytes",
        "_clock_rate",
        "_concealed",
        "_depth",
        "_eager",
        "_fec",
        "_jump",
        "_late_run",
        "_newest",
        "_newest_position",
        "_next",
        "_packets",
        "_played",
        "_position",
        "_step",
        "_transit",
        "_unwrap_sequence",
        "_unwrap_timestamp",
        "late",
        "lost",
        "played",
        "received",
        "repeated",
        "restarts",
    )

    # Of the present timeline; a source that begins anew begins another.
    _packets: dict[int, tuple[int, bytes]]
    _unwrap_sequence: Unwrapper
    _unwrap_timestamp: Unwrapper
    _newest: int | None  # the sequence number that came last
    _newest_position: int
    _transit: int
    _next: int | None  # the number that is due next; None until the first is due
    _position: int  # the timestamp that is due next
    _step: int  # a packet's length in timestamp units
    _concealed: int  # since a frame was played
    _played: int  # of the 64 numbers before _next: a bit for each that was played
    _bytes: int  # of the payload played last
    _jump: int
    _late_run: int

    def __init__(self, clock_rate: int = 48_000, *, fec: bool = True, eager: bool = False) -> None:
        self.received = 0
        self.played = 0
        self.lost = 0  # concealed, or skipped where too many were missing
        self.late = 0
        self.repeated = 0
        self.restarts = 0
        self._clock_rate = clock_rate
        self._fec = fec
        self._eager = eager
        self._depth = Depth()
        self._begin()

    @property
    def waiting(self) -> int:
        """Packets in the buffer."""
        return len(self._packets)

    @property
    def depth(self) -> int:
        return self._depth.ms

    @property
    def jitter(self) -> int:
        return self._depth.jitter

    @property
    def silent(self) -> bool:
        """Whether the packet that was pulled last announced a silence."""
        return self._bytes <= MAX_DTX_BYTES

    def behind(self, now: int) -> int:
        """How much later the packet that was pulled last is than it would be if it had come as fast as the fastest and left at
        once."""
        return max(now - (self._position - self._step) * 1000 // self._clock_rate - self._depth.base, 0)

    def push(self, sequence: int, timestamp: int, payload: bytes, now: int) -> None:
        self.received += 1
        number, position = self._unwrap_sequence(sequence), self._unwrap_timestamp(timestamp)
        transit = now - position * 1000 // self._clock_rate
        if self._newest is not None and (
            abs(number - self._newest) > MAX_JUMP or abs(transit - self._transit) > MAX_JUMP_MS
        ):
            # As RFC 3550 appendix A.1: it takes a second packet to believe it.
            if sequence != self._jump:
                self._jump = (sequence + 1) & 0xFFFF
                return
            self._restart()
            number, position = self._unwrap_sequence(sequence), self._unwrap_timestamp(timestamp)
            transit = now - position * 1000 // self._clock_rate
        elif self._fec and self._newest is not None and number > self._newest + 1:
            self._depth.gap(self._step * 1000 // self._clock_rate, now)
        if (
            number - 1 == self._newest
            and 0 < position - self._newest_position <= self._clock_rate * MAX_PACKET_MS // 1000
        ):
            self._step = position - self._newest_position
        self._newest, self._newest_position, self._transit = number, position, transit
        if number in self._packets:
            self.repeated += 1
        elif self._next is not None and number < self._next:
            self._come_late(self._next - 1 - number, transit, now)
        else:
            self._keep(number, position, payload)
            self._depth.measure(transit, now)

    def pull(self, now: int) -> bytes | Lost | None:
        """A payload that is due, ``Lost`` for one that should be here, or None: nothing (more) is due now."""
        packets = self._packets
        if self._next is None:
            if not packets or not (self._eager or now >= self._due(packets[min(packets)][0])):
                return None
            self._next = min(packets)
            self._position = packets[self._next][0]
        while True:
            entry = packets.get(self._next)
            if entry is None:
                if now < self._due(self._position):
                    return None
                if not packets:
                    return None if self._eager else self._run_dry()
                if lost := self._fill_gap(min(packets)):
                    return lost
                continue
            position, payload = entry
            if position + self._step // 2 < self._position:
                # Its place was concealed.
                del packets[self._next]
                self._advance(0)
                self.late += 1
                continue
            if not self._eager and now < self._due(position):
                return None
            del packets[self._next]
            self._advance(1)
            self._position = position + self._step
            self._concealed = 0
            self._bytes = len(payload)
            self.played += 1
            return payload

    def _keep(self, number: int, position: int, payload: bytes) -> None:
        packets = self._packets
        self._late_run = 0
        packets[number] = (position, payload)
        if len(packets) > MAX_PACKETS:
            # Nobody pulls: the newest are worth more than the oldest.
            oldest = min(packets)
            del packets[oldest]
            self.lost += 1
            if self._next is not None:
                self._next = max(self._next, oldest + 1)

    def _fill_gap(self, following: int) -> Lost | None:
        """Packets are missing before ``following``, which is here. None where there is no place for them (any more)."""
        assert self._next is not None
        position, payload = self._packets[following]
        room = position - self._position
        if self._concealed >= MAX_CONCEALED or room < self._step // 2:
            if room >= self._step // 2:
                self.lost += following - self._next
            self._next, self._played = following, 0
            return None
        self.lost += 1
        self._concealed += 1
        self._advance(0)
        self._position += self._step
        return Lost(payload if self._next == following and room < 2 * self._step else None)

    def _run_dry(self) -> Lost | None:
        """Nothing is here. Silence was announced, or the sender stopped, or the network did; a little is made up."""
        if self._bytes <= MAX_DTX_BYTES or self._concealed >= MAX_CONCEALED:
            return None
        self.lost += 1
        self._concealed += 1
        self._position += self._step
        return Lost(None)

    def _due(self, position: int) -> int:
        return position * 1000 // self._clock_rate + self._depth.base + self._depth.ms

    def _advance(self, played: int) -> None:
        assert self._next is not None
        self._next += 1
        self._played = (self._played << 1 | played) & 0xFFFFFFFFFFFFFFFF

    def _come_late(self, back: int, transit: int, now: int) -> None:
        """A packet that is not awaited any more: ``back`` before the one that was pulled last."""
        if back < 64 and self._played >> back & 1:
            self.repeated += 1
            return
        self.late += 1
        self._late_run += 1
        self._depth.measure(transit, now)
        if self._late_run >= MAX_LATE_RUN:
            # The source counts on from somewhere before.
            self._restart()

    def _restart(self) -> None:
        self.restarts += 1
        self.lost += len(self._packets)
        self._depth.forget_base()
        self._begin()

    def _begin(self) -> None:
        self._packets = {}
        self._unwrap_sequence, self._unwrap_timestamp = Unwrapper(16), Unwrapper(32)
        self._newest = self._next = None
        self._newest_position = self._transit = self._position = 0
        self._step = self._clock_rate // 50
        self._concealed = self._played = self._bytes = 0
        self._late_run = 0
        self._jump = -1
