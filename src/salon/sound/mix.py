"""How loud: gain that moves without a click, and two voices in one."""

from __future__ import annotations

import numpy as np

from salon.sound.pcm import FULL_SCALE


class Gain:
    """A factor on a stream at ``rate`` Hz. A new ``target`` is reached in ``ramp_ms``, sample by sample."""

    def __init__(self, rate: int, *, ramp_ms: int = 20) -> None:
        self.target = 1.0
        self._now = 1.0
        self._step = 1000 / (ramp_ms * rate)

    @property
    def settled(self) -> bool:
        return self._now == self.target

    @property
    def now(self) -> float:
        return self._now

    def jump(self, value: float) -> None:
        """Be there at once: before anything is heard."""
        self._now = self.target = value

    def apply(self, data: bytes) -> bytes:
        if self.settled:
            if self._now == 1.0:
                return data
            if self._now == 0.0:
                return bytes(len(data))
        samples = np.frombuffer(data, dtype="<i2").astype(np.float32)
        if self.settled:
            return _pcm(samples * self._now)
        way = self.target - self._now
        steps = np.arange(1, samples.size + 1) * (self._step if way > 0 else -self._step)
        factors = np.clip(self._now + steps, min(self._now, self.target), max(self._now, self.target))
        if samples.size:
            self._now = self.target if abs(way) <= self._step * samples.size else float(factors[-1])
        return _pcm(samples * factors)


def mix(one: bytes, other: bytes) -> bytes:
    """Both at once, as long as the longer one; what is too loud together is clipped."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    total = np.frombuffer(longer, dtype="<i2").astype(np.float32)
    added = np.frombuffer(shorter, dtype="<i2")
    total[: added.size] += added
    return _pcm(total)


def _pcm(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bytes:
    return np.clip(np.rint(samples), -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
