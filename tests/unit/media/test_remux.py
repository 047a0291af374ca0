"""Files made of what FFmpeg sends, played back by FFmpeg."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import cast

import av
import pytest

from salon.media.remux import KEY_EVERY_MS, VIDEO_WAIT_MS, Append, Begin, Finish, Remux, Step, recordable
from salon.ports.media import Source
from salon.ports.media_stats import Kind
from salon.rtc.rtp import Packet
from salon.rtc.sdp.model import Codec
from tests.fakes.ffmpeg_rtp import packets
from tests.fakes.media import FakeSource

NAMES = {"vp8": "VP8", "vp9": "VP9", "h264": "H264", "av1": "AV1", "opus": "opus"}


def source(codec: str) -> FakeSource:
    kind: Kind = "audio" if codec == "opus" else "video"
    rate, channels = (48_000, 2) if kind == "audio" else (90_000, 1)
    return FakeSource(kind, codec, Codec(payload_type=96, name=NAMES[codec], clock_rate=rate, channels=channels))


def remux(*sources: FakeSource) -> Remux:
    return Remux([cast(Source, each) for each in sources], "studio", 0)


def fed(recording: Remux, index: int, groups: Sequence[list[Packet]], step_ms: int, start: int = 0) -> list[Step]:
    return [
        step
        for number, group in enumerate(groups)
        for packet in group
        for step in recording.feed(index, packet, start + number * step_ms)
    ]


def files(steps: Sequence[Step]) -> list[tuple[str, bytes]]:
    """What is on disk in the end."""
    found: list[tuple[str, bytearray]] = []
    for step in steps:
        if isinstance(step, Begin):
            found.append((step.suffix, bytearray()))
        content = found[-1][1]
        content += step.data
        if isinstance(step, Finish):
            for patch in step.patches:
                content[patch.offset : patch.offset + len(patch.data)] = patch.data
    return [(suffix, bytes(content)) for suffix, content in found]


@pytest.mark.parametrize(("codec", "suffix"), [("vp8", "webm"), ("vp9", "webm"), ("h264", "mkv"), ("av1", "webm")])
def test_a_broadcast_becomes_a_file_that_plays(codec: str, suffix: str) -> None:
    recording = remux(source(codec), source("opus"))
    video, sound = list(packets(codec, 30)), list(packets("opus", 150))
    steps: list[Step] = []
    for number, group in enumerate(video):
        steps += fed(recording, 0, [group], 0, number * 100)
        for index in range(5):
            steps += fed(recording, 1, sound[number * 5 + index : number * 5 + index + 1], 0, number * 100 + index * 20)
    steps += recording.end()
    assert recording.end() == []
    ((found, content),) = files(steps)
    assert found == suffix
    assert recording.size == len(content)
    assert 2_800 <= recording.milliseconds <= 3_100
    # It was written piece by piece, and each whole piece can be played.
    assert sum(isinstance(step, Append) for step in steps) >= 2
    with av.open(io.BytesIO(content)) as file:
        stream = file.streams.video[0]
        assert (stream.width, stream.height) == (320, 240)
        pictures = list(file.decode(video=0))
    assert len(pictures) == 30
    assert [round(float(picture.time), 1) for picture in pictures[:3]] == [0.0, 0.1, 0.2]
    with av.open(io.BytesIO(content)) as file:
        assert sum(frame.samples for frame in file.decode(audio=0)) >= 48_000 * 2.7
        assert file.streams.audio[0].codec_context.name in ("opus", "libopus")


def test_sound_without_pictures_is_a_file_too() -> None:
    recording = remux(source("opus"))
    ((suffix, content),) = files([*fed(recording, 0, list(packets("opus", 100)), 20), *recording.end()])
    assert suffix == "webm"
    with av.open(io.BytesIO(content)) as file:
        assert 1.9e6 < (file.duration or 0) < 2.1e6


def test_video_that_comes_late_begins_a_file_of_its_own() -> None:
    recording = remux(source("vp8"), source("opus"))
    sound = list(packets("opus", 400))
    steps = fed(recording, 1, sound[:200], 20)
    assert steps == []  # the video may still come
    steps = fed(recording, 1, sound[200:300], 20, VIDEO_WAIT_MS)
    steps += fed(recording, 0, list(packets("vp8", 20)), 100, VIDEO_WAIT_MS + 2_000)
    (_, first), (_, second) = files([*steps, *recording.end()])
    with av.open(io.BytesIO(first)) as file:
        assert [stream.type for stream in file.streams] == ["audio"]
    with av.open(io.BytesIO(second)) as file:
        assert len(list(file.decode(video=0))) == 20


def test_another_picture_size_of_h264_begins_a_new_file() -> None:
    recording = remux(source("h264"))
    groups = list(packets("h264", 12))
    steps = fed(recording, 0, groups[:10], 100)
    # The next key frame has other parameters: a byte of its SPS differs (level_idc).
    (first, *rest) = groups[10]
    other = first._replace(data=first.data.replace(b"\x42\xc0\x0d", b"\x42\xc0\x1e"))
    assert other.data != first.data
    steps += fed(recording, 0, [[other, *rest], *groups[11:]], 100, 1_000)
    assert [suffix for suffix, _ in files([*steps, *recording.end()])] == ["mkv", "mkv"]


def test_another_layer_goes_on_in_the_same_file_and_the_same_time() -> None:
    recording = remux(source("vp8"))
    groups = list(packets("vp8", 20))
    steps = fed(recording, 0, groups[:10], 100)
    layer = [
        [each._replace(ssrc=7, timestamp=each.timestamp + 12345678 & 0xFFFFFFFF) for each in g] for g in groups[10:]
    ]
    steps += fed(recording, 0, layer, 100, 1_000)
    ((_, content),) = files([*steps, *recording.end()])
    with av.open(io.BytesIO(content)) as file:
        times = [round(float(picture.time), 1) for picture in file.decode(video=0)]
    assert times == [round(number / 10, 1) for number in range(20)]


def test_sound_and_pictures_are_in_step_by_the_publisher_s_clock() -> None:
    video, sound = source("vp8"), source("opus")
    recording = remux(video, sound)
    groups, heard = list(packets("vp8", 30)), list(packets("opus", 200))
    first = {"vp8": groups[0][0].timestamp, "opus": heard[0][0].timestamp}
    # At 0 ms both were captured, but sound takes 300 ms longer to come.
    video.clock = lambda now: ((now << 32) // 1000, first["vp8"] + now * 90)  # type: ignore[method-assign]
    sound.clock = lambda now: ((now << 32) // 1000, first["opus"] + now * 48)  # type: ignore[method-assign]
    steps: list[Step] = []
    for number, group in enumerate(groups):
        steps += fed(recording, 0, [group], 0, number * 100)
        begin = number * 5
        for index, each in enumerate(heard[begin : begin + 5]):
            steps += fed(recording, 1, [each], 0, number * 100 + index * 20 + 300)
    ((_, content),) = files([*steps, *recording.end()])
    with av.open(io.BytesIO(content)) as file:
        times = [float(packet.pts * packet.time_base) for packet in file.demux(audio=0) if packet.pts is not None]
    # The 140th packet of sound is that of 2.8 s.
    assert times[-10] == pytest.approx(2.8, abs=0.05)


def test_key_frames_are_asked_for() -> None:
    video = source("vp8")
    recording = remux(video)
    groups = list(packets("vp8", 12))
    fed(recording, 0, groups[3:5], 100)  # begins in the middle
    assert video.keyframes_requested == 1
    fed(recording, 0, groups[10:11], 100, 1_500)
    before = video.keyframes_requested
    fed(recording, 0, groups[11:], 100, 1_500 + KEY_EVERY_MS)
    assert video.keyframes_requested == before + 1


def test_what_matroska_has_no_name_for_is_not_recordable() -> None:
    assert recordable(cast(Source, source("vp8")))
    odd = FakeSource("video", "0", Codec(payload_type=96, name="H265", clock_rate=90_000))
    assert not recordable(cast(Source, odd))
