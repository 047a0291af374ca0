"""Silero hears speech, not noise, and rests in silence."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from salon.providers.local.vad import OPEN_FRAMES, SileroVad

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


def test_silence_borrows_no_model() -> None:
    vad = SileroVad()
    with vad.session() as session:
        for _ in range(1000):
            session.push(SILENCE)
    assert vad.made == 0


def test_streams_that_speak_in_turn_share_one_model() -> None:
    vad = SileroVad()
    vad.warm()
    voice = spoken("what-can-you-do.wav")
    for _ in range(3):
        with vad.session() as session:
            for frame in voice:
                session.push(frame)
    assert vad.made == 1
    with vad.session() as one, vad.session() as other:
        for frame in voice:
            one.push(frame)
            other.push(frame)
    assert vad.made == 2


def test_what_a_crowd_needed_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salon.providers.local.vad.UNUSED", 5)
    vad = SileroVad()
    for _ in range(2):
        for model in [vad.borrow() for _ in range(3)]:
            vad.give_back(model)
    assert vad.made == 3
    for _ in range(7):
        vad.give_back(vad.borrow())
    for model in [vad.borrow() for _ in range(2)]:
        vad.give_back(model)
    assert vad.made == 4, "two were let go"
