"""Matroska, read back by FFmpeg."""

from __future__ import annotations

import io

import av
import pytest

from salon.wire import matroska
from salon.wire.matroska import Track, Writer, codec_private
from tests.fakes.ffmpeg_rtp import encoded

VIDEO = Track(kind="video", codec="vp8", width=320, height=240)
AUDIO = Track(kind="audio", codec="opus", private=codec_private("opus", b""))


def written(seconds: int = 3) -> tuple[Writer, bytearray, list[matroska.Patch]]:
    writer = Writer([VIDEO, AUDIO], app="Salon", title="studio")
    out = bytearray(writer.begin())
    sound = [data for data, _ in encoded("opus", seconds * 50)]
    for number, (data, key) in enumerate(encoded("vp8", seconds * 10)):
        out += writer.add(0, number * 100, data, key)
        for index in range(5):
            if number * 5 + index < len(sound):
                out += writer.add(1, number * 100 + index * 20, sound[number * 5 + index], True)
    tail, patches = writer.end()
    return writer, out + tail, patches


def patched(data: bytearray, patches: list[matroska.Patch]) -> bytes:
    for patch in patches:
        data[patch.offset : patch.offset + len(patch.data)] = patch.data
    return bytes(data)


def test_a_whole_file_plays_and_can_be_sought_in() -> None:
    writer, data, patches = written()
    assert writer.size == len(data)
    with av.open(io.BytesIO(patched(data, patches))) as file:
        assert file.format.name == "matroska,webm"
        assert file.duration is not None and 2.8e6 < file.duration < 3.2e6
        assert [stream.codec_context.name for stream in file.streams] in (["vp8", "opus"], ["vp8", "libopus"])
        assert file.metadata["title"] == "studio"
        pictures = list(file.decode(video=0))
        assert len(pictures) == 30
        assert [round(float(picture.pts * picture.time_base), 1) for picture in pictures[:3]] == [0.0, 0.1, 0.2]
        file.seek(2_100_000)
        assert next(iter(file.decode(video=0))).time == pytest.approx(2.0, abs=0.05)
    with av.open(io.BytesIO(bytes(data))) as file:
        assert sum(frame.samples for frame in file.decode(audio=0)) > 48000 * 2.8


def test_a_file_without_its_end_plays() -> None:
    _, data, _ = written()
    for cut in (len(data) - 1, len(data) * 2 // 3):
        with av.open(io.BytesIO(bytes(data[:cut]))) as file:
            pictures = 0
            try:
                for _ in file.decode(video=0):
                    pictures += 1
            except av.error.InvalidDataError:
                pass
            assert pictures >= 10


def test_clusters_begin_with_key_frames() -> None:
    writer = Writer([VIDEO], app="Salon")
    writer.begin()
    clusters = [writer.add(0, number * 100, b"x", number % 12 == 0) for number in range(40)]
    assert [number for number, cluster in enumerate(clusters) if cluster] == [12, 24, 36]


def test_a_long_time_without_key_frames_is_written_out_too() -> None:
    writer = Writer([VIDEO], app="Salon")
    writer.begin()
    clusters = [writer.add(0, number * 100, b"x", number == 0) for number in range(50)]
    assert sum(bool(cluster) for cluster in clusters) == 2
    assert writer.add(0, 4_900 + 40_000, b"x", False)


def test_nothing_is_written_twice() -> None:
    writer = Writer([VIDEO], app="Salon")
    begin = writer.begin()
    assert writer.flush() == b""
    tail, patches = writer.end()
    assert tail == b""
    with pytest.raises(av.error.FFmpegError):
        av.open(io.BytesIO(patched(bytearray(begin), patches)[:40])).close()


@pytest.mark.parametrize(
    ("codecs", "webm"), [(["vp8", "opus"], True), (["av1"], True), (["h264", "opus"], False), (["pcmu"], False)]
)
def test_which_container(codecs: list[str], webm: bool) -> None:
    assert matroska.is_webm(codecs) is webm


def test_sizes_never_look_unknown() -> None:
    assert matroska._size(126) == b"\xfe"
    assert matroska._size(127) == b"\x40\x7f"
    with pytest.raises(ValueError, match="2\\*\\*56"):
        matroska._size(1 << 60)


@pytest.mark.parametrize("size", [2, 8, 9, 11, 96])
def test_what_is_passed_over_has_the_size_asked_for(size: int) -> None:
    assert len(matroska._void(size)) == size


def test_without_parameter_sets_there_is_nothing_private() -> None:
    assert codec_private("h264", b"\x00\x00\x00\x02\x65\x88") == b""
    assert codec_private("av1", b"\x32\x01\x00") == b""
    assert codec_private("vp8", b"") == b""
