"""Where in an answer something stands that was heard: found in its sound, not asked of who played it."""

from __future__ import annotations

import numpy as np

from tests.dialogues.room import HEARD_RATE
from tests.dialogues.sound import Samples

LIKE = 0.7


def place(heard: Samples, whole: Samples) -> float | None:
    """At how many ms of ``whole`` (8 kHz) the piece that was heard ends; None where it is not in it."""
    if heard.size < HEARD_RATE // 10 or whole.size < heard.size or float(np.abs(heard).max()) < 0.01:
        return None
    size = 1 << (whole.size + heard.size).bit_length()
    found = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(heard, size)), size)[: whole.size]
    squares = np.concatenate([[0.0], np.cumsum(whole.astype(np.float64) ** 2)])
    ends = np.minimum(np.arange(whole.size) + heard.size, whole.size)
    likeness = found / np.sqrt(np.maximum(squares[ends] - squares[: whole.size], 1e-3))
    at = int(np.argmax(likeness))
    if likeness[at] < LIKE * float(np.linalg.norm(heard)):
        return None
    return (at + heard.size) * 1000 / HEARD_RATE
