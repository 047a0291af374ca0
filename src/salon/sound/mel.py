"""What models of speech look at instead of samples: Whisper's log-mel picture, and samples of mean 0 and variance 1.

The picture is the one of Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision" (2022), section 2.1:
80 bands to 8 kHz on Slaney's mel scale, windows of 25 ms every 10 ms, at 16 kHz.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 16_000
WINDOW: Final = 400
HOP: Final = 160
BANDS: Final = 80
HIGHEST: Final = 8000.0
# Slaney's scale: straight below 1 kHz, logarithmic above.
STRAIGHT_HZ: Final = 200.0 / 3
BREAK_HZ: Final = 1000.0
BREAK_MEL: Final = BREAK_HZ / STRAIGHT_HZ
LOG_STEP: Final = np.log(6.4) / 27

Floats = NDArray[np.float32]


def samples(pcm: bytes) -> Floats:
    """Whole 16-bit samples, -1 to 1."""
    return np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)


def normalised(sound: Floats) -> Floats:
    """Of mean 0 and variance 1. Silence stays silence."""
    result: Floats = (sound - sound.mean()) / np.sqrt(sound.var() + np.float32(1e-7))
    return result


def log_mel(sound: Floats) -> Floats:
    """``BANDS`` rows and a column for every ``HOP`` samples, each value from about -1 to 1."""
    padded = np.pad(sound, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: len(sound) : HOP]
    power = np.abs(np.fft.rfft(frames * _hann(), axis=1)) ** 2
    heard = np.log10(np.maximum(_filters() @ power.T, 1e-10))
    # What is 80 dB below the loudest is not told apart.
    heard = np.maximum(heard, heard.max() - 8.0)
    result: Floats = ((heard + 4.0) / 4.0).astype(np.float32)
    return result


@cache
def _hann() -> NDArray[np.float64]:
    """Periodic: one longer than the window, without its last."""
    return np.hanning(WINDOW + 1)[:-1]


@cache
def _filters() -> NDArray[np.float64]:
    """A triangle for each band, of the same area."""
    edges = _hertz(np.linspace(0.0, _mel(HIGHEST), BANDS + 2))
    bins = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    triangles: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * (2.0 / (high - low))
    return triangles


def _mel(hertz: float) -> float:
    return float(BREAK_MEL + np.log(hertz / BREAK_HZ) / LOG_STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = BREAK_HZ * np.exp(LOG_STEP * (mel - BREAK_MEL))
    return np.where(mel < BREAK_MEL, mel * STRAIGHT_HZ, above)
