"""Transport-wide feedback there and back, the round trip, and a limit for those who know only REMB."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.rtc import rtcp
from salon.rtc.feedback import MAX_STATUSES, MAX_WINDOW, Remb, RoundTrip, TransportArrivals


def told(arrivals: TransportArrivals, now: int = 0) -> list[rtcp.TransportFeedback]:
    """What the other side reads."""
    packets = [rtcp.parse(rtcp.build(packet)) for packet in arrivals.build(now)]
    assert all(len(rtcp.build(packet)) < 1_200 for found in packets for packet in found)
    return [packet for found in packets for packet in found if isinstance(packet, rtcp.TransportFeedback)]


def test_arrivals_and_losses_are_told() -> None:
    arrivals = TransportArrivals(5, 6)
    for number, at in ((65_534, 1_000_000), (65_535, 1_000_250), (1, 1_005_000), (0, 1_004_000)):
        arrivals.arrived(number, at)
    arrivals.arrived(4, 1_010_000)
    (packet,) = told(arrivals)
    assert (packet.sender, packet.media, packet.base, packet.number) == (5, 6, 65_534, 0)
    assert packet.received == (1_000_000, 1_000_250, 1_004_000, 1_005_000, None, None, 1_010_000)
    assert told(arrivals) == []
    arrivals.arrived(5, 1_020_000)
    (packet,) = told(arrivals)
    assert (packet.base, packet.number, packet.received) == (5, 1, (1_020_000,))


def test_what_was_out_of_order_is_told_again_with_its_neighbours() -> None:
    arrivals = TransportArrivals(5)
    for number in (10, 12):
        arrivals.arrived(number, number * 1_000)
    assert told(arrivals)[0].received == (10_000, None, 12_000)
    arrivals.arrived(11, 20_000)
    arrivals.arrived(13, 21_000)
    (packet,) = told(arrivals)
    assert (packet.base, packet.received) == (11, (20_000, 12_000, 21_000))


def test_it_is_due_soon_when_much_came_and_later_else() -> None:
    arrivals = TransportArrivals(5)
    assert not arrivals.due(0)
    arrivals.arrived(1, 0)
    assert arrivals.due(0)
    arrivals.build(0)
    arrivals.arrived(2, 0)
    assert not arrivals.due(39)
    assert arrivals.due(40)
    for number in range(3, 40):
        arrivals.arrived(number, 0)
    assert not arrivals.due(19)
    assert arrivals.due(20)


def test_much_is_told_in_several_packets_and_a_pause_too() -> None:
    arrivals = TransportArrivals(5)
    for number in range(MAX_STATUSES + 10):
        arrivals.arrived(number, number * 300)
    first, second = told(arrivals)
    assert len(first.received) == MAX_STATUSES and len(second.received) == 10
    assert (second.base, second.number) == (MAX_STATUSES, 1)
    arrivals.arrived(MAX_STATUSES + 10, 1_000_000)
    arrivals.arrived(MAX_STATUSES + 11, 60_000_000)
    before, after = told(arrivals)
    assert before.received == (1_000_000,) and after.received == (60_000_000,)


def test_memory_is_bounded_whatever_numbers_come() -> None:
    arrivals = TransportArrivals(5)
    chance = random.Random(1)
    for index in range(20_000):
        arrivals.arrived(chance.randrange(2**16), index)
        if index % 50 == 0:
            arrivals.build(index)
            assert len(arrivals._arrivals) <= MAX_WINDOW
    sparse = TransportArrivals(5)
    sparse.arrived(0, 0)
    sparse.arrived(30_000, 10)
    assert [packet.received for packet in told(sparse)][-1][-1] is not None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.5))
def test_every_arrival_is_told(seed: int, loss: float) -> None:
    chance = random.Random(seed)
    start = chance.randrange(2**16)
    arrivals = TransportArrivals(5)
    sent = [(number, 1_000 * number + chance.randrange(20_000)) for number in range(400) if chance.random() >= loss]
    heard: dict[int, int] = {}
    for index, (number, at) in enumerate(sorted(sent, key=lambda item: item[1])):
        arrivals.arrived((start + number) & 0xFFFF, at)
        if index % 17 == 0:
            for packet in told(arrivals):
                for offset, when in enumerate(packet.received):
                    if when is not None:
                        heard[(packet.base + offset - start) & 0xFFFF] = when
    for packet in told(arrivals):
        for offset, when in enumerate(packet.received):
            if when is not None:
                heard[(packet.base + offset - start) & 0xFFFF] = when
    assert set(heard) == {number for number, _ in sent}
    assert all(abs(heard[number] - at) <= 250 for number, at in sent)


def block(last_sr: int, delay: int) -> rtcp.ReportBlock:
    return rtcp.ReportBlock(1, 0, 0, 0, 0, last_sr, delay)


def test_the_round_trip_is_what_the_report_did_not_wait() -> None:
    trip = RoundTrip()
    trip.sent(0x1111_2222_3333_4444, 1_000)
    assert trip.heard(block(0x2222_3333, 65_536), 2_080) == 80
    assert trip.ms == 80
    assert trip.heard(block(0x2222_3333, 65_536), 2_160) == 160
    assert trip.ms == 90


def test_reports_of_nothing_or_of_the_future_tell_nothing() -> None:
    trip = RoundTrip()
    trip.sent(1 << 16, 1_000)
    assert trip.heard(block(0, 0), 1_010) is None
    assert trip.heard(block(99, 0), 1_010) is None
    assert trip.heard(block(1, 65_536), 1_010) is None
    assert trip.ms is None
    for index in range(2, 100):
        trip.sent(index << 16, 1_000)
    assert trip.heard(block(1, 0), 1_010) is None
    assert trip.heard(block(99, 0), 1_010) == 10


def test_remb_climbs_while_it_is_used_and_falls_with_loss() -> None:
    remb = Remb()
    rates = [remb.update(remb.bitrate, 0, second * 1_000) for second in range(8)]
    assert rates == sorted(rates, key=lambda rate: rate or 0)
    assert remb.bitrate > 8_000_000
    assert remb.update(1_000_000, 0, 7_500) is None
    idle = remb.bitrate
    remb.update(100_000, 0, 9_000)
    remb.update(100_000, 20, 10_000)
    assert remb.bitrate == idle
    assert remb.update(1_000_000, 128, 11_000) == 750_000
    assert remb.update(0, 255, 12_000) == Remb.FLOOR
