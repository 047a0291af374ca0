"""G.711, both laws: a byte for a sample at 8 kHz (ITU-T G.711)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Law = Literal["ulaw", "alaw"]
LAWS: dict[str, Law] = {"audio/pcmu": "ulaw", "audio/pcma": "alaw"}
"""By media type (RFC 3551)."""

_BIAS = 0x84
_CLIP = 32635


def encode(pcm: bytes, law: Law) -> bytes:
    samples = np.frombuffer(pcm, dtype="<i2")
    return _ENCODE[law][samples.astype(np.int32) + 32768].tobytes()


def decode(data: bytes, law: Law) -> bytes:
    return _DECODE[law][np.frombuffer(data, dtype=np.uint8)].tobytes()


def _ulaw_decoded() -> npt.NDArray[np.int16]:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + _BIAS) << ((code & 0x70) >> 4)) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype("<i2")


def _alaw_decoded() -> npt.NDArray[np.int16]:
    # Every other bit is inverted on the line.
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent = (code & 0x70) >> 4
    mantissa = ((code & 0x0F) << 4) + 8
    magnitude = np.where(exponent > 0, (mantissa + 0x100) << np.maximum(exponent - 1, 0), mantissa)
    return np.where(code & 0x80, magnitude, -magnitude).astype("<i2")


def _ulaw_encoded() -> npt.NDArray[np.uint8]:
    samples = np.arange(-32768, 32768, dtype=np.int32)
    magnitude = np.minimum(np.abs(samples), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    codes: npt.NDArray[np.uint8] = (~(np.where(samples < 0, 0x80, 0) | exponent << 4 | mantissa) & 0xFF).astype(
        np.uint8
    )
    return codes


def _alaw_encoded() -> npt.NDArray[np.uint8]:
    samples = np.arange(-32768, 32768, dtype=np.int32)
    # 13 bits of magnitude; a negative sample is counted from -1 (table 1a of the recommendation).
    magnitude = np.where(samples < 0, -samples - 1, samples) >> 4
    exponent = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 3, 0)
    code = np.where(magnitude < 32, magnitude, exponent << 4 | (magnitude >> np.maximum(exponent - 1, 0)) & 0x0F)
    code = np.where(magnitude < 16, magnitude, np.where(magnitude < 32, 0x10 | magnitude & 0x0F, code))
    return ((code | np.where(samples < 0, 0, 0x80)) ^ 0x55).astype(np.uint8)


_DECODE: dict[Law, npt.NDArray[np.int16]] = {"ulaw": _ulaw_decoded(), "alaw": _alaw_decoded()}
_ENCODE: dict[Law, npt.NDArray[np.uint8]] = {"ulaw": _ulaw_encoded(), "alaw": _alaw_encoded()}
