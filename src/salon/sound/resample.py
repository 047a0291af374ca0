"""From one sampling rate to another, piece by piece."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

TAPS = 32
"""Samples of the slower side that one result is made of. The result is 16 of them late."""


class Resampler:
    """A stream at ``source`` Hz made one at ``target`` Hz, any two of them; the pieces may have any length, even of half a
    sample. A piece of 20 ms costs about 30 µs."""

    def __init__(self, source: int, target: int) -> None:
        if source <= 0 or target <= 0:
            raise ValueError(f"rates are above 0, not {source} and {target}")
        step = gcd(source, target)
        self._up, self._down = target // step, source // step
        self._filter, self._width = _polyphase(self._up, self._down)
        self._past: Floats = np.zeros(self._width - 1, dtype=np.float32)
        self._place = 0  # of the next result, counted in upsampled samples from the first new one
        self._half = b""

    def push(self, data: bytes) -> bytes:
        if self._up == self._down:
            return data
        data = self._half + data
        whole = len(data) - len(data) % 2
        self._half = data[whole:]
        fresh = np.frombuffer(data[:whole], dtype="<i2").astype(np.float32)
        if not fresh.size:
            return b""
        signal = np.concatenate((self._past, fresh))
        places = np.arange(self._place, fresh.size * self._up, self._down)
        self._place = (
            int((places[-1] if places.size else self._place - self._down) + self._down) - fresh.size * self._up
        )
        self._past = signal[-(self._width - 1) :]
        windows = np.lib.stride_tricks.sliding_window_view(signal, self._width)
        made: Floats = np.einsum("ij,ij->i", windows[places // self._up], self._filter[places % self._up])
        pcm: bytes = np.clip(np.rint(made), -32768, 32767).astype("<i2").tobytes()
        return pcm

    def flush(self) -> bytes:
        """What the filter still holds. Afterwards a new stream may begin."""
        if self._up == self._down:
            return b""
        rest = self.push(bytes(2 * (self._width // 2)))
        self._past = np.zeros(self._width - 1, dtype=np.float32)
        self._place, self._half = 0, b""
        return rest


@lru_cache(maxsize=32)
def _polyphase(up: int, down: int) -> tuple[Floats, int]:
    """A windowed sinc that passes what both rates can carry, as one row of taps for each phase; each row sums to 1."""
    stretch = max(1.0, down / up)
    width = int(TAPS * stretch)
    phases = np.arange(up)[:, None]
    # A row's taps stand for signal[i - width + 1 .. i], seen from a result between two samples.
    distance = np.arange(width)[None, :] - (width // 2 - 1) - phases / up
    cutoff = 0.92 / stretch
    shape = np.clip(1 - (distance / (width / 2)) ** 2, 0, None)
    taps = np.sinc(cutoff * distance) * np.i0(8.0 * np.sqrt(shape)) / np.i0(8.0)
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32), width
