"""The jitter buffer, on a sender's timeline of 20 ms frames."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salon.rtc.jitter import MAX_CONCEALED, MAX_DEPTH_MS, MAX_PACKETS, MIN_DEPTH_MS, JitterBuffer, Lost

STEP = 960

Frame = tuple[int, int, bytes, int]  # sequence, timestamp, payload, arrival


def frame(
    index: int, arrival: int, payload: bytes = b"", sequence: int = 65_530, timestamp: int = 2**32 - 5_000
) -> Frame:
    return (
        (sequence + index) % 65_536,
        (timestamp + index * STEP) % 2**32,
        payload or b"frame-%d" % index,
        arrival,
    )


def play(buffer: JitterBuffer, frames: list[Frame], until: int) -> list[tuple[int, bytes | Lost]]:
    """What comes out, with the times: the frames arrive as they say, and a pacer pulls every 20 ms."""
    out = []
    waiting = sorted(frames, key=lambda item: item[3])
    for now in range(0, until, 20):
        while waiting and waiting[0][3] <= now:
            sequence, timestamp, payload, at = waiting.pop(0)
            buffer.push(sequence, timestamp, payload, at)
        while (item := buffer.pull(now)) is not None:
            out.append((now, item))
    return out


def test_a_steady_stream_comes_out_as_it_went_in() -> None:
    buffer = JitterBuffer()
    out = play(buffer, [frame(i, 1000 + 20 * i) for i in range(200)], 6_000)
    assert [item for _, item in out[:200]] == [b"frame-%d" % i for i in range(200)]
    assert all(later - sooner == 20 for (sooner, _), (later, _) in itertools.pairwise(out[:150]))
    assert buffer.depth == MIN_DEPTH_MS
    assert buffer.played == 200 and buffer.late == buffer.repeated == 0
    # The stream ends without a word: some frames are made up, then silence.
    assert [item for _, item in out[200:]] == [Lost(None)] * MAX_CONCEALED


def test_a_program_that_listens_gets_what_is_in_order_at_once() -> None:
    buffer = JitterBuffer(eager=True)
    frames = [frame(i, 20 * i + (30 if i == 50 else 0)) for i in range(100)]
    out = play(buffer, frames, 2_000)
    assert [item for _, item in out] == [b"frame-%d" % i for i in range(100)]
    late = [now - 20 * int(item.removeprefix(b"frame-")) for now, item in out if isinstance(item, bytes)]
    assert late[:50] == [0] * 50
    assert late[50:52] == [40, 20]  # it is waited for, and the one behind it with it
    assert late[52:] == [0] * 48


def test_it_waits_for_what_is_missing_as_long_as_others_do() -> None:
    missing = [frame(i, 20 * i) for i in range(100) if i != 50]
    patient, eager = JitterBuffer(), JitterBuffer(eager=True)
    lost = [
        next(now for now, item in play(buffer, missing, 2_000) if isinstance(item, Lost)) for buffer in (patient, eager)
    ]
    assert lost[0] == lost[1]
    assert eager.lost == 1


def test_order_is_restored_and_copies_are_dropped() -> None:
    buffer = JitterBuffer()
    frames = [frame(i, 20 * i + (25 if i % 5 == 0 else 0)) for i in range(100)]
    out = play(buffer, frames + [frame(i, 20 * i + 30) for i in range(0, 100, 10)], 2_000)
    played = [item for _, item in out if isinstance(item, bytes)]
    assert played == [b"frame-%d" % i for i in range(len(played))]
    assert buffer.repeated == 10
    assert buffer.lost == 0


def test_a_lost_frame_is_told_with_the_one_behind_it() -> None:
    buffer = JitterBuffer()
    out = play(buffer, [frame(i, 20 * i) for i in range(50) if i not in (20, 30, 31)], 1_000)
    items = [item for _, item in out]
    assert items[20] == Lost(b"frame-21")
    assert items[30:33] == [Lost(None), Lost(b"frame-32"), b"frame-32"]
    assert buffer.lost == 3


def test_jitter_deepens_the_buffer_and_calm_makes_it_shallow() -> None:
    chance = random.Random(1)
    buffer = JitterBuffer()
    rough = [frame(i, 20 * i + chance.randrange(100)) for i in range(1_000)]
    out = play(buffer, rough, 20_000)
    assert 80 <= buffer.depth <= 120
    played = [item for _, item in out if isinstance(item, bytes)]
    assert len(played) >= 970
    calm = [frame(i, 20 * i) for i in range(1_000, 6_000)]
    for sequence, timestamp, payload, at in calm:
        buffer.push(sequence, timestamp, payload, at)
        while buffer.pull(at) is not None:
            pass
    assert buffer.depth == MIN_DEPTH_MS


def test_ten_percent_loss_keeps_nine_of_ten_and_says_where() -> None:
    chance = random.Random(2)
    buffer = JitterBuffer()
    sent = [frame(i, 20 * i + chance.randrange(15)) for i in range(1_000)]
    kept = [item for item in sent if chance.random() > 0.1]
    out = play(buffer, kept, 20_020)
    items = [item for _, item in out]
    assert len(kept) - 3 <= sum(isinstance(item, bytes) for item in items) <= len(kept)
    assert 990 <= len(items) <= 1_005
    assert sum(isinstance(item, Lost) and item.following is not None for item in items) >= 60


def test_silence_is_not_loss() -> None:
    buffer = JitterBuffer()
    talk = [frame(i, 20 * i) for i in range(20)]
    # DTX: a tiny frame, then nothing for 400 ms, twice; the sequence numbers go on, the timestamps jump.
    first = (*frame(20, 400)[:2], b"\x08", 400)
    second = ((65_530 + 21) % 65_536, (2**32 - 5_000 + 40 * STEP) % 2**32, b"\x08", 800)
    again = [
        ((65_530 + 22 + i) % 65_536, (2**32 - 5_000 + (60 + i) * STEP) % 2**32, b"again-%d" % i, 1_200 + 20 * i)
        for i in range(10)
    ]
    out = play(buffer, [*talk, first, second, *again], 1_420)
    assert buffer.lost == 0
    items = [item for _, item in out]
    assert items[20:23] == [b"\x08", b"\x08", b"again-0"]
    times = [now for now, _ in out]
    assert times[21] - times[20] == 400 and times[22] - times[21] == 400


def test_what_is_late_is_counted_and_its_place_is_not_played_twice() -> None:
    buffer = JitterBuffer()
    frames = [frame(i, 20 * i if i != 30 else 20 * 30 + 150) for i in range(60)]
    out = play(buffer, frames, 1_160)
    items = [item for _, item in out]
    assert items[30] == Lost(b"frame-31")
    assert b"frame-30" not in items
    assert buffer.late == 1 and buffer.lost == 1


def test_a_stall_is_concealed_then_silent_then_goes_on() -> None:
    buffer = JitterBuffer()
    frames = [frame(i, 20 * i if i < 50 else max(20 * i, 1_500)) for i in range(150)]
    out = play(buffer, frames, 3_180)
    items = [item for _, item in out]
    assert items[50 : 50 + MAX_CONCEALED] == [Lost(None)] * MAX_CONCEALED
    assert items[50 + MAX_CONCEALED] == b"frame-55"
    assert buffer.late == 5
    assert items[55:] == [b"frame-%d" % i for i in range(55, 55 + len(items) - 55)]
    assert len(items) >= 149


def test_a_longer_path_is_followed() -> None:
    buffer = JitterBuffer()
    frames = [frame(i, 20 * i + (400 if i >= 100 else 0)) for i in range(300)]
    out = play(buffer, frames, 7_000)
    late = [item for now, item in out if now > 3_200]
    assert not any(isinstance(item, Lost) for item in late[:-MAX_CONCEALED])
    assert out[-1 - MAX_CONCEALED][1] == b"frame-299"


@pytest.mark.parametrize(("sequence", "timestamp"), [(30_000, 7), (65_400, 2**31), (65_535, 900_000)])
def test_a_source_that_begins_anew_is_heard_again(sequence: int, timestamp: int) -> None:
    buffer = JitterBuffer()
    before = [frame(i, 20 * i, sequence=10) for i in range(50)]
    after = [frame(i, 1_000 + 20 * i, b"new-%d" % i, sequence, timestamp) for i in range(100)]
    out = play(buffer, before + after, 3_000)
    played = [item for _, item in out if isinstance(item, bytes) and item.startswith(b"new")]
    assert len(played) >= 95
    assert buffer.restarts == 1


def test_a_timestamp_jump_with_even_numbers_is_a_new_timeline() -> None:
    buffer = JitterBuffer()
    before = [frame(i, 20 * i, timestamp=5_000) for i in range(50)]
    after = [frame(i, 20 * i, timestamp=900_000_000) for i in range(50, 100)]
    out = play(buffer, before + after, 2_100)
    assert [item for _, item in out if isinstance(item, bytes)][-1] == b"frame-99"
    assert buffer.restarts == 1


def test_a_source_that_counts_from_a_little_before_is_heard_soon() -> None:
    buffer = JitterBuffer()
    before = [frame(i, 20 * i, sequence=1_000) for i in range(200)]
    after = [frame(i, 4_000 + 20 * i, b"new-%d" % i, 1_000, 2**32 - 5_000 + 200 * STEP) for i in range(100)]
    out = play(buffer, before + after, 6_000)
    assert sum(isinstance(item, bytes) and item.startswith(b"new") for _, item in out) >= 70


@pytest.mark.parametrize("milliseconds", [10, 40, 60])
def test_frames_may_be_shorter_or_longer(milliseconds: int) -> None:
    step = 48 * milliseconds
    frames = [(i, i * step, b"frame-%d" % i, i * milliseconds) for i in range(100)]
    buffer = JitterBuffer()
    out = play(buffer, [item for item in frames if item[0] not in (50, 70)], 100 * milliseconds)
    items = [item for _, item in out]
    assert isinstance(items[50], Lost)
    assert items[51] == b"frame-51"
    assert items[70:72] == [Lost(b"frame-71"), b"frame-71"]
    assert sum(isinstance(item, Lost) for item in items) == 2


def test_without_error_correction_a_loss_costs_no_delay() -> None:
    frames = [frame(i, 20 * i) for i in range(400) if i % 10]
    plain, mending = JitterBuffer(fec=False), JitterBuffer()
    play(plain, frames, 8_000)
    play(mending, frames, 8_000)
    assert plain.depth < mending.depth == 25


def test_a_buffer_that_nobody_empties_stays_bounded() -> None:
    buffer = JitterBuffer()
    for i in range(1_000):
        buffer.push(i, i * STEP, b"x" * 10, i * 20)
    assert buffer.waiting == MAX_PACKETS
    assert buffer.pull(20_000) is not None


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 300), st.floats(0, 0.5), st.floats(0, 0.2))
def test_frames_come_out_in_order_once_and_within_bounds(seed: int, jitter: int, loss: float, copies: float) -> None:
    chance = random.Random(seed)
    frames = []
    for i in range(200):
        if chance.random() >= loss:
            frames.append(frame(i, 20 * i + chance.randint(0, jitter)))
        if chance.random() < copies:
            frames.append(frame(i, 20 * i + chance.randint(0, jitter)))
    buffer = JitterBuffer()
    out = play(buffer, frames, 5_000)
    played = [int(item[6:]) for _, item in out if isinstance(item, bytes)]
    assert played == sorted(set(played))
    assert MIN_DEPTH_MS <= buffer.depth <= MAX_DEPTH_MS
    assert buffer.played == len(played)
    assert buffer.received == len(frames)
    lost = sum(isinstance(item, Lost) for _, item in out)
    assert lost <= buffer.lost
    assert len(played) + lost <= 200 + MAX_CONCEALED, "a place on the timeline is filled once"
