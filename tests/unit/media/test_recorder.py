"""Recordings on a real disk."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import av
import pytest

from salon.base.errors import Refused
from salon.media import recorder as module
from salon.media.recorder import DiskRecorder
from salon.ports.media import Source
from salon.ports.recorder import FILE
from salon.rtc.rtp import Packet
from salon.rtc.sdp.model import Codec
from tests.fakes.clock import FakeClock
from tests.fakes.ffmpeg_rtp import packets
from tests.fakes.media import FakeSource

NAME = "studio-20270115T080000Z"


def camera() -> FakeSource:
    return FakeSource("video", "1", Codec(payload_type=96, name="VP8", clock_rate=90_000))


def only(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def of(*sources: FakeSource) -> list[Source]:
    return [cast(Source, source) for source in sources]


def send(source: FakeSource, groups: Sequence[list[Packet]], clock: FakeClock) -> None:
    for group in groups:
        for packet in group:
            for tap in tuple(source.taps):
                tap.packet(packet, True, clock.now())
        clock.pass_ms(100)


async def test_a_recording_is_a_file_in_the_folder(tmp_path: Path) -> None:
    clock, source = FakeClock(), camera()
    recorder = DiskRecorder(tmp_path / "new" / "folder", clock)
    recording = recorder.start("studio", of(source))
    assert recording.state.file == ""
    send(source, list(packets("vp8", 25)), clock)
    recording.stop()
    recording.stop()
    assert source.taps == []
    await recorder.aclose()
    path = only(tmp_path / "new" / "folder")
    state = recording.state
    assert (path.name, path.stat().st_size) == (f"{NAME}-1.webm", state.size)
    assert state.file == path.name
    assert 2_300 <= state.milliseconds <= 2_500
    assert state.error == ""
    assert FILE.fullmatch(path.name)
    with av.open(str(path)) as file:
        assert len(list(file.decode(video=0))) == 25


async def test_what_is_on_disk_after_a_crash_plays(tmp_path: Path) -> None:
    clock, source = FakeClock(), camera()
    recorder = DiskRecorder(tmp_path, clock)
    recording = recorder.start("studio", of(source))
    send(source, list(packets("vp8", 35)), clock)
    recorder._thread.submit(lambda: None).result()  # the disk has everything so far
    path = only(tmp_path)
    crashed = path.read_bytes()
    with av.open(io.BytesIO(crashed)) as file:
        assert len(list(file.decode(video=0))) >= 20
    recording.stop()
    await recorder.aclose()
    assert path.stat().st_size > len(crashed)


async def test_a_recording_ends_at_its_limit_and_says_so(tmp_path: Path) -> None:
    clock, source = FakeClock(), camera()
    recorder = DiskRecorder(tmp_path, clock, limit=10_000)
    recording = recorder.start("studio", of(source))
    send(source, list(packets("vp8", 60)), clock)
    assert "limit" in recording.state.error
    assert source.taps == []
    await recorder.aclose()
    path = only(tmp_path)
    assert path.stat().st_size < 60_000
    with av.open(str(path)) as file:
        assert file.duration


async def test_the_publisher_s_end_is_the_recording_s(tmp_path: Path) -> None:
    clock, source = FakeClock(), camera()
    recorder = DiskRecorder(tmp_path, clock)
    recording = recorder.start("studio", of(source))
    send(source, list(packets("vp8", 12)), clock)
    for tap in tuple(source.taps):
        tap.closed()
    await recorder.aclose()
    assert recording.state.size == only(tmp_path).stat().st_size


async def test_two_recordings_of_one_second_have_two_files(tmp_path: Path) -> None:
    clock, source = FakeClock(), camera()
    recorder = DiskRecorder(tmp_path, clock)
    groups = list(packets("vp8", 12))
    for _ in range(2):
        recording = recorder.start("studio", of(source))
        for packet in [packet for group in groups for packet in group]:
            source.taps[0].packet(packet, True, clock.now())
        recording.stop()
    await recorder.aclose()
    assert sorted(os.listdir(tmp_path)) == [f"{NAME}-1.webm", f"{NAME}-2.webm"]


async def test_a_file_where_the_folder_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("")
    await _fails(tmp_path / "folder", "File exists")


async def _fails(folder: Path, what: str) -> None:
    clock, source = FakeClock(), camera()
    recorder = DiskRecorder(folder, clock)
    recording = recorder.start("studio", of(source))
    send(source, list(packets("vp8", 12)), clock)
    recording._thread.submit(lambda: None).result()
    await recorder.aclose()
    assert what in recording.state.error
    assert source.taps == []


async def test_a_disk_that_is_too_slow_ends_the_recording_not_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 5_000)
    clock, source = FakeClock(), camera()
    recorder = DiskRecorder(tmp_path, clock)
    recording = recorder.start("studio", of(source))
    send(source, list(packets("vp8", 60)), clock)  # the loop hears of nothing written meanwhile
    assert "too slow" in recording.state.error
    await recorder.aclose()


async def test_codecs_without_a_place_in_matroska_are_refused(tmp_path: Path) -> None:
    recorder = DiskRecorder(tmp_path, FakeClock())
    odd = FakeSource("video", "1", Codec(payload_type=96, name="H265", clock_rate=90_000))
    with pytest.raises(Refused) as refused:
        recorder.start("studio", of(odd))
    assert refused.value.code == "recording_unavailable"
    await recorder.aclose()


async def test_recordings_have_a_number_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_RECORDINGS", 1)
    recorder = DiskRecorder(tmp_path, FakeClock())
    recorder.start("studio", of(camera()))
    with pytest.raises(Refused) as refused:
        recorder.start("stage", of(camera()))
    assert refused.value.code == "recording_busy"
    await recorder.aclose()
