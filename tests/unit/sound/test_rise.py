"""Something begins to be loud."""

from __future__ import annotations

from salon.sound.rise import HOLD_MS, LOUD, Rise

QUIET, VOICE = 0.001, 0.05


def fed(rise: Rise, level: float, ms: int) -> int:
    """For how many ms of these it said so."""
    return sum(20 * rise.feed(level) for _ in range(ms // 20))


def test_the_first_frame_of_a_voice_is_known_and_for_a_moment_only() -> None:
    rise = Rise()
    assert fed(rise, QUIET, 1000) == 0
    assert rise.feed(VOICE)
    assert fed(rise, VOICE, 400) == HOLD_MS - 20


def test_what_goes_on_or_comes_again_at_once_does_not_begin() -> None:
    rise = Rise()
    fed(rise, QUIET, 1000)
    fed(rise, VOICE, 100)
    fed(rise, QUIET, 200)
    assert fed(rise, VOICE, 100) == 0
    fed(rise, QUIET, 300)
    assert rise.feed(VOICE)


def test_it_is_judged_by_what_is_usual() -> None:
    rise = Rise()
    fed(rise, VOICE, 2000)
    assert fed(rise, VOICE * 2, 200) == 0
    fed(rise, VOICE, 1000)
    assert rise.feed(VOICE * 3)


def test_a_whisper_of_noise_is_nobody_and_at_first_nothing_is_known() -> None:
    rise = Rise()
    assert fed(rise, VOICE, 200) == 0
    rise = Rise()
    fed(rise, QUIET / 10, 1000)
    assert fed(rise, LOUD, 100) == 0
