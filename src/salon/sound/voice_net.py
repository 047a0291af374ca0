"""How likely a voice is in 32 ms of sound: one small recurrent network for all streams.

The network is that of https://github.com/snakers4/silero-vad, version 6, at 16 kHz: magnitudes of a spectrum, four convolutions,
a cell of long short-term memory. Its weights are 1 MB that stay in the processor's cache whoever speaks; a stream is 1.3 KB.
"""

from __future__ import annotations

from math import exp, prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from salon.sound.pcm import FULL_SCALE

WINDOW: Final = 512
"""Samples that are looked at together."""
CONTEXT: Final = 64
"""Samples before them that are looked at again."""
FRAME: Final = 256
HOP: Final = 128
FRAMES: Final = 4
BINS: Final = FRAME // 2 + 1
STATE: Final = 128
SHAPES: Final = (
    (128, BINS, 3), (128,),
    (64, 128, 3), (64,),
    (64, 64, 3), (64,),
    (128, 64, 3), (128,),
    (4 * STATE, 128), (4 * STATE, STATE), (4 * STATE,), (4 * STATE,),
    (STATE,), (1,),
)  # fmt: skip
"""Of the weights: of four convolutions over time and their biases; of the cell's gates, as PyTorch orders them, for what comes
and for what was; of what is said in the end."""

Floats = NDArray[np.float32]


class Stream:
    """What is remembered of one."""

    __slots__ = ("cell", "context", "hidden")

    def __init__(self) -> None:
        self.context = np.zeros(CONTEXT, np.float32)
        self.hidden = np.zeros(STATE, np.float32)
        self.cell = np.zeros(STATE, np.float32)


class VoiceNet:
    """``weights`` are 32-bit floats, little-endian, of ``SHAPES`` in that order. To be used by one thread."""

    def __init__(self, weights: bytes) -> None:
        first, first_bias, second, second_bias, third, third_bias, fourth, fourth_bias, *rest = _parted(weights)
        comes, was, comes_bias, was_bias, self._last, last_bias = rest
        self._first = np.ascontiguousarray(first.transpose(2, 1, 0).reshape(-1, 128))
        self._second = np.ascontiguousarray(second.transpose(0, 2, 1).reshape(64, -1))
        # Of the two convolutions that see only two frames and one, the other taps meet nothing but padding.
        self._third = np.ascontiguousarray(third[:, :, 1:].transpose(2, 1, 0).reshape(-1, 64))
        self._fourth = np.ascontiguousarray(fourth[:, :, 1].T)
        self._biases = first_bias, second_bias, third_bias, fourth_bias
        # A logistic function is half a tanh of half its argument: one call serves all gates.
        half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], np.float32), STATE)
        self._gates = np.ascontiguousarray(np.concatenate((comes, was), axis=1) * half[:, None])
        self._gates_bias = (comes_bias + was_bias) * half
        self._last_bias = float(last_bias[0])
        self._hann = (np.hanning(FRAME + 1)[:-1] / FULL_SCALE).astype(np.float32)
        self._places()

    def _places(self) -> None:
        """Where each step puts what it makes. A row of padding lies before and behind what a convolution reads, so that what it
        sees of each place is a piece of the same memory."""
        view = np.lib.stride_tricks.as_strided
        self._sound = np.zeros(WINDOW + 2 * CONTEXT, np.float32)
        self._framed = view(self._sound, (FRAMES, FRAME), (HOP * 4, 4))
        spectrum = np.zeros((FRAMES + 2, BINS), np.float32)
        self._magnitudes, self._seen_first = spectrum[1:-1], view(spectrum, (FRAMES, 3 * BINS), (BINS * 4, 4))
        made = np.zeros((FRAMES + 1, 128), np.float32)
        self._made_first, self._seen_second = made[1:], view(made, (2, 1, 3 * 128), (2 * 128 * 4, 0, 4))
        self._made_second = np.zeros((2, 64), np.float32)
        self._seen_third = self._made_second.reshape(128)
        self._both = np.zeros(128 + STATE, np.float32)

    def probability(self, pcm: bytes, stream: Stream) -> float:
        """Of the next ``WINDOW`` samples of a stream, 16 kHz: 0 to 1. Costs 40 µs."""
        sound, both = self._sound, self._both
        first_bias, second_bias, third_bias, fourth_bias = self._biases
        sound[:CONTEXT] = stream.context
        sound[CONTEXT:-CONTEXT] = np.frombuffer(pcm, "<i2")
        sound[-CONTEXT:] = sound[-CONTEXT - 2 : -2 * CONTEXT - 2 : -1]
        stream.context[:] = sound[-2 * CONTEXT : -CONTEXT]

        np.abs(np.fft.rfft(self._framed * self._hann), out=self._magnitudes)
        _conv(np.dot(self._seen_first, self._first), first_bias, self._made_first)
        _conv(np.vecdot(self._seen_second, self._second), second_bias, self._made_second)
        made = np.maximum(np.dot(self._seen_third, self._third) + third_bias, 0)
        _conv(np.dot(made, self._fourth), fourth_bias, both[:128])

        both[128:] = stream.hidden
        gates = np.vecdot(self._gates, both)
        gates += self._gates_bias
        enters, stays, new, leaves = np.tanh(gates, out=gates).reshape(4, STATE)
        cell = stream.cell
        cell *= stays * 0.5 + 0.5
        cell += (enters * 0.5 + 0.5) * new
        hidden = np.multiply(np.tanh(cell), leaves * 0.5 + 0.5, out=stream.hidden)
        return 1 / (1 + exp(-float(np.dot(np.maximum(hidden, 0), self._last)) - self._last_bias))


def _conv(sums: Floats, bias: Floats, out: Floats) -> None:
    sums += bias
    np.maximum(sums, 0, out=out)


def _parted(weights: bytes) -> list[Floats]:
    flat, parts, at = np.frombuffer(weights, "<f4"), [], 0
    for shape in SHAPES:
        parts.append(flat[at : at + prod(shape)].reshape(shape))
        at += prod(shape)
    assert at == len(flat)
    return parts
