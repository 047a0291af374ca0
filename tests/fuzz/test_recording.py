"""Whatever packets a publisher sends, a recording gets frames or nothing, and its file stays well-formed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from salon.rtc import pictures, rtp
from salon.rtc.depacketize import Depacketizer
from salon.wire import matroska

CODECS = st.sampled_from(["vp8", "vp9", "h264", "av1", "opus"])
SENT = st.lists(
    st.tuples(st.binary(max_size=60), st.integers(0, 40), st.integers(0, 5), st.booleans()), max_size=40
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(CODECS, SENT)
def test_depacketizer(codec: str, sent: list[tuple[bytes, int, int, bool]]) -> None:
    depacketizer = Depacketizer(codec)
    frames = []
    for payload, sequence, timestamp, marker in sent:
        data = rtp.build(
            payload_type=96, sequence=sequence, timestamp=timestamp, ssrc=1, payload=payload, marker=marker
        )
        packet = rtp.parse(data)
        assert packet is not None
        frames += depacketizer.push(packet)
    for frame in frames + depacketizer.flush():
        assert frame.data
        pictures.size_of(codec, frame.data)
        matroska.codec_private(codec, frame.data)


@settings(max_examples=400, deadline=None)
@given(CODECS, st.binary(max_size=80))
def test_pictures_and_private_data(codec: str, frame: bytes) -> None:
    size = pictures.size_of(codec, frame)
    assert size is None or min(size) >= 0
    assert isinstance(matroska.codec_private(codec, frame), bytes)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-1000, 200_000), st.binary(max_size=20), st.booleans())))
def test_writer(blocks: list[tuple[int, int, bytes, bool]]) -> None:
    tracks = [matroska.Track(kind="video", codec="vp8"), matroska.Track(kind="audio", codec="opus")]
    writer = matroska.Writer(tracks, app="Salon")
    out = bytearray(writer.begin())
    for track, at, data, key in blocks:
        out += writer.add(track, at, data, key)
    tail, patches = writer.end()
    out += tail
    assert writer.size == len(out)
    assert all(patch.offset + len(patch.data) <= len(out) for patch in patches)
