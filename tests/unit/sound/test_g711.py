"""G.711 against ITU-T G.191's reference code, and through both directions."""

from __future__ import annotations

import av
import numpy as np
import pytest

from salon.sound import g711
from salon.sound.g711 import Law

EVERY = np.arange(-32768, 32768, dtype="<i2")
CODECS: list[tuple[Law, str]] = [("ulaw", "pcm_mulaw"), ("alaw", "pcm_alaw")]


@pytest.mark.parametrize(("law", "codec"), CODECS)
def test_every_byte_means_what_ffmpeg_says(law: Law, codec: str) -> None:
    decoder = av.CodecContext.create(codec, "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"  # type: ignore[attr-defined]
    frames = decoder.decode(av.Packet(bytes(range(256))))
    theirs = np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames])  # type: ignore[union-attr]
    assert np.frombuffer(g711.decode(bytes(range(256)), law), dtype="<i2").tolist() == theirs.tolist()


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_every_byte_comes_back(law: Law) -> None:
    there = g711.encode(g711.decode(bytes(range(256)), law), law)
    # µ-law has two zeros.
    same = [code for code in range(256) if there[code] == code]
    assert len(same) >= 255


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_every_sample_becomes_one_near_it(law: Law) -> None:
    back = np.frombuffer(g711.decode(g711.encode(EVERY.tobytes(), law), law), dtype="<i2").astype(int)
    error = np.abs(back - EVERY)
    # Half a step of its segment, the clipped ends aside.
    assert (error <= (np.abs(EVERY.astype(int)) + 132) / 32 + 4)[200:-200].all()
