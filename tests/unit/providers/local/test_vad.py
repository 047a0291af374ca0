"""Silero hears speech, not noise, and rests in silence."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from salon.providers.local.vad import OPEN_FRAMES, SileroVad
from salon.sound.voice_net import VoiceNet

DATA = Path(__file__).parents[3] / "data" / "voice"
FRAME = 640
SILENCE = bytes(FRAME)


def frames(data: bytes) -> list[bytes]:
    return [data[at : at + FRAME] for at in range(0, len(data) - FRAME + 1, FRAME)]


def spoken(name: str) -> list[bytes]:
    with wave.open(str(DATA / name)) as file:
        return frames(file.readframes(file.getnframes()))


@pytest.mark.parametrize("name", ["what-can-you-do.wav", "ni-neng-zuo-shenme.wav"])
def test_a_voice_is_heard_and_its_end_too(name: str) -> None:
    vad = SileroVad()
    with vad.session() as session:
        assert [session.push(SILENCE) for _ in range(10)] == [0.0] * 10
        assert max(session.push(frame) for frame in spoken(name)) > 0.8
        assert [session.push(SILENCE) for _ in range(2 * OPEN_FRAMES)][-1] == 0.0


def test_hiss_is_no_voice() -> None:
    noise = np.random.default_rng(1).normal(0, 1500, 16_000).astype("<i2").tobytes()
    with SileroVad().session() as session:
        assert max(session.push(frame) for frame in frames(noise)) < 0.5


def test_silence_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []
    monkeypatch.setattr(VoiceNet, "probability", lambda self, pcm, stream: looked.append(pcm) or 0.0)
    with SileroVad().session() as session:
        for _ in range(1000):
            session.push(SILENCE)
        assert not looked
        session.push(spoken("what-can-you-do.wav")[20])
        assert len(looked) == 1, "with what came just before"


def test_after_a_silence_a_voice_is_a_new_stream() -> None:
    voice = spoken("what-can-you-do.wav")
    with SileroVad().session() as session:
        heard = []
        for _ in range(2):
            for _ in range(2 * OPEN_FRAMES):
                session.push(SILENCE)
            heard.append([session.push(frame) for frame in voice])
    assert heard[0] == heard[1]
