from __future__ import annotations

import random

import msgspec

from salon.app.arena.rules import RADIUS, Body
from salon.app.arena.world import BANK, IDLE_TICKS, MAX_PLAYERS, ORBS, World

RIGHT = {"x": 1}


def world(*names: str) -> World:
    made = World(random.Random(1))
    for name in names:
        assert made.join(name, name.title())
    return made


def test_everybody_and_every_orb_is_seen() -> None:
    game = world("ada")
    game.step([])
    seen = game.shown()
    assert seen["p/ada"]["n"] == "Ada"
    assert len(seen) == 1 + ORBS
    game.step([("ada", RIGHT)])
    assert game.shown()["p/ada"]["b"] != seen["p/ada"]["b"]


def test_a_name_takes_part_and_who_watches_does_not() -> None:
    game = world()
    game.step([("ada", {"name": "  Ada Lovelace of the Engine  "}), ("ada", RIGHT), ("bob", RIGHT)])
    assert set(game.players) == {"ada"}
    assert game.players["ada"].name == "Ada Lovelace of the "
    game.step([("ada", {"name": ""})])
    assert game.players["ada"].name == "?"
    game.step([("ada", {"watch": True})])
    assert game.players == {}


def test_each_input_is_one_step_and_nobody_buys_speed_with_many() -> None:
    game = world("ada", "bob")
    ada, bob = game.players["ada"], game.players["bob"]
    ada.body, bob.body = Body(100, 100), Body(100, 800)
    for _ in range(200):
        game.step([("ada", RIGHT)] * 10 + [("bob", RIGHT)])
    ahead = ada.body.x - bob.body.x
    assert 0 <= ahead <= BANK * 12


def test_inputs_that_come_in_a_bunch_after_a_pause_all_count() -> None:
    game = world("ada", "bob")
    ada, bob = game.players["ada"], game.players["bob"]
    ada.body, bob.body = Body(100, 100), Body(100, 800)
    for _ in range(8):
        game.step([("bob", RIGHT)])
    game.step([("ada", RIGHT)] * 9 + [("bob", RIGHT)])
    assert ada.body.x == bob.body.x


def test_rubbish_moves_nobody() -> None:
    game = world("ada")
    before = msgspec.structs.replace(game.players["ada"].body)
    rubbish = (None, 7, "x", [], {"x": "1"}, {"name": 5}, {"dash": 1})
    game.step([("ada", each) for each in rubbish] + [("nobody", RIGHT)])
    assert game.players["ada"].body == before
    game.step([("ada", {"x": 1e300})])
    assert game.players["ada"].body.x > before.x


def test_an_orb_goes_to_who_touches_it_and_another_comes() -> None:
    game = world("ada")
    game.step([])
    number, (x, y) = next(iter(game.orbs.items()))
    game.players["ada"].body = Body(x, y)
    game.step([])
    assert game.players["ada"].score >= 1
    assert number not in game.orbs
    assert len(game.orbs) == ORBS


def test_players_that_meet_are_pushed_apart_and_swap_their_speed() -> None:
    game = world("ada", "bob")
    ada, bob = game.players["ada"], game.players["bob"]
    ada.body, bob.body = Body(400, 400, 8, 0), Body(420, 400)
    game.step([])
    assert bob.body.x - ada.body.x >= 2 * RADIUS - 0.1
    assert bob.body.vx > 7
    assert abs(ada.body.vx) < 1


def test_players_on_one_spot_come_apart() -> None:
    game = world("ada", "bob")
    for player in game.players.values():
        player.body = Body(400, 400)
    game.step([])
    assert game.players["ada"].body.x != game.players["bob"].body.x


def test_the_arena_has_room_for_so_many() -> None:
    game = world(*(f"p{number}" for number in range(MAX_PLAYERS)))
    assert not game.join("one more", "x")
    assert game.join("p0", "Another name")
    assert game.players["p0"].name == "Another name"


def test_who_sleeps_leaves_the_arena() -> None:
    game = world("ada", "bob")
    game.players["ada"].idle = game.players["bob"].idle = IDLE_TICKS
    game.step([("bob", RIGHT)])
    assert set(game.players) == {"bob"}
