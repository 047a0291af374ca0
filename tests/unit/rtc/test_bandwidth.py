"""The estimate, over a virtual link with a queue. All times are virtual: a minute takes as long as its packets."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from salon.rtc.bandwidth import START, Estimator
from salon.rtc.probe import SendLog
from salon.rtc.rtcp import TransportFeedback
from tests.fakes.networks import UNSEEN, Network, summary
from tests.fakes.virtual_link import Call, Link


def steady(rate: int) -> Callable[[int], int]:
    return lambda _: rate


def test_a_fast_link_brings_the_best_layer_within_two_seconds() -> None:
    call = Call(Link(steady(20_000_000)))
    call.run(2_000)
    assert call.allocator.chosen == "high"
    call.run(20_000)
    assert call.chosen[-1][0] <= 2_000
    assert call.estimator.estimate > 1_500_000


def test_a_slow_link_keeps_the_lowest_layer_and_a_short_queue() -> None:
    call = Call(Link(steady(300_000)))
    call.run(2_000)
    assert call.allocator.chosen == "low"
    assert 190_000 <= call.estimator.estimate <= 330_000
    dropped = call.link.dropped
    worst = 0.0
    while call.now < 30_000:
        call.run(call.now + 10)
        worst = max(worst, call.link.free_at - call.now)
    assert call.link.dropped == dropped
    assert worst < 200
    assert [layer for at, layer in call.chosen if at > 2_000] == []
    assert call.padding * 8 / 30 < 60_000, "probes must stay small beside what the link carries"


def test_a_link_that_falls_and_rises_is_followed_within_two_seconds_each_way() -> None:
    call = Call(Link(lambda now: 500_000 if 10_000 <= now < 20_000 else 2_000_000))
    call.run(10_000)
    assert call.allocator.chosen == "high"
    call.run(12_000)
    assert call.allocator.chosen in ("low", "mid")
    assert call.estimator.estimate <= 550_000
    assert call.link.free_at - call.now < 100
    call.run(20_000)
    assert call.link.free_at - call.now < 100
    assert call.estimator.estimate >= 300_000
    call.run(22_000)
    assert call.allocator.chosen == "high"
    call.run(40_000)
    assert call.allocator.chosen == "high"
    assert call.chosen[-1][0] <= 22_000


def test_round_trip_moment_queue_and_loss_matter_little_to_that() -> None:
    """A link of 20 Mbit/s that falls to 300 kbit/s for ten seconds, under 36 conditions."""
    falls, climbs = [], []
    for delay, phase, queue, loss in itertools.product(
        (10, 50, 100), (0, 330, 660), ((400, 0), (200, 20)), (0.0, 0.02)
    ):
        begin, end = 10_000 + phase, 20_000 + phase

        def capacity(now: int, begin: int = begin, end: int = end) -> int:
            return 300_000 if begin <= now < end else 20_000_000

        call = Call(Link(capacity, delay=delay, depth=queue[0], jitter=queue[1], loss=loss))
        call.run(end + 3_000)
        falls.append(max(at for at, _ in call.chosen if begin <= at < end) - begin)
        climbs.append(next(at for at, layer in call.chosen if at >= end and layer == "high") - end)
    assert max(falls) <= 2_000
    # One of them loses three probes in a row to chance.
    assert sorted(climbs)[-2] <= 2_000
    assert max(climbs) <= 2_500


def test_networks_that_the_constants_were_not_chosen_with() -> None:
    """Twenty of them, with four steps each; ``bench/networks.py`` has as many as wanted."""
    result = summary([each for seed in range(9_000, 9_020) for each in Network(seed, UNSEEN).run()])
    assert result.late <= 0.02
    assert result.worst <= 3_000
    assert result.wrong <= 0.01


@pytest.mark.parametrize("jitter", [30, 100])
def test_jitter_is_not_taken_for_a_queue(jitter: int) -> None:
    call = Call(Link(steady(10_000_000), jitter=jitter))
    call.run(30_000)
    assert call.allocator.chosen == "high"
    assert len([1 for at, _ in call.chosen if at > 3_000]) <= 1


def test_a_little_loss_is_repaired_not_fled() -> None:
    call = Call(Link(steady(10_000_000), loss=0.05))
    call.run(20_000)
    assert call.allocator.chosen == "high"


def test_heavy_loss_that_less_does_not_cure_is_lived_with() -> None:
    call = Call(Link(steady(10_000_000), loss=0.15))
    call.run(30_000)
    assert call.allocator.chosen == "high"


def test_a_link_without_a_queue_shows_by_its_losses() -> None:
    call = Call(Link(lambda now: 400_000 if now >= 5_000 else 5_000_000, depth=30))
    call.run(8_000)
    assert call.allocator.chosen == "low"


def test_slow_and_full_of_jitter() -> None:
    call = Call(Link(steady(400_000), jitter=60))
    call.run(30_000)
    assert call.allocator.chosen == "low"
    assert 200_000 < call.estimator.estimate < 520_000


def test_another_path_with_more_delay_is_no_congestion_for_long() -> None:
    call = Call(Link(steady(10_000_000)))
    call.run(5_000)
    call.link.delay = 120
    call.run(7_000)
    assert call.estimator.queue >= 95
    call.run(9_500)
    assert call.estimator.queue < 10
    call.run(15_000)
    assert call.allocator.chosen == "high"


def test_one_layer_pauses_before_audio_suffers_and_comes_back() -> None:
    single = [("", 1_500_000)]
    call = Call(Link(lambda now: 300_000 if 5_000 <= now < 15_000 else 3_000_000), single)
    call.run(5_000)
    assert call.allocator.chosen == ""
    call.run(8_000)
    assert call.allocator.chosen is None
    call.run(15_000)
    assert call.allocator.chosen is None
    call.run(17_500)
    assert call.allocator.chosen == ""


def test_a_deep_queue_is_fled_at_once_a_shallow_one_at_the_second_sight() -> None:
    for depth, batches in ((200, 1), (80, 2)):
        log = SendLog()
        estimator = Estimator(log, 2_000_000)
        for batch in range(2 + batches):
            assert estimator.estimate == 2_000_000
            queue = max(batch - 1, 0) * depth * 1_000
            times = tuple(100_000 * batch + 10_000 * index + queue for index in range(10))
            for index in range(10):
                log.sent(1_000, 100 * batch + 10 * index)
            estimator.feedback(TransportFeedback(1, 2, 10 * batch, batch, times), 1_000 + 100 * batch)
        assert estimator.estimate < 1_000_000


def test_feedback_that_lies_changes_little() -> None:
    log = SendLog()
    estimator = Estimator(log)
    estimator.feedback(TransportFeedback(1, 2, 100, 0, (5, None, 7)), 0)
    assert estimator.estimate == START and estimator.arriving == 0
    log.sent(1000, 0)
    estimator.feedback(TransportFeedback(1, 2, 0, 0, tuple(range(400))), 10)
    estimator.feedback(TransportFeedback(1, 2, 0, 1, tuple(range(400))), 20)
    assert estimator.arriving == 1000 * 8 * 1000 // 300


def test_the_receivers_clock_may_wrap() -> None:
    log = SendLog()
    estimator = Estimator(log)
    wrap = (1 << 24) * 64_000
    for number in range(200):
        log.sent(1000, number * 10)
        at = (wrap - 500_000 + number * 10_000) % wrap
        estimator.feedback(TransportFeedback(1, 2, number, number, (at,)), number * 10)
    assert estimator.queue == 0
    assert 700_000 < estimator.arriving < 900_000


def test_no_probe_without_a_wish_or_without_feedback() -> None:
    estimator = Estimator(SendLog())
    assert estimator.probe(0, 5_000) == 0
    assert estimator.probe(5_000_000, 5_000) == 0
