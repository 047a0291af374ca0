"""What was sent to one viewer and when, and a moment of it in which padding raises the rate: how fast does that arrive?"""

from __future__ import annotations

from array import array
from typing import Final

# Packets whose fate is still open: two seconds at 10 Mbit/s. A power of two.
MAX_SENT: Final = 2048

# Under jitter it takes longer, and more growth of the delay is chance.
PROBE_MS: Final = 80
PROBE_GROWTH_MS: Final = 8
PROBE_KEPT: Final = 0.8
PROBE_SPARE: Final = 1_300


class SendLog:
    """When each transport-wide number was sent, and how large it was. ``sent`` gives the numbers out (``outgoing.Allocate``)."""

    __slots__ = ("next", "octets", "sizes", "times")

    def __init__(self) -> None:
        self.next = 0  # unwrapped
        self.octets = 0
        self.times = array("q", bytes(8 * MAX_SENT))
        self.sizes = array("i", bytes(4 * MAX_SENT))

    def sent(self, size: int, now: int) -> int:
        """The number for a packet of ``size`` bytes. Runs once for every packet sent: 0.15 us."""
        number = self.next
        at = number & MAX_SENT - 1
        self.next = number + 1
        self.times[at] = now
        self.sizes[at] = size
        self.octets += size
        return number & 0xFFFF


class Probe:
    """One probe: ``target`` bit/s from packet ``begin`` to before ``end``, begun at ``began``, when ``octets`` had been sent."""

    __slots__ = ("_arrived", "_delays", "_jitter", "_sent", "began", "begin", "end", "length", "octets", "target")

    def __init__(self, target: int, log: SendLog, now: int, jitter: int) -> None:
        self.target = target
        self.length = PROBE_MS + min(jitter, 40)
        self._jitter = jitter
        self.begin = log.next
        self.octets = log.octets
        self.began = now
        self.end: int | None = None
        self._sent = 0
        self._arrived = 0
        self._delays: list[tuple[int, int]] = []

    def close(self, log: SendLog) -> int:
        """All of it is sent, and perhaps something that is not of it. Where it ended."""
        end, sent = log.next, log.octets - self.octets
        while end > self.begin and log.times[end - 1 & MAX_SENT - 1] >= self.began + self.length:
            end -= 1
            sent -= log.sizes[end & MAX_SENT - 1]
        self.end, self._sent = end, sent
        return end

    def arrive(self, number: int, delay: int, size: int) -> None:
        if self.begin <= number and (self.end is None or number < self.end):
            self._arrived += size
            self._delays.append((number, delay))

    def carried(self, inherent: float) -> int:
        """The bit/s that got through: ``target`` where the delay did not grow and no more than the ``inherent`` share was
        lost, or else the speed at which it came out; 0 where too little arrived to tell."""
        delays = [delay for _, delay in sorted(self._delays)]
        third = len(delays) // 3
        if not third:
            return 0
        # Smallest delays, for jitter only adds.
        growth = min(delays[-third:]) - min(delays[:third])
        kept = min(self._arrived / (self._sent * (1 - inherent)), 1.0)
        # A small probe is a few packets: one that is lost tells of chance, not of room.
        if growth <= PROBE_GROWTH_MS + self._jitter / (third + 1) and (
            kept >= PROBE_KEPT or self._sent - self._arrived <= PROBE_SPARE
        ):
            return self.target
        return int(self.target * kept / (1 + max(growth, 0) / (self.length * 2 / 3)))
