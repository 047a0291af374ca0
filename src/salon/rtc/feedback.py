"""What is told to senders about their packets, and what their answers tell of the round trip."""

from __future__ import annotations

from typing import Final

from salon.rtc.rtcp import ReportBlock, TransportFeedback
from salon.rtc.rtp import Unwrapper

# A sender's estimate follows its feedback. libwebrtc probes within its first 60 ms, and holds back what it probes with while no
# feedback comes: told of it every 50 to 100 ms its first estimate is 1.9 Mbit/s, told every 20 to 40 ms it is 3.5 (loopback,
# three runs each, PyPI wrtc 0.1.0).
INTERVAL_MS: Final = 20
MAX_INTERVAL_MS: Final = 40
SOON_PACKETS: Final = 10

# Statuses in one packet: with two bytes of delta each it fits a datagram.
MAX_STATUSES: Final = 400
# What is remembered, reported or not: three seconds at 3 Mbit/s.
MAX_WINDOW: Final = 1_000
# A delta counts 250 us in 16 bits.
MAX_DELTA_US: Final = 8_000_000


class TransportArrivals:
    """Arrivals of one transport's packets, by transport-wide sequence number, and the feedback about them.

    ``sender`` is the SSRC that the feedback says it is from, ``media`` any that the other side sends.
    """

    __slots__ = ("_arrivals", "_begin", "_newest", "_number", "_sent_at", "_unreported", "_unwrap", "media", "sender")

    def __init__(self, sender: int, media: int = 0) -> None:
        self.sender = sender
        self.media = media
        self._unwrap = Unwrapper(16)
        self._arrivals: dict[int, int] = {}
        self._begin: int | None = None  # where the next feedback starts
        self._newest = 0
        self._unreported = 0
        self._number = 0
        self._sent_at: int | None = None

    def arrived(self, sequence: int, at: int) -> None:
        """A packet with this number came at ``at`` microseconds."""
        number = self._unwrap(sequence)
        if self._begin is None:
            self._begin = self._newest = number
        if number in self._arrivals or number <= self._newest - MAX_WINDOW:
            return
        self._arrivals[number] = at
        self._unreported += 1
        if number > self._newest:
            self._newest = number
        if number < self._begin:
            # Reported as lost and yet here: that part is told again.
            self._begin = number

    def due(self, now: int) -> bool:
        """Whether ``build`` has something to say at this millisecond."""
        if not self._unreported:
            return False
        if self._sent_at is None:
            return True
        passed = now - self._sent_at
        return passed >= MAX_INTERVAL_MS or (passed >= INTERVAL_MS and self._unreported >= SOON_PACKETS)

    def build(self, now: int) -> list[TransportFeedback]:
        """Everything not yet told, mostly in one packet."""
        if self._begin is None or not self._unreported:
            return []
        self._sent_at = now
        self._unreported = 0
        newest, oldest = self._newest, self._newest - MAX_WINDOW
        packets = []
        begin = max(self._begin, oldest + 1)
        while begin <= newest:
            received = self._statuses(begin, newest)
            if received:
                packets.append(
                    TransportFeedback(self.sender, self.media, begin & 0xFFFF, self._number, tuple(received))
                )
                self._number = (self._number + 1) & 0xFF
            begin += len(received) or MAX_STATUSES
        self._begin = newest + 1
        # Oldest first, but for what was reordered: those wait for a later turn.
        arrivals = self._arrivals
        while arrivals and (first := next(iter(arrivals))) <= oldest:
            del arrivals[first]
        return packets

    def _statuses(self, begin: int, newest: int) -> list[int | None]:
        """From ``begin`` as many as fit one packet; empty where none of so many came."""
        received: list[int | None] = []
        last: int | None = None
        for number in range(begin, min(begin + MAX_STATUSES, newest + 1)):
            at = self._arrivals.get(number)
            if at is not None:
                if last is not None and abs(at - last) > MAX_DELTA_US:
                    break
                last = at
            received.append(at)
        return received if last is not None else []


class RoundTrip:
    """The round trip, by the reports on our sender reports: their LSR says which one, DLSR how long it lay there."""

    __slots__ = ("_sent", "ms")

    REMEMBERED: Final = 32

    def __init__(self) -> None:
        self.ms: int | None = None
        self._sent: dict[int, int] = {}

    @property
    def half(self) -> int:
        """One way; 0 while nothing is known."""
        return (self.ms or 0) // 2

    def sent(self, ntp: int, now: int) -> None:
        """A sender report with this NTP time went out, for whichever stream."""
        self._sent[ntp >> 16 & 0xFFFFFFFF] = now
        if len(self._sent) > self.REMEMBERED:
            del self._sent[next(iter(self._sent))]

    def heard(self, block: ReportBlock, now: int) -> int | None:
        """The milliseconds that this block tells, or None. ``ms`` is smoothed by them."""
        at = self._sent.get(block.last_sr) if block.last_sr else None
        if at is None:
            return None
        rtt = now - at - block.delay * 1000 // 65536
        if not 0 <= rtt < 30_000:
            return None
        self.ms = rtt if self.ms is None else (7 * self.ms + rtt + 4) // 8
        return rtt


class Remb:
    """What a publisher may send that knows REMB but not transport-wide feedback: as much as it likes while little is lost."""

    __slots__ = ("_at", "bitrate")

    INTERVAL_MS: Final = 1_000
    START: Final = 1_000_000
    FLOOR: Final = 100_000
    CEILING: Final = 20_000_000

    def __init__(self) -> None:
        self.bitrate = self.START
        self._at: int | None = None

    def update(self, received: int, fraction: int, now: int) -> int | None:
        """The new limit in bit/s once a second, else None. ``received`` is the measured bit/s, ``fraction`` the loss of 256."""
        if self._at is not None and now - self._at < self.INTERVAL_MS:
            return None
        self._at = now
        if fraction > 25:
            # The rules for loss of draft-ietf-rmcat-gcc-02 section 6: above 10 %, take half of it off.
            bitrate = min(self.bitrate, max(received, self.FLOOR)) * (512 - fraction) // 512
        elif fraction < 5:
            bitrate = max(self.bitrate, min(self.bitrate * 3 // 2, received * 2))
        else:
            bitrate = self.bitrate
        self.bitrate = min(max(bitrate, self.FLOOR), self.CEILING)
        return self.bitrate
