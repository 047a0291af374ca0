"""One step of one player, the same in Python and in the page.

The page moves its own player at once and is told later what the server made of the same inputs. Both agree to the last bit: the
step uses +, -, *, /, floor and square roots only, in one order, on IEEE doubles, and its results are rounded to 1/64.
`tests/data/arena.json` holds both to it. Units: a length is a pixel of an arena of 1600 x 900, a time 1/30 s.
"""

from __future__ import annotations

from math import floor, sqrt

import msgspec

WIDTH, HEIGHT = 1600.0, 900.0
RADIUS = 18.0
TICKS = 30
ACCELERATION = 1.6
FRICTION = 0.12
TOP_SPEED = 11.0
DASH = 20.0
DASH_TICKS = 45
"""From one dash to the next."""
BOUNCE = 0.5


class Body(msgspec.Struct):
    """Where a player is, how fast (per tick), and in how many of its steps it may dash again."""

    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
    rest: int = 0


class Move(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a player wants for one step: a direction, each part from -1 to 1, and whether to dash."""

    x: float = 0.0
    y: float = 0.0
    dash: bool = False


def step(body: Body, move: Move) -> None:
    """Move ``body`` by one step."""
    x, y = min(max(move.x, -1.0), 1.0), min(max(move.y, -1.0), 1.0)
    length = sqrt(x * x + y * y)
    if length > 1.0:
        x, y = x / length, y / length
    vx = (body.vx + x * ACCELERATION) * (1.0 - FRICTION)
    vy = (body.vy + y * ACCELERATION) * (1.0 - FRICTION)
    if move.dash and body.rest == 0 and length > 0.0:
        vx, vy = vx + x * DASH, vy + y * DASH
        body.rest = DASH_TICKS
    elif body.rest > 0:
        body.rest -= 1
    speed = sqrt(vx * vx + vy * vy)
    # A dash is over the top speed and comes down to it.
    top = max(TOP_SPEED, speed * 0.9)
    if speed > top:
        vx, vy = vx * top / speed, vy * top / speed
    body.x, body.vx = _wall(body.x + vx, vx, WIDTH)
    body.y, body.vy = _wall(body.y + vy, vy, HEIGHT)


def _wall(place: float, speed: float, size: float) -> tuple[float, float]:
    if place < RADIUS:
        place, speed = RADIUS, abs(speed) * BOUNCE
    elif place > size - RADIUS:
        place, speed = size - RADIUS, -abs(speed) * BOUNCE
    return rounded(place), rounded(speed)


def rounded(value: float) -> float:
    """To 1/64, halves up: Python's ``round`` goes to the even one."""
    return floor(value * 64.0 + 0.5) / 64.0
