"""The machine's clocks, where milliseconds are too coarse."""

from __future__ import annotations

import time

from salon.media import instants


def test_micros_and_seconds_are_one_clock() -> None:
    before = instants.micros()
    now = instants.seconds()
    after = instants.micros()
    assert before <= now * 1e6 + 1
    assert now * 1e6 - 1 <= after


def test_ntp_counts_from_1900_with_32_bits_of_fraction() -> None:
    before = time.time()
    stamp = instants.ntp()
    after = time.time()
    assert before - 1e-3 <= stamp / 2**32 - instants.NTP_EPOCH <= after + 1e-3
    assert stamp < 1 << 64


def test_today_has_a_zone() -> None:
    assert instants.today().utcoffset() is not None
