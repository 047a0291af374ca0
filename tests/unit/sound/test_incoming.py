from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from salon.base.session import AudioFormat
from salon.sound import g711
from salon.sound.incoming import Incoming
from salon.sound.resample import Resampler

RAMP = np.linspace(-20_000, 20_000, 960).astype("<i2").tobytes()


@pytest.mark.parametrize(("kind", "law"), [("audio/pcmu", "ulaw"), ("audio/pcma", "alaw")])
def test_g711_by_its_law(kind: Literal["audio/pcmu", "audio/pcma"], law: g711.Law) -> None:
    sent = g711.encode(RAMP, law)
    assert Incoming(AudioFormat(kind)).push(sent) == Resampler(8000, 16_000).push(g711.decode(sent, law))


def test_pcm_from_24_khz_piece_by_piece() -> None:
    incoming = Incoming(AudioFormat())
    assert incoming.push(RAMP[:480]) + incoming.push(RAMP[480:]) == Resampler(24_000, 16_000).push(RAMP)
