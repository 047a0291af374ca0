"""When a voice begins and when it pauses."""

from __future__ import annotations

from salon.turn.activity import Activity, Offset, Onset

FRAME = 20


def feed(activity: Activity, *probabilities: float, start: int = 0) -> list[Onset | Offset]:
    found = []
    for index, probability in enumerate(probabilities):
        at = start + index * FRAME
        if (change := activity.feed(probability, at, at + FRAME)) is not None:
            found.append(change)
    return found


def test_a_voice_begins_where_its_first_frame_began() -> None:
    assert feed(Activity(), 0, 0, 0.9, 0.9, 0.9, 0.9) == [Onset(40)]


def test_a_click_is_no_voice() -> None:
    assert feed(Activity(), 0, 0.9, 0.9, 0, 0, 0, 0.9, 0, 0) == []


def test_a_voice_may_hesitate_at_its_beginning() -> None:
    assert feed(Activity(), 0.9, 0.2, 0.9, 0.9) == [Onset(0)]


def test_it_goes_on_with_less_than_it_needs_to_begin() -> None:
    assert feed(Activity(), *[0.9] * 3, *[0.4] * 20) == [Onset(0)]


def test_it_ends_where_its_last_sound_ended() -> None:
    assert feed(Activity(), *[0.9] * 5, *[0.0] * 6) == [Onset(0), Offset(100)]


def test_a_gap_within_a_word_is_no_pause() -> None:
    assert feed(Activity(), *[0.9] * 5, *[0.0] * 4, *[0.9] * 5) == [Onset(0)]


def test_something_stirs_before_a_voice_is_certain_and_for_a_moment_after_it_was_none() -> None:
    activity = Activity()
    feed(activity, 0, 0)
    assert not activity.stirring(40)
    feed(activity, 0.3, start=40)
    assert activity.stirring(60)
    feed(activity, 0.9, start=60)
    assert activity.stirring(80)
    feed(activity, *[0.0] * 5, start=80)
    assert not activity.stirring(180)
    feed(activity, *[0.9] * 3, start=180)
    assert not activity.stirring(240)


def test_the_threshold_is_the_clients() -> None:
    assert feed(Activity(0.8), *[0.7] * 10) == []
    assert feed(Activity(0.3), *[0.35] * 3) == [Onset(0)]
