from __future__ import annotations

import random

from salon.app.arena.bots import Bots
from salon.app.arena.world import World


def test_bots_take_part_and_gather_orbs_by_the_rules_of_all() -> None:
    world = World(random.Random(1))
    bots = Bots(world, 20)
    for _ in range(30 * 20):
        world.step(bots.wishes())
    assert len(world.players) == 20
    assert len({player.name for player in world.players.values()}) == 20
    scores = sorted(player.score for player in world.players.values())
    assert sum(scores) > 60
    assert scores[len(scores) // 2] > 0


def test_without_orbs_they_stand_still() -> None:
    world = World(random.Random(1))
    bots = Bots(world, 1)
    world.step(bots.wishes())
    world.orbs.clear()
    assert bots.wishes() == [("bot-0", {})]


def test_none_are_none() -> None:
    assert Bots(World(random.Random(1)), 0).wishes() == []
