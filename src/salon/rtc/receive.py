"""What is known of one incoming stream: how much came, what is missing, when to ask for it again (RFC 3550 appendix A)."""

from __future__ import annotations

from typing import Final

from salon.rtc.rtcp import ReportBlock, SenderReport

# RFC 3550 appendix A.1. A jump ahead of MAX_DROPOUT is a restart if the packet behind it confirms it.
MAX_DROPOUT: Final = 3000

# A missing packet is asked for once it is this late: networks that reorder do so within a few milliseconds.
REORDER_MS: Final = 10
MAX_TRIES: Final = 10
MAX_AGE_MS: Final = 1_500
MAX_MISSING: Final = 500
MIN_RETRY_MS: Final = 20

# How far before the first packet that came the stream may have begun.
EARLIEST: Final = 32

# What differs by more is a source that set its timestamps anew.
MAX_JITTER_S: Final = 5

# Numbers in one NACK: at most 17 times this fit, at worst this many words.
MAX_ASKED: Final = 120


class Missing:
    """A packet that did not come. ``due`` is when it is asked for next."""

    __slots__ = ("due", "since", "tries")

    def __init__(self, since: int) -> None:
        self.since = since
        self.due = since + REORDER_MS
        self.tries = 0


class Receiver:
    """One SSRC. Times are milliseconds; ``jitter`` is in timestamp units, as reports have it."""

    __slots__ = (
        "_base",
        "_before",
        "_clock_rate",
        "_highest",
        "_jitter",
        "_jump",
        "_missing",
        "_newest_at",
        "_newest_timestamp",
        "_report",
        "_report_at",
        "_reported",
        "_transit",
        "given_up",
        "octets",
        "packets",
        "repeated",
        "retransmitted",
        "ssrc",
    )

    def __init__(self, ssrc: int, clock_rate: int) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self.octets = 0
        self.repeated = 0  # came twice, or after they were given up
        self.retransmitted = 0  # were missing when they came
        self.given_up = 0
        self._clock_rate = clock_rate
        self._report: SenderReport | None = None
        self._report_at = 0
        self._newest_at = self._newest_timestamp = 0
        self._jitter = 0
        self._transit: int | None = None
        self._missing: dict[int, Missing] = {}
        # Unwrapped, one cycle up, so that what came before the first packet is above zero; -1 before there is one.
        self._base = self._highest = -1
        self._before = 0
        self._reported = (0, 0)
        self._jump = -1

    @property
    def expected(self) -> int:
        return self._highest - self._base + 1 if self._base >= 0 else 0

    @property
    def lost(self) -> int:
        """Expected less received, since the numbering last began. Repeated packets are not counted as received."""
        return self.expected - (self.packets - self._before)

    @property
    def jitter(self) -> int:
        return self._jitter >> 4

    @property
    def missing(self) -> int:
        """How many packets may still come, when asked for."""
        return len(self._missing)

    def receive(self, sequence: int, timestamp: int, size: int, now: int) -> bool:
        """A packet came, ``size`` bytes of payload. False where it is to be dropped: it came before, is too late, or is so
        far from the others that it takes a second one to believe it."""
        highest = self._highest
        ahead = (sequence - highest) & 0xFFFF
        if self._base < 0:
            self._start(sequence)
        elif ahead == 1:
            self._highest = highest + 1
        elif 0 < ahead < MAX_DROPOUT:
            self._highest = highest + ahead
            self._miss(highest + 1, highest + ahead, now)
        elif ahead >= MAX_DROPOUT and ahead <= 0x10000 - MAX_DROPOUT:
            if sequence != self._jump:
                self._jump = (sequence + 1) & 0xFFFF
                return False
            self._start(sequence)
        else:
            number = highest - (-ahead & 0xFFFF)
            if self._missing.pop(number, None) is not None:
                self.retransmitted += 1
            elif self._base - EARLIEST <= number < self._base:
                # The first packets of the stream came out of order.
                self._miss(number + 1, self._base, now)
                self._base = number
            else:
                self.repeated += 1
                return False
            self.packets += 1
            self.octets += size
            return True
        self.packets += 1
        self.octets += size
        # Appendix A.8, with J kept times 16. Packets of one frame have one timestamp: their spread is no jitter of the network,
        # but the RFC counts it, and so do those who read the reports.
        transit = now * self._clock_rate // 1000 - timestamp
        if self._transit is not None:
            delta = abs((transit - self._transit + 0x80000000 & 0xFFFFFFFF) - 0x80000000)
            if delta < MAX_JITTER_S * self._clock_rate:
                self._jitter += delta - (self._jitter + 8 >> 4)
        self._transit = transit
        self._newest_at = now
        self._newest_timestamp = timestamp
        return True

    def nack(self, now: int, rtt: int = 100) -> list[int]:
        """The sequence numbers to ask for now, oldest first. Each is asked for again when a round trip brought nothing, ever
        more patiently, until it is too old to be of use: then it counts as ``given_up``, and video needs a key frame."""
        if not self._missing:
            return []
        asked: list[int] = []
        over: list[int] = []
        for sequence, entry in self._missing.items():
            if entry.tries >= MAX_TRIES or now - entry.since > MAX_AGE_MS:
                over.append(sequence)
            elif now >= entry.due and len(asked) < MAX_ASKED:
                entry.tries += 1
                entry.due = now + max(rtt + rtt // 4, MIN_RETRY_MS) * (1 + entry.tries // 4)
                asked.append(sequence & 0xFFFF)
        for sequence in over:
            del self._missing[sequence]
        self.given_up += len(over)
        return asked

    def forget_missing(self) -> None:
        """What is missing is of no use any more: a key frame came."""
        self._missing.clear()

    def sender_report(self, report: SenderReport, now: int) -> None:
        self._report, self._report_at = report, now

    def report(self, now: int) -> ReportBlock:
        """The block for a receiver report; it ends the interval that ``fraction`` is of (appendix A.3)."""
        expected, received = self.expected, self.packets - self._before
        of, came = expected - self._reported[0], received - self._reported[1]
        self._reported = (expected, received)
        fraction = min(max(of - came, 0) * 256 // of, 255) if of > 0 else 0
        last_sr = delay = 0
        if self._report is not None:
            last_sr = self._report.ntp >> 16 & 0xFFFFFFFF
            delay = min((now - self._report_at) * 65536 // 1000, 0xFFFFFFFF)
        highest = (self._highest - 0x10000) & 0xFFFFFFFF if self._base >= 0 else 0
        return ReportBlock(self.ssrc, fraction, expected - received, highest, self.jitter, last_sr, delay)

    def clock_at(self, now: int, ntp: int = 0) -> tuple[int, int]:
        """NTP time and this stream's timestamp at ``now``, by the last sender report; before there is one, by ``ntp``, which
        is the time now, and the newest packet."""
        if self._report is None:
            passed = (now - self._newest_at) * self._clock_rate // 1000
            return ntp, (self._newest_timestamp + passed) & 0xFFFFFFFF
        passed = now - self._report_at
        timestamp = self._report.timestamp + passed * self._clock_rate // 1000
        return self._report.ntp + (passed << 32) // 1000 & 0xFFFFFFFFFFFFFFFF, timestamp & 0xFFFFFFFF

    def offset_to(self, other: Receiver) -> int | None:
        """What makes a timestamp of this stream one of ``other``'s, where both of one sender's clock are known."""
        if self._report is None or other._report is None or self._clock_rate != other._clock_rate:
            return None
        passed = (other._report.ntp - self._report.ntp) * self._clock_rate >> 32
        return (other._report.timestamp - self._report.timestamp - passed) & 0xFFFFFFFF

    def _start(self, sequence: int) -> None:
        """Begin to count at ``sequence``."""
        self._base = self._highest = sequence + 0x10000
        self._before = self.packets
        self._reported = (0, 0)
        self._jump = -1
        self._missing.clear()

    def _miss(self, begin: int, end: int, now: int) -> None:
        missing = self._missing
        for sequence in range(max(begin, end - MAX_MISSING), end):
            missing[sequence] = Missing(now)
        # Those that were missing first are hardest to make good.
        while len(missing) > MAX_MISSING:
            del missing[next(iter(missing))]
            self.given_up += 1
