"""Networks drawn by lot, for the bandwidth estimate: capacities that step up and down, and everything else that a path can have.

``EXAMPLES`` are those that the constants of ``rtc.bandwidth`` may be looked at with; ``UNSEEN`` have other delays, queues,
jitters, losses and layers, and judge them.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import NamedTuple

from tests.fakes.virtual_link import AUDIO, LAYERS, Call, Link

STEP_MS = 10_000
STEPS = 4
WITHIN_MS = 2_000
UP_MARGIN = 1.15


@dataclass(frozen=True)
class Lot:
    delays: tuple[int, ...]
    depths: tuple[int, ...]
    jitters: tuple[int, ...]
    losses: tuple[float, ...]
    layers: tuple[list[tuple[str, int]], ...]


EXAMPLES = Lot(
    (2, 10, 20, 40, 80, 120), (80, 150, 250, 400, 800), (0, 0, 5, 15, 30, 50), (0, 0, 0, 0.01, 0.03), (LAYERS,)
)
UNSEEN = Lot(
    (5, 15, 30, 60, 100, 140),
    (60, 100, 200, 300, 600, 1000),
    (0, 3, 10, 20, 40),
    (0, 0, 0.005, 0.02, 0.04),
    (
        LAYERS,
        LAYERS,
        [("low", 100_000), ("mid", 300_000), ("high", 900_000)],
        [("low", 200_000), ("mid", 700_000), ("high", 2_500_000)],
        [("low", 160_000), ("mid", 400_000), ("high", 1_000_000)],
    ),
)


class Outcome(NamedTuple):
    """One step of capacity: how long until the layer that fits was chosen (None: never), and how long another one was
    after the first two seconds."""

    up: bool
    took: int | None
    wrong: int


class Network:
    """One network and a viewer behind it. The layer that fits has room beyond doubt, and the next larger one has none."""

    def __init__(self, seed: int, lot: Lot) -> None:
        draw = random.Random(seed)
        layers = draw.choice(lot.layers)
        rates = dict(layers)
        need = {name: rate * UP_MARGIN + AUDIO for name, rate in layers}
        room = {
            "low": (need["low"] * 1.25, (rates["mid"] + AUDIO) * 0.8),
            "mid": (need["mid"] * 1.3, (rates["high"] + AUDIO) * 0.82),
            "high": (need["high"] * 1.36, 20_000_000),
        }
        self.fitting = [draw.choice(sorted(room))]
        while len(self.fitting) < STEPS:
            self.fitting.append(draw.choice([name for name in sorted(room) if name != self.fitting[-1]]))
        crowd, turn = draw.choice((0, 0, 0, 0.1, 0.2)), draw.choice((400, 1_500, 4_000))
        capacities = []
        for name in self.fitting:
            least, most = room[name]
            slow = name == "low" and least < 300_000 < most and draw.random() < 0.5
            capacities.append(int((300_000 if slow else draw.uniform(least, most)) / (1 - crowd)))
        phase = draw.randrange(1_000)
        self.begins = [0, *(STEP_MS * step + phase for step in range(1, STEPS))]
        self.order = rates

        def capacity(now: int) -> int:
            return next(each for begin, each in zip(self.begins[::-1], capacities[::-1], strict=True) if now >= begin)

        def others(now: int) -> int:
            return int(capacity(now) * crowd) if now // turn % 2 else 0

        link = Link(
            capacity,
            delay=draw.choice(lot.delays),
            depth=draw.choice(lot.depths),
            jitter=draw.choice(lot.jitters),
            loss=draw.choice(lot.losses),
            others=others if crowd else None,
            seed=seed,
        )
        self.call = Call(
            link,
            layers,
            noise=draw.choice((0, 0.2, 0.4)),
            key=draw.choice((1, 4, 8)),
            pace=draw.choice((0, 2.5, 2.5)),
            feedback_loss=draw.choice((0, 0, 0.02)),
        )

    def run(self) -> list[Outcome]:
        self.call.run(self.begins[-1] + STEP_MS)
        outcomes = []
        for step, (begin, name) in enumerate(zip(self.begins, self.fitting, strict=True)):
            up = step == 0 or self.order[name] > self.order[self.fitting[step - 1]]
            end = self.begins[step + 1] if step + 1 < STEPS else begin + STEP_MS
            chosen = [(at - begin, self.call.layer_at(at)) for at in range(begin, end, 100)]
            took = next((at for at, layer in chosen if layer == name), None)
            wrong = sum(100 for at, layer in chosen if layer != name and at >= WITHIN_MS)
            outcomes.append(Outcome(up, took, wrong))
        return outcomes


class Summary(NamedTuple):
    """Shares are of 1. ``late`` of the steps took longer than two seconds, ``never`` so many did not come; ``wrong`` of the
    time after two seconds was spent at another layer."""

    steps: int
    late: float
    never: int
    worst: int
    wrong: float
    up: int
    down: int


def summary(outcomes: list[Outcome]) -> Summary:
    """``up`` and ``down`` are the ms that 95 of 100 steps took at most."""
    took = [each.took if each.took is not None else STEP_MS for each in outcomes]
    way = {up: sorted(t for each, t in zip(outcomes, took, strict=True) if each.up is up) for up in (True, False)}
    return Summary(
        len(outcomes),
        sum(each > WITHIN_MS for each in took) / len(took),
        sum(each.took is None for each in outcomes),
        max(took),
        sum(each.wrong for each in outcomes) / len(outcomes) / (STEP_MS - WITHIN_MS),
        *(times[len(times) * 95 // 100] for times in (way[True], way[False])),
    )
