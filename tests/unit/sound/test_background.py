"""Who talks to us, and who is at the next table."""

from __future__ import annotations

from salon.sound.background import FORGOTTEN_MS, FRAME_MS, WINDOW_MS, Background

NEAR, TELEVISION, FAR = 0.05, 0.012, 0.004


def heard(background: Background, level: float, ms: int, *, voiced: bool = True) -> float:
    """The share of it that is not covered."""
    frames = ms // FRAME_MS
    return sum(not background.covers(level, voiced) for _ in range(frames)) / frames


def talk(background: Background, times: int = 6, level: float = NEAR) -> None:
    for _ in range(times):
        heard(background, level, 1000)
        heard(background, 0.0005, 400, voiced=False)


def test_who_speaks_is_heard() -> None:
    background = Background()
    assert heard(background, NEAR, 1000) == 1.0
    heard(background, 0.0005, 1000, voiced=False)
    assert heard(background, FAR, 1000) == 1.0


def test_a_television_is_covered_once_it_goes_on_and_on_and_a_person_is_heard_over_it() -> None:
    background = Background()
    assert heard(background, TELEVISION, 1000) == 1.0
    heard(background, TELEVISION, WINDOW_MS)
    assert heard(background, TELEVISION, 1000) == 0.0
    assert heard(background, NEAR, 1000) > 0.9
    assert heard(background, TELEVISION, 1000) < 0.1


def test_noise_that_is_no_voice_covers_nobody() -> None:
    background = Background()
    heard(background, TELEVISION, 2 * WINDOW_MS, voiced=False)
    assert heard(background, TELEVISION * 1.2, 1000) == 1.0


def test_who_pauses_as_people_do_is_never_background() -> None:
    background = Background()
    talk(background, 20)
    assert heard(background, NEAR, 1000) == 1.0


def test_the_next_table_is_covered_as_soon_as_a_voice_is_known() -> None:
    background = Background()
    assert heard(background, FAR, 500) == 1.0
    talk(background)
    heard(background, 0.0005, 1000, voiced=False)
    assert heard(background, FAR, 500) == 0.0
    # A person may well speak half as loud as before.
    assert heard(background, NEAR / 2, 500) == 1.0


def test_after_a_while_another_may_speak_from_afar() -> None:
    background = Background()
    talk(background)
    heard(background, 0.0005, FORGOTTEN_MS + 1000, voiced=False)
    assert heard(background, FAR, 500) == 1.0
