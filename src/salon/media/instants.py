"""The one file of the engine that reads the machine's clocks, where the Clock port is too coarse: it counts milliseconds."""

from __future__ import annotations

import datetime
import time
from typing import Final

# Seconds from 1900, where NTP begins (RFC 5905 section 6), to 1970.
NTP_EPOCH: Final = 2_208_988_800

seconds = time.monotonic
"""Seconds of CLOCK_MONOTONIC: 0.05 us."""


def micros() -> int:
    """Microseconds of the same clock: when a packet arrived, as transport-wide feedback tells it."""
    return time.monotonic_ns() // 1_000


def ntp() -> int:
    """The time of day as sender reports have it: 64 bits, of which 32 are the fraction of a second."""
    return ((time.time_ns() << 32) // 1_000_000_000) + (NTP_EPOCH << 32)


def today() -> datetime.datetime:
    """For the dates of a certificate."""
    return datetime.datetime.now(tz=datetime.UTC)
