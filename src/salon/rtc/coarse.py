"""What a viewer's network carries, where it gives no transport-wide feedback: by its receiver reports, and its REMB if any.

A report comes about once a second and tells two things: what was lost, and, by the round trip, how long a queue is. Neither shows
room that is not used, and REMB, which follows what arrives, hardly does either. So room is tried for: the estimate is raised by
a factor, and the next reports say whether that was too much; then it is what it was before, and the next attempt waits twice as
long. A REMB that rises is not believed: it would end the waiting.
"""

from __future__ import annotations

from typing import Final

from salon.rtc.bandwidth import bounded

BACK_OFF: Final = 0.85
LEAST_CUT: Final = 0.2
HEAVY_LOSS: Final = 0.1
LIGHT_LOSS: Final = 0.02
QUEUE_MS: Final = 120
# A REMB that is so much less than the one before says that there is too much; others only follow what arrives.
FALL: Final = 0.97

FACTOR: Final = 2.5
# A report covers what was sent a round trip and up to a second before.
SETTLE_MS: Final = 1_300
TRY_MS: Final = 4_000
MAX_TRY_MS: Final = 30_000
# The smallest round trip is looked for in the present and the previous stretch of so long.
BASE_MS: Final = 30_000


class Coarse:
    """Each call gives the new estimate from the one before, in bit/s."""

    __slots__ = ("_base", "_base_at", "_before", "_cut_at", "_interval", "_queue", "_remb", "_tried_at")

    def __init__(self) -> None:
        self._base: tuple[int | None, int | None] = (None, None)
        self._base_at = 0
        self._queue = 0
        self._remb: int | None = None
        self._cut_at = -SETTLE_MS
        self._tried_at = 0
        self._before: int | None = None  # what it was, while more is tried
        self._interval = TRY_MS

    @property
    def doubtful(self) -> bool:
        """Whether the network has shown that it does not carry everything."""
        return self._cut_at >= 0

    def remb(self, estimate: int, bitrate: int, sending: int, now: int) -> int:
        """The viewer's own estimate; ``sending`` bit/s go to it now."""
        before, self._remb = self._remb, bitrate
        if bitrate < sending and (before is None or bitrate < before * FALL):
            return self._cut(estimate, bitrate, now)
        return estimate

    def report(self, estimate: int, loss: float, rtt: int | None, sending: int, now: int) -> int:
        """``loss`` is a share of 1, ``rtt`` in ms where the report tells."""
        grown = 0
        if rtt is not None:
            queue = rtt - self._smallest(rtt, now)
            grown, self._queue = queue - self._queue, queue
        full = self._queue > QUEUE_MS and grown > -QUEUE_MS // 4
        if loss > HEAVY_LOSS or full:
            much = loss > 2 * HEAVY_LOSS or full
            # So little as is sent while a stream begins says nothing about the network.
            bitrate = sending * (1 - loss) * BACK_OFF if much else max(sending, estimate / 2) * (1 - loss / 2)
            return self._cut(estimate, int(bitrate), now)
        if self._before is not None and now - self._tried_at > SETTLE_MS:
            # It fits.
            self._before, self._interval = None, TRY_MS
            self._tried_at = now - TRY_MS
        # What is sent and arrives is carried, whatever was thought before.
        return max(estimate, bounded(sending)) if loss <= LIGHT_LOSS and self._queue <= QUEUE_MS else estimate

    def attempt(self, estimate: int, wanted: int, now: int) -> int:
        """``wanted`` is the estimate that would be of use, 0 for none."""
        calm = now - self._cut_at > TRY_MS and now - self._tried_at >= self._interval and self._queue <= QUEUE_MS
        if wanted <= estimate or not calm or self._before is not None:
            return estimate
        self._before, self._tried_at = estimate, now
        return bounded(min(wanted, int(estimate * FACTOR)))

    def _cut(self, estimate: int, bitrate: int, now: int) -> int:
        if now - self._cut_at < SETTLE_MS:
            return estimate
        if self._before is not None:
            # What is too much now was tried: before, all was well.
            self._interval = min(2 * self._interval, MAX_TRY_MS)
            bitrate, self._before = max(bitrate, self._before), None
        self._cut_at = now
        return bounded(min(estimate, max(bitrate, int(estimate * LEAST_CUT))))

    def _smallest(self, rtt: int, now: int) -> int:
        present, previous = self._base
        if now - self._base_at > BASE_MS:
            present, previous, self._base_at = None, present, now
        present = rtt if present is None else min(present, rtt)
        self._base = (present, previous)
        return present if previous is None else min(present, previous)
