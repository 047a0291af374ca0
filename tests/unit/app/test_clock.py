from __future__ import annotations

import time

from salon.app.clock import SystemClock


def test_now_is_milliseconds_and_never_goes_back() -> None:
    clock = SystemClock()
    before = time.monotonic() * 1000
    readings = [clock.now() for _ in range(1000)]
    after = time.monotonic() * 1000
    assert readings == sorted(readings)
    assert before - 1 <= readings[0] <= readings[-1] <= after


def test_unix_is_seconds_since_1970() -> None:
    before = int(time.time())
    assert before <= SystemClock().unix() <= time.time()
