"""Whisper's picture of sound, against the one that its authors' extractor makes."""

from __future__ import annotations

import numpy as np

from salon.sound import mel

# Of ``chirp`` by ``WhisperFeatureExtractor(chunk_length=8)`` of transformers 5.23, ``do_normalize=True``: rows are bands.
BANDS = (0, 1, 7, 20, 33, 50, 66, 79)
COLUMNS = (0, 100, 249, 251, 300, 420, 555, 700, 799)
EXPECTED = [
    [-0.02467, -0.02467, 0.64639, 0.98321, 0.12733, -0.02448, -0.01767, -0.0235, 0.07932],
    [-0.22698, -0.22698, 0.63341, 1.56832, 0.1564, -0.22698, -0.22698, -0.22698, 0.15099],
    [-0.22698, -0.22698, 0.547, 0.63053, 1.30182, -0.22698, -0.22698, -0.22698, 0.15892],
    [-0.22698, -0.22698, 0.11947, 0.12667, 0.03388, 0.18656, -0.22698, -0.22698, 0.17352],
    [-0.22698, -0.22698, -0.09106, -0.09213, -0.22698, -0.04175, 0.03192, -0.22698, 0.21424],
    [-0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.22698, 1.58682, 0.44276],
    [-0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.22698, 0.14396],
    [-0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.22698, -0.02139],
]


def chirp() -> bytes:
    """2.5 s of silence, then a tone that rises from 120 Hz, broken twice a second: 8 s."""
    time = np.arange(128_000) / 16_000
    sound = np.zeros(128_000, np.float32)
    since = time[40_000:] - 2.5
    sound[40_000:] = 0.3 * np.sin(2 * np.pi * (120 * since + 260 * since * since))
    sound[40_000:] *= np.sin(2 * np.pi * 2 * since) > -0.3
    return np.round(sound * 32767).astype("<i2").tobytes()


def test_it_is_the_picture_that_whisper_looks_at() -> None:
    picture = mel.log_mel(mel.normalised(mel.samples(chirp())))
    assert picture.shape == (80, 800)
    assert picture.dtype == np.float32
    assert np.abs(picture[np.ix_(BANDS, COLUMNS)] - np.array(EXPECTED)).max() < 1e-4
    assert abs(float(picture.mean()) - -0.11021) < 1e-4
    assert abs(float(picture.max()) - 1.77302) < 1e-4


def test_samples_are_brought_to_one_loudness() -> None:
    quiet, loud = (mel.normalised(mel.samples(chirp()) * np.float32(by)) for by in (0.1, 1.0))
    assert abs(float(loud.mean())) < 1e-3
    assert abs(float(loud.var()) - 1) < 1e-3
    assert np.abs(quiet - loud).max() < 1e-2


def test_silence_stays_silence() -> None:
    assert not mel.normalised(mel.samples(bytes(640))).any()
