"""A market that never was: prices walk at random, the way prices do.

Returns come in calm and wild times (a volatility that returns to its mean), move together (a factor for all and one for each
sector), and busy symbols trade often while most trade seldom. The names are invented.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from salon.app.feeds.reading import About, Reading

SECTORS = (
    ("energy", "Energy", "能源"),
    ("technology", "Technology", "科技"),
    ("finance", "Finance", "金融"),
    ("health", "Health", "医药"),
    ("consumer", "Consumer", "消费"),
    ("transport", "Transport", "运输"),
    ("materials", "Materials", "材料"),
    ("media", "Media", "传媒"),
)
_FIRST = (
    *(("North", "北"), ("Silver", "银"), ("River", "江"), ("Bright", "明"), ("Harbour", "港"), ("Pine", "松")),
    *(("Cloud", "云"), ("Stone", "石"), ("Amber", "珀"), ("Orchid", "兰"), ("Crane", "鹤"), ("Jade", "玉")),
    *(("Summit", "峰"), ("Delta", "洲"), ("Lantern", "灯"), ("Meadow", "原")),
)
_SECOND = (
    *(("Bridge", "桥"), ("Field", "田"), ("Star", "星"), ("Gate", "门"), ("Wing", "翼"), ("Forge", "锋")),
    *(("Lake", "湖"), ("Mill", "坊"), ("Path", "途"), ("Spring", "泉")),
)

# The spread of a second's returns: of the whole market, of a sector, of one symbol. Livelier than real, so that one sees it move.
_MARKET, _SECTOR, _OWN = 4e-5, 6e-5, 1.6e-4
_CALM = 0.02  # by how much a wild time calms down in a second
_WILD = 0.12  # how much wilder or calmer a second may make it


class Market:
    """``symbols`` keys from ``SIM0001`` on. The same seed and the same times give the same prices."""

    def __init__(self, symbols: int, seed: int = 1) -> None:
        if symbols < 1:
            raise ValueError("a market has at least one symbol")
        # A toy's dice, and they are to fall the same way each time.
        self._random = random.Random(seed)  # noqa: S311
        self.about: Mapping[str, About] = {_key(index): _about(index) for index in range(symbols)}
        self._keys = list(self.about)
        draw = self._random
        self._open = [round(math.exp(draw.gauss(3.4, 1.0)), 2) for _ in self._keys]
        self._price = list(self._open)
        self._heat = [1.0] * symbols
        self._seen = [0] * symbols
        self._volume = [0] * symbols
        # A few trade all the time, most now and then (Zipf).
        weights = [1 / (rank + 3) for rank in range(symbols)]
        draw.shuffle(weights)
        self._weights = _running_sums(weights)
        self._level = [0.0] * (1 + len(SECTORS))
        self._followed = [0.0] * symbols
        self._now = 0

    def opening(self, now: int) -> list[Reading]:
        """Every symbol once."""
        self._now = now
        self._seen = [now] * len(self._keys)
        return [self._reading(index, now) for index in range(len(self._keys))]

    def trade(self, count: int, now: int) -> list[Reading]:
        """``count`` trades at ``now`` (milliseconds since 1970), each symbol at most once: fewer where they hit the same."""
        draw = self._random
        elapsed = max(now - self._now, 0) / 1000
        self._now = now
        for index, scale in enumerate((_MARKET, *[_SECTOR] * len(SECTORS))):
            self._level[index] += draw.gauss(0, scale * math.sqrt(elapsed))
        chosen = draw.choices(range(len(self._keys)), cum_weights=self._weights, k=count)
        return [self._move(index, now) for index in dict.fromkeys(chosen)]

    def _move(self, index: int, now: int) -> Reading:
        draw = self._random
        seconds = min(max(now - self._seen[index], 1) / 1000, 3600)
        self._seen[index] = now
        heat = math.log(self._heat[index]) * math.exp(-_CALM * seconds) + draw.gauss(
            0, _WILD * math.sqrt(min(seconds, 60))
        )
        self._heat[index] = math.exp(min(max(heat, -2.0), 2.0))
        own = draw.gauss(0, _OWN * self._heat[index] * math.sqrt(seconds))
        # A symbol that trades seldom catches up with the market when it does.
        level = self._level[0] + self._level[1 + index % len(SECTORS)]
        common, self._followed[index] = level - self._followed[index], level
        price = self._price[index] * math.exp(own + common)
        # A pull back towards the opening, weak near it: a demonstration runs for weeks.
        price *= (self._open[index] / price) ** min(0.0005 * seconds, 0.1)
        self._price[index] = max(price, 0.01)
        self._volume[index] += int(draw.expovariate(1 / 400)) + 1
        return self._reading(index, now)

    def _reading(self, index: int, now: int) -> Reading:
        price = round(self._price[index], 2)
        return Reading(self._keys[index], price, now, self._open[index], self._volume[index])


def _key(index: int) -> str:
    return f"SIM{index + 1:04d}"


def _about(index: int) -> About:
    _, english, chinese = SECTORS[index % len(SECTORS)]
    first = _FIRST[index % len(_FIRST)]
    second = _SECOND[index // len(_FIRST) % len(_SECOND)]
    round_ = index // (len(_FIRST) * len(_SECOND))
    number = f" {round_ + 1}" if round_ else ""
    return About(
        f"{first[0]}{second[0].lower()} {english}{number}",
        f"{first[1]}{second[1]}{chinese}{number}",
        SECTORS[index % len(SECTORS)][0],
    )


def _running_sums(weights: list[float]) -> list[float]:
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    return sums
