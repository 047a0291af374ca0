"""The machine's clock."""

from __future__ import annotations

import time


class SystemClock:
    """A ``salon.ports.clock.Clock``. ``now`` is CLOCK_MONOTONIC: setting the machine's time does not move it."""

    def now(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def unix(self) -> int:
        return int(time.time())
