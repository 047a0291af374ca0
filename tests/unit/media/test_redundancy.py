"""How much each packet of sound carries of those before it."""

from __future__ import annotations

from salon.media.redundancy import CALM_MS, LOSSY, VERY_LOSSY, Redundancy


def test_an_unknown_network_gets_everything_twice_until_it_tells() -> None:
    redundancy = Redundancy()
    assert redundancy.depth == 1
    redundancy.heard(0.0, 100)
    assert redundancy.depth == 0


def test_it_follows_the_loss_and_ends_when_none_was_seen_for_long() -> None:
    redundancy = Redundancy()
    for loss, depth in ((LOSSY, 1), (VERY_LOSSY, 2), (0.05, 2), (0.0, 2)):
        redundancy.heard(loss, 1_000)
        assert redundancy.depth == depth
    redundancy.heard(LOSSY, 6_000)
    for at, depth in ((1_000, 2), (1_001, 1), (6_000, 1), (6_001, 0)):
        redundancy.heard(0.0, at + CALM_MS)
        assert redundancy.depth == depth
