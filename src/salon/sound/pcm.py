"""PCM in pieces of one length, how loud it is, and how long."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np

SAMPLE = 2
"""Bytes of one sample."""
FULL_SCALE = 32768.0


class Framer:
    """Cuts a stream of bytes of any lengths into frames of ``size`` bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._rest = bytearray()

    def push(self, data: bytes) -> Iterator[bytes]:
        """The frames that are whole now, oldest first. What is left waits for more."""
        rest = self._rest
        rest += data
        whole = len(rest) - len(rest) % self.size
        frames = [bytes(rest[at : at + self.size]) for at in range(0, whole, self.size)]
        del rest[:whole]
        return iter(frames)

    def flush(self) -> bytes:
        """What is left, shorter than a frame; afterwards nothing is."""
        rest = bytes(self._rest)
        self._rest.clear()
        return rest


def milliseconds(data: bytes, rate: int) -> int:
    """How long whole samples at ``rate`` Hz sound."""
    return len(data) * 1000 // (SAMPLE * rate)


def size(ms: int, rate: int) -> int:
    """Bytes of ``ms`` at ``rate`` Hz."""
    return ms * rate // 1000 * SAMPLE


def level(data: bytes) -> float:
    """Root mean square, 0 to 1. 0 of nothing."""
    samples = np.frombuffer(data, dtype="<i2").astype(np.float32)
    return sqrt(samples.dot(samples) / samples.size) / FULL_SCALE if samples.size else 0.0


def leading_silence(data: bytes, rate: int, *, below: float = 0.003, keep_ms: int = 20) -> int:
    """How many bytes at the start are quieter than ``below`` (of full scale), less ``keep_ms``: a synthesiser's run-up, which
    would only be waited for."""
    loud = np.abs(np.frombuffer(data, dtype="<i2").astype(np.int32)) > below * FULL_SCALE
    first = int(loud.argmax()) if loud.any() else loud.size
    return max(first - keep_ms * rate // 1000, 0) * SAMPLE


def trailing_silence(data: bytes, rate: int, *, step_ms: int = 5, below: float = 0.03, room: float = 0.0) -> int:
    """How many ms at the end are quieter than ``below`` (-30 dB) of the loudest ``step_ms``, or less than 3.5 dB louder than
    ``room``, the level where nobody speaks. 0 of nothing but silence."""
    count = step_ms * rate // 1000
    samples = np.frombuffer(data, dtype="<i2").astype(np.float32)
    steps = samples[len(samples) % count :].reshape(-1, count)
    levels = np.sqrt(np.square(steps).mean(axis=1))
    loud = np.flatnonzero(levels > max(below * levels.max(initial=0.0), 1.5 * room * FULL_SCALE))
    return (len(levels) - 1 - int(loud[-1])) * step_ms if loud.size else 0
