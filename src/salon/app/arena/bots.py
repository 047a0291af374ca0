"""Players that are not people: each goes for an orb that is near, and dashes when it is a long way."""

from __future__ import annotations

from math import sqrt
from typing import Any

from salon.app.arena.world import World

NAMES = ("Ada", "Euler", "祖冲之", "Gauss", "Noether", "张衡", "Turing", "Curie", "沈括", "Hypatia", "Fermat", "刘徽")
PREFIX = "bot-"
FAR = 260.0
NEAR_ENOUGH = 4.0


class Bots:
    """``count`` of them, in ``world``. They send the wishes that people would, and are held to the same rules."""

    def __init__(self, world: World, count: int) -> None:
        self._world = world
        self._names = {f"{PREFIX}{number}": _name(number) for number in range(count)}
        self._targets: dict[str, str] = {}

    def wishes(self) -> list[tuple[str, dict[str, Any]]]:
        """One tick's."""
        return [(identity, self._wish(identity, name)) for identity, name in self._names.items()]

    def _wish(self, identity: str, name: str) -> dict[str, Any]:
        player = self._world.players.get(identity)
        if player is None:
            return {"name": name}
        orbs = self._world.orbs
        target = self._targets.get(identity, "")
        if target not in orbs:
            if not orbs:
                return {}
            # Each has a taste of its own, or all would run for the same orb.
            taken = set(self._targets.values())
            free = [number for number in orbs if number not in taken] or list(orbs)
            body = player.body
            target = min(free, key=lambda number: abs(orbs[number][0] - body.x) + abs(orbs[number][1] - body.y))
            self._targets[identity] = target
        x, y = orbs[target]
        dx, dy = x - player.body.x, y - player.body.y
        distance = sqrt(dx * dx + dy * dy)
        if distance < NEAR_ENOUGH:
            return {}
        return {"x": dx / distance, "y": dy / distance, "dash": distance > FAR}


def _name(number: int) -> str:
    again = number // len(NAMES)
    return NAMES[number % len(NAMES)] + (f" {again + 1}" if again else "")
