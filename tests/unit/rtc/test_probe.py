"""What was sent when, and what a probe tells by how it arrives."""

from __future__ import annotations

import pytest

from salon.rtc.probe import PROBE_MS, Probe, SendLog

SIZE = 1_200


def arrived(carries: float, *, jitter: int = 0, lost: tuple[int, ...] = (), inherent: float = 0.0) -> int:
    """The verdict on a probe of 1.2 Mbit/s, a packet every 8 ms, over a link that carries ``carries`` of it."""
    log = SendLog()
    log.sent(SIZE, 0)
    probe = Probe(1_200_000, log, 1_000, jitter)
    for at in range(1_000, 1_000 + probe.length, 8):
        log.sent(SIZE, at)
    log.sent(SIZE, 1_000 + probe.length)
    assert probe.close(log) == log.next - 1, "what was sent behind it is not of it"
    for number in range(log.next):
        if number not in lost:
            place = max(number - 1, 0)
            queue = int(place * 8 * (1 / carries - 1)) if carries < 1 else 0
            probe.arrive(number, 20 + queue + number * 7 % (jitter + 1), SIZE)
    return probe.carried(inherent)


def test_what_arrives_as_it_was_sent_was_carried() -> None:
    assert arrived(1.0) == 1_200_000


@pytest.mark.parametrize("carries", [0.3, 0.5, 0.7])
def test_what_stands_in_a_queue_tells_the_speed_of_the_link(carries: float) -> None:
    assert arrived(carries) == pytest.approx(1_200_000 * carries, rel=0.25)


def test_jitter_is_no_queue_but_does_not_hide_one() -> None:
    assert arrived(1.0, jitter=30) == 1_200_000
    assert arrived(0.5, jitter=30) < 900_000


def test_one_packet_lost_is_chance_and_a_third_is_not() -> None:
    assert arrived(1.0, lost=(4,)) == 1_200_000
    assert arrived(1.0, lost=(3, 4, 5, 6)) < 900_000
    assert arrived(1.0, lost=(3, 4, 5, 6), inherent=0.35) == 1_200_000


def test_too_little_tells_nothing_and_jitter_makes_it_longer() -> None:
    log = SendLog()
    assert Probe(1, log, 0, 0).carried(0.0) == 0
    assert (Probe(1, log, 0, 0).length, Probe(1, log, 0, 1_000).length) == (PROBE_MS, PROBE_MS + 40)


def test_numbers_wrap_and_the_log_is_bounded() -> None:
    log = SendLog()
    log.next = 65_535
    assert [log.sent(1, 0), log.sent(1, 0)] == [65_535, 0]
    assert log.octets == 2 and len(log.sizes) == len(log.times)
