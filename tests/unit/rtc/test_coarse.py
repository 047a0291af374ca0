"""Viewers that give no transport-wide feedback, over virtual links: receiver reports alone, and with aiortc's REMB."""

from __future__ import annotations

import itertools

import pytest

from salon.rtc.bandwidth import FLOOR, START
from salon.rtc.coarse import MAX_TRY_MS, QUEUE_MS, SETTLE_MS, TRY_MS, Coarse
from tests.fakes.coarse_viewer import CoarseCall, CoarseNetwork
from tests.fakes.networks import UNSEEN, Outcome
from tests.fakes.virtual_link import Link


def heard(remb: bool, seeds: range) -> tuple[list[Outcome], float]:
    """The steps of these networks, and the share of packets that were lost."""
    outcomes: list[Outcome] = []
    dropped = sent = 0
    for seed in seeds:
        network = CoarseNetwork(seed, UNSEEN, remb=remb)
        outcomes += network.run()
        dropped, sent = dropped + network.call.link.dropped, sent + network.call.log.next
    return outcomes, dropped / sent


@pytest.mark.parametrize("remb", [False, True])
def test_networks_drawn_by_lot(remb: bool) -> None:
    """They are followed down within seconds, are not flooded again and again, and most climb."""
    outcomes, lost = heard(remb, range(500, 510))
    down = sorted(each.took if each.took is not None else 10_000 for each in outcomes if not each.up)
    up = sorted(each.took if each.took is not None else 10_000 for each in outcomes if each.up)
    assert down[len(down) * 9 // 10] <= 4_000
    assert up[len(up) // 2] <= 6_000
    assert lost <= 0.06


@pytest.mark.parametrize("remb", [False, True])
def test_a_slow_link_is_tried_ever_more_rarely(remb: bool) -> None:
    call = CoarseCall(Link(lambda _: 300_000, depth=200), remb=remb)
    call.run(120_000)
    assert call.layer_at(119_000) == "low"
    early = [at for at, layer in call.chosen if layer != "low" and at < 60_000]
    late = [at for at, layer in call.chosen if layer != "low" and at >= 60_000]
    assert len(late) <= min(len(early), 60_000 // MAX_TRY_MS + 1)
    assert call.link.dropped < 0.03 * call.log.next


@pytest.mark.parametrize("remb", [False, True])
def test_a_fast_link_is_climbed(remb: bool) -> None:
    call = CoarseCall(Link(lambda now: 300_000 if now < 10_000 else 10_000_000, depth=300), remb=remb)
    call.run(45_000)
    assert call.layer_at(44_000) == "high"


def test_a_remb_that_falls_is_believed_and_one_that_follows_is_not() -> None:
    coarse = Coarse()
    assert coarse.remb(START, 3_000_000, 500_000, 1_000) == START
    assert coarse.remb(START, 400_000, 900_000, 2_000) == 400_000
    assert coarse.remb(400_000, 410_000, 900_000, 8_000) == 400_000
    assert coarse.remb(400_000, 1, 900_000, 12_000) == 80_000
    assert coarse.remb(FLOOR, 0, 900_000, 16_000) == FLOOR


def test_heavy_loss_leaves_what_arrived_and_a_long_queue_does_too() -> None:
    assert Coarse().report(2_000_000, 0.8, None, 1_500_000, 5_000) == pytest.approx(400_000, rel=0.4)
    assert Coarse().report(2_000_000, 0.05, None, 1_500_000, 5_000) == 2_000_000
    coarse = Coarse()
    assert coarse.report(2_000_000, 0.0, 40, 1_500_000, 5_000) == 2_000_000
    assert coarse.report(2_000_000, 0.0, 41 + QUEUE_MS, 1_000_000, 6_000) == 850_000


def test_an_attempt_that_fails_is_taken_back_and_the_next_waits_longer() -> None:
    coarse, now, waits = Coarse(), 10_000, []
    for _ in range(5):
        began = now
        while coarse.attempt(300_000, 1_000_000, now) == 300_000:
            now += 100
        waits.append(now - began)
        now += SETTLE_MS
        assert coarse.report(750_000, 0.6, None, 700_000, now) == 300_000
    assert all(later >= before for before, later in itertools.pairwise(waits[1:]))
    assert waits[-1] > 3 * TRY_MS


def test_an_attempt_that_fits_is_followed_by_the_next() -> None:
    coarse = Coarse()
    assert coarse.attempt(300_000, 0, 10_000) == 300_000
    assert coarse.attempt(300_000, 2_000_000, 10_000) == 750_000
    assert coarse.attempt(750_000, 2_000_000, 10_500) == 750_000
    assert coarse.report(750_000, 0.0, 40, 700_000, 10_001 + SETTLE_MS) == 750_000
    assert coarse.attempt(750_000, 2_000_000, 10_100 + SETTLE_MS) == 1_875_000


def test_what_is_sent_and_arrives_is_carried() -> None:
    coarse = Coarse()
    assert coarse.report(START, 0, None, 1_500_000, 1_000) == 1_500_000
    assert coarse.report(START, 0.05, None, 1_500_000, 2_000) == START
    assert not coarse.doubtful
    coarse.report(START, 0.3, None, 1_500_000, 3_000)
    assert coarse.doubtful
