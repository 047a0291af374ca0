"""Frames between processes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon.wire.workers import (
    MAX_FRAME,
    Began,
    Bills,
    Drain,
    Drained,
    Ended,
    Entered,
    Failed,
    Frame,
    GiveUp,
    Left,
    Open,
    Over,
    Owes,
    Ran,
    Reader,
    Ready,
    Report,
    Run,
    Said,
    Taken,
    encode,
)

FRAMES: list[Frame] = [
    Open(
        1, {"type": "http", "path": "/whip/studio", "headers": [[b"content-type", b"application/sdp"]], "client": None}
    ),
    Said(1, {"type": "http.request", "body": b"v=0", "more_body": False}),
    Taken(1),
    Over(1),
    Ready(7, 8001, True),
    Failed("UDP port 8001 cannot be taken."),
    Entered(3),
    Left(3),
    Owes(3, 250),
    Began("studio"),
    Ended("studio"),
    Bills(({"room": "studio", "tracks": [{"kind": "audio"}]},)),
    Report(0.5, 0.25, 3, {3: 17}),
    Drain(30.0),
    Drained(),
    Run(1, "host", "weather", '{"city": "Hangzhou"}', 30.0),
    Ran(1, "Sunny"),
    GiveUp(1),
]


@given(st.lists(st.sampled_from(FRAMES)), st.integers(1, 40))
def test_frames_come_out_as_they_went_in_however_they_are_cut(frames: list[Frame], size: int) -> None:
    data = b"".join(map(encode, frames))
    reader = Reader()
    read = [frame for at in range(0, len(data), size) for frame in reader.feed(data[at : at + size])]
    assert read == frames


def test_what_takes_one_may_stop_there() -> None:
    """The rest is there for the next time."""
    reader = Reader()
    assert next(reader.feed(encode(Taken(1)) + encode(Taken(2)))) == Taken(1)
    assert list(reader.feed(b"")) == [Taken(2)]


@pytest.mark.parametrize("data", [(MAX_FRAME + 1).to_bytes(4, "big"), b"\0\0\0\1\xc1", b"\0\0\0\2\x91\x7f"])
def test_what_no_salon_says_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        list(Reader().feed(data))
