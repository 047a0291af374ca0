"""What only the server decides: who plays, who bumps into whom, who gets which orb.

The world knows no clock and no dice of its own: ticks are counted, and chance is an argument.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from math import sqrt
from typing import Any

import msgspec

from salon.app.arena.rules import HEIGHT, RADIUS, TICKS, WIDTH, Body, Move, rounded, step

ORBS = 24
ORB_RADIUS = 9.0
MAX_PLAYERS = 200
BANK = 12
"""Steps a player may be owed: after a pause on its way, inputs come in a bunch. More would be speed bought by lying."""
IDLE_TICKS = 60 * TICKS
"""A player that wants nothing for so long leaves the arena to others."""
COLOURS = 12

MAX_NAME = 20


class Wish(msgspec.Struct, frozen=True):
    """What a player sends: a name to take part, ``watch`` to leave, else what it wants for one step (see ``Move``)."""

    name: str | None = None
    watch: bool = False
    x: float = 0.0
    y: float = 0.0
    dash: bool = False


class Player(msgspec.Struct):
    name: str
    colour: int
    body: Body
    score: int = 0
    bank: float = BANK
    idle: int = 0


class World:
    """``step`` is called ``TICKS`` times a second. Keys of what it tells: ``p/<identity>`` and ``o/<number>``."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.players: dict[str, Player] = {}
        self.orbs: dict[str, tuple[float, float]] = {}
        self._next_orb = 0
        self._joined = 0

    def join(self, identity: str, name: str) -> bool:
        """False where the arena is full. Who is there already stays as it is, under its new name."""
        name = name.strip()[:MAX_NAME] or "?"
        known = self.players.get(identity)
        if known is not None:
            known.name = name
            return True
        if len(self.players) >= MAX_PLAYERS:
            return False
        self.players[identity] = Player(name, self._joined % COLOURS, Body(*self._free()))
        self._joined += 1
        return True

    def leave(self, identity: str) -> None:
        self.players.pop(identity, None)

    def step(self, wishes: Iterable[tuple[str, Any]]) -> None:
        """One tick with what players want (JSON values), in the order of its coming. What is no wish is none."""
        for player in self.players.values():
            player.bank = min(player.bank + 1.0, BANK)
            player.idle += 1
        for identity, data in wishes:
            try:
                wish = msgspec.convert(data, Wish)
            except msgspec.ValidationError:
                continue
            if wish.name is not None:
                self.join(identity, wish.name)
            elif wish.watch:
                self.leave(identity)
            else:
                self._move(identity, Move(wish.x, wish.y, wish.dash))
        for identity in [identity for identity, player in self.players.items() if player.idle > IDLE_TICKS]:
            self.leave(identity)
        self._bump()
        self._gather()
        while len(self.orbs) < ORBS:
            self.orbs[str(self._next_orb)] = self._free()
            self._next_orb += 1

    def shown(self) -> dict[str, Any]:
        """All that players see, by key."""
        seen: dict[str, Any] = {f"p/{identity}": _shown(player) for identity, player in self.players.items()}
        seen.update((f"o/{number}", [x, y]) for number, (x, y) in self.orbs.items())
        return seen

    def _move(self, identity: str, move: Move) -> None:
        """Each wish is one step of its player."""
        player = self.players.get(identity)
        if player is None or player.bank < 1.0:
            return
        player.bank -= 1.0
        if move != Move():
            player.idle = 0
        step(player.body, move)

    def _bump(self) -> None:
        """Players are round and equally heavy: those that overlap are pushed apart and swap what speed brought them together."""
        cells: dict[tuple[int, int], list[Body]] = {}
        size = 2 * RADIUS
        for player in self.players.values():
            body = player.body
            column, row = int(body.x // size), int(body.y // size)
            for near in ((column + dx, row + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)):
                for other in cells.get(near, ()):
                    _collide(body, other)
            cells.setdefault((column, row), []).append(body)

    def _gather(self) -> None:
        reach = (RADIUS + ORB_RADIUS) ** 2
        for number, (x, y) in list(self.orbs.items()):
            for player in self.players.values():
                dx, dy = player.body.x - x, player.body.y - y
                if dx * dx + dy * dy < reach:
                    player.score += 1
                    del self.orbs[number]
                    break

    def _free(self) -> tuple[float, float]:
        """A place with nobody near; any, where there is none to be found."""
        place = (0.0, 0.0)
        for _ in range(8):
            place = (
                rounded(self._dice.uniform(3 * RADIUS, WIDTH - 3 * RADIUS)),
                rounded(self._dice.uniform(3 * RADIUS, HEIGHT - 3 * RADIUS)),
            )
            bodies = (player.body for player in self.players.values())
            if all(abs(body.x - place[0]) + abs(body.y - place[1]) > 8 * RADIUS for body in bodies):
                break
        return place


def _shown(player: Player) -> Mapping[str, Any]:
    body = player.body
    return {
        "n": player.name,
        "c": player.colour,
        "s": player.score,
        "b": [body.x, body.y, body.vx, body.vy, body.rest],
    }


def _collide(one: Body, other: Body) -> None:
    dx, dy = other.x - one.x, other.y - one.y
    distance = sqrt(dx * dx + dy * dy)
    if distance >= 2 * RADIUS:
        return
    if distance == 0.0:
        dx, distance = 1.0, 1.0
    nx, ny = dx / distance, dy / distance
    apart = (2 * RADIUS - distance) / 2
    approach = (one.vx - other.vx) * nx + (one.vy - other.vy) * ny
    swap = max(approach, 0.0)
    for body, way in ((one, -1.0), (other, 1.0)):
        body.x = rounded(min(max(body.x + way * nx * apart, RADIUS), WIDTH - RADIUS))
        body.y = rounded(min(max(body.y + way * ny * apart, RADIUS), HEIGHT - RADIUS))
        body.vx = rounded(body.vx + way * nx * swap)
        body.vy = rounded(body.vy + way * ny * swap)
