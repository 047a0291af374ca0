"""An incoming stream: what is counted, what is missing, what is asked for."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salon.rtc.receive import MAX_AGE_MS, MAX_MISSING, MAX_TRIES, REORDER_MS, Receiver
from salon.rtc.rtcp import SenderReport


def fed(*sequences: int, now: int = 0) -> Receiver:
    receiver = Receiver(7, 90_000)
    for sequence in sequences:
        receiver.receive(sequence & 0xFFFF, 0, 100, now)
    return receiver


def test_losses_are_reported_once() -> None:
    receiver = fed(65_534, 65_535, 0, 3)
    block = receiver.report(0)
    assert (block.ssrc, block.lost, block.fraction, block.highest) == (7, 2, 2 * 256 // 6, 0x1_0003)
    receiver.receive(4, 0, 100, 0)
    assert receiver.report(0).fraction == 0
    assert receiver.report(0).lost == 2
    assert receiver.octets == 500


def test_nothing_is_reported_before_something_came() -> None:
    block = Receiver(7, 90_000).report(5)
    assert block == (7, 0, 0, 0, 0, 0, 0)


def test_copies_and_strangers_are_dropped() -> None:
    receiver = fed(10, 11, 13)
    assert not receiver.receive(11, 0, 100, 0)
    assert receiver.receive(12, 0, 100, 0)
    assert not receiver.receive(12, 0, 100, 0)
    assert (receiver.packets, receiver.repeated, receiver.retransmitted) == (4, 2, 1)
    assert not receiver.receive(13, 0, 100, 0)
    assert receiver.lost == 0


def test_the_first_packets_may_come_in_any_order() -> None:
    receiver = fed(100)
    assert receiver.receive(98, 0, 100, 0)
    assert receiver.receive(99, 0, 100, 0)
    assert receiver.receive(97, 0, 100, 0)
    assert not receiver.receive(60, 0, 100, 0)
    assert receiver.expected == 4 and receiver.lost == 0
    zero = fed(0)
    assert zero.receive(65_535, 0, 100, 0)
    assert zero.report(0).highest == 0


def test_a_jump_is_believed_at_the_second_packet() -> None:
    receiver = fed(10, 11)
    assert not receiver.receive(30_000, 0, 100, 0)
    assert receiver.receive(12, 0, 100, 0)
    assert not receiver.receive(30_000, 0, 100, 0)
    assert receiver.receive(30_001, 0, 100, 0)
    assert receiver.missing == 0
    assert receiver.expected == 1 and receiver.lost == 0
    assert receiver.report(0).fraction == 0
    assert receiver.packets == 4


def test_jitter_follows_appendix_a8() -> None:
    receiver = Receiver(7, 8_000)
    expected = 0.0
    last = None
    chance = random.Random(4)
    for index in range(200):
        now = 20 * index + chance.randrange(30)
        receiver.receive(index, 160 * index, 100, now)
        transit = now * 8 - 160 * index
        if last is not None:
            expected += (abs(transit - last) - expected) / 16
        last = transit
    assert receiver.jitter == pytest.approx(expected, abs=1)
    receiver.receive(200, 2**31, 100, 4_000)
    assert receiver.jitter == pytest.approx(expected, abs=1), "a new timeline is no jitter"


def test_what_is_missing_is_asked_for_quickly_then_patiently() -> None:
    receiver = fed(65_533, 2, now=1_000)
    assert receiver.nack(1_000 + REORDER_MS - 1) == []
    assert receiver.nack(1_000 + REORDER_MS, rtt=40) == [65_534, 65_535, 0, 1]
    assert receiver.nack(1_059, rtt=40) == []
    receiver.receive(65_535, 0, 100, 1_059)
    assert receiver.nack(1_060, rtt=40) == [65_534, 0, 1]
    assert receiver.missing == 3


def test_it_gives_up_after_some_tries_or_some_time() -> None:
    receiver = fed(10, 12)
    asked = [now for now in range(0, MAX_AGE_MS, 5) if receiver.nack(now, rtt=10)]
    assert len(asked) == MAX_TRIES
    assert receiver.given_up == 1 and receiver.missing == 0
    assert not receiver.receive(11, 0, 100, 900)
    slow = fed(10, 12)
    slow.nack(MAX_AGE_MS + 1)
    assert slow.given_up == 1


def test_a_great_gap_is_bounded() -> None:
    receiver = fed(0, 2_900)
    assert receiver.missing == MAX_MISSING
    assert len(receiver.nack(100)) <= 120
    receiver.receive(2_900 + 300, 0, 100, 0)
    assert receiver.missing == MAX_MISSING
    assert receiver.given_up == 299
    receiver.forget_missing()
    assert receiver.missing == 0


def test_sender_reports_come_back_in_the_block() -> None:
    receiver = fed(1)
    receiver.sender_report(SenderReport(7, 0x1111_2222_3333_4444, 9, 0, 0), 1_000)
    block = receiver.report(1_500)
    assert (block.last_sr, block.delay) == (0x2222_3333, 32_768)


def test_the_senders_clock_is_known() -> None:
    receiver = Receiver(7, 90_000)
    receiver.receive(1, 2**32 - 90, 100, 500)
    assert receiver.clock_at(501, 77) == (77, 0)
    receiver.sender_report(SenderReport(7, 5 << 32, 90_000, 0, 0), 1_000)
    assert receiver.clock_at(1_500) == ((5 << 32) + (1 << 31), 135_000)


def test_two_layers_of_one_picture_are_aligned() -> None:
    one, two = Receiver(1, 90_000), Receiver(2, 90_000)
    assert one.offset_to(two) is None
    one.sender_report(SenderReport(1, 100 << 32, 1_000, 0, 0), 0)
    two.sender_report(SenderReport(2, 102 << 32, 2**32 - 50_000, 0, 0), 0)
    offset = one.offset_to(two)
    assert offset is not None
    # What layer one stamps 1000 + 2 s is of the instant that layer two stamps so.
    assert (1_000 + 180_000 + offset) % 2**32 == 2**32 - 50_000
    assert one.offset_to(Receiver(3, 48_000)) is None


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 65_535), st.integers(0, 2**32), st.floats(0, 0.5))
def test_the_count_is_true_in_any_order(start: int, seed: int, loss: float) -> None:
    chance = random.Random(seed)
    numbers = [number for number in range(300) if number == 0 or number == 299 or chance.random() >= loss]
    order = sorted(numbers, key=lambda number: number + chance.randrange(20) if number else -1)
    receiver = Receiver(7, 90_000)
    taken = [number for number in order if receiver.receive((start + number) & 0xFFFF, 0, 1, 0)]
    assert taken == order
    assert not any(receiver.receive((start + number) & 0xFFFF, 0, 1, 0) for number in order)
    assert receiver.expected == 300
    assert receiver.lost == 300 - len(numbers) == receiver.missing
    lost = {(start + number) & 0xFFFF for number in range(300)} - {(start + number) & 0xFFFF for number in numbers}
    asked = [*receiver.nack(50), *receiver.nack(50)]
    assert set(asked) == lost and len(asked) == len(lost)
