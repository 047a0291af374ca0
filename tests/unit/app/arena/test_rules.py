"""The steps of `tests/data/arena.json` are what the page is held to as well (tests/e2e/js/arena.test.mjs)."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from salon.app.arena.rules import DASH_TICKS, HEIGHT, RADIUS, TOP_SPEED, WIDTH, Body, Move, rounded, step

VECTORS = Path(__file__).parents[3] / "data" / "arena.json"


def walk(seed: int, steps: int) -> list[dict[str, Any]]:
    dice = random.Random(seed)
    body, found = Body(dice.uniform(20, 1580), dice.uniform(20, 880)), []
    body.x, body.y = rounded(body.x), rounded(body.y)
    start = [body.x, body.y, body.vx, body.vy, body.rest]
    x = y = 0.0
    for number in range(steps):
        if number % 7 == 0:
            x, y = dice.choice((-1, 0, 1, dice.uniform(-2, 2))), dice.choice((-1, 0, 1, dice.uniform(-2, 2)))
        move = {"x": x, "y": y, "dash": dice.random() < 0.1}
        step(body, Move(**move))
        found.append({"move": move, "after": [body.x, body.y, body.vx, body.vy, body.rest]})
    return [{"start": start}, *found]


def test_the_steps_are_those_that_were_written_down() -> None:
    assert json.loads(VECTORS.read_text()) == [walk(seed, 200) for seed in (1, 2, 3)]


def test_a_player_stays_inside_whatever_it_wants() -> None:
    dice = random.Random(5)
    body = Body(100, 100)
    for _ in range(5000):
        step(body, Move(dice.choice((-1e9, 1e9, 0)), dice.choice((-1e9, 1e9, 0)), dice.random() < 0.5))
        assert RADIUS <= body.x <= WIDTH - RADIUS
        assert RADIUS <= body.y <= HEIGHT - RADIUS


def test_it_reaches_its_top_speed_and_comes_to_rest() -> None:
    body = Body(100, 450)
    for _ in range(60):
        step(body, Move(1, 0))
    assert TOP_SPEED * 0.9 < body.vx <= TOP_SPEED
    for _ in range(120):
        step(body, Move())
    assert abs(body.vx) < 0.1


def test_diagonals_are_not_faster() -> None:
    straight, diagonal = Body(200, 200), Body(200, 200)
    for _ in range(20):
        step(straight, Move(1, 0))
        step(diagonal, Move(1, 1))
    assert abs((diagonal.vx**2 + diagonal.vy**2) ** 0.5 - straight.vx) < 0.1


def test_a_dash_needs_a_direction_and_a_rest() -> None:
    body = Body(200, 450)
    step(body, Move(0, 0, dash=True))
    assert (body.vx, body.rest) == (0, 0)
    step(body, Move(1, 0, dash=True))
    assert body.vx > TOP_SPEED
    assert body.rest == DASH_TICKS
    speed = body.vx
    step(body, Move(1, 0, dash=True))
    assert body.vx < speed
    for _ in range(DASH_TICKS):
        step(body, Move())
    step(body, Move(-1, 0, dash=True))
    assert body.vx < -TOP_SPEED
