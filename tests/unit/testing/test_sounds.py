"""Sound that carries what is said in it."""

from __future__ import annotations

from salon.sound.mix import Gain
from salon.testing.sounds import characters_of, person_frame, person_of, voice


def test_a_persons_frame_is_known_again() -> None:
    frame = person_frame(3, 17)
    assert len(frame) == 640
    assert person_of(frame) == (3, 17)
    assert person_of(bytes(640)) is None


def test_a_character_of_ours_is_known_again() -> None:
    assert characters_of(voice(2, 41, 20)) == [(2, 41)]
    assert characters_of(voice(2, 41, 10) + voice(2, 42, 10)) == [(2, 41), (2, 42)]


def test_what_fades_or_is_silent_says_nothing() -> None:
    gain = Gain(24_000)
    gain.target = 0.0
    assert characters_of(gain.apply(voice(0, 5, 20))) == []
    assert characters_of(bytes(960)) == []
