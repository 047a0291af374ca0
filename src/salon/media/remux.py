"""A publisher's packets become Matroska files: frames are put together and given their times, and nothing is decoded.

No file is touched here: what happens to which file is returned, for ``recorder`` to perform. Times are milliseconds.

A file begins with a key frame of the video, or, where no video comes within ``VIDEO_WAIT_MS``, with what there is. A new file
begins when its tracks are no longer what its beginning says: video came after all, or a codec's parameters changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from salon.ports.media import Source
from salon.rtc import pictures
from salon.rtc.depacketize import Depacketizer, Frame
from salon.rtc.rtp import Packet, Unwrapper
from salon.wire import matroska
from salon.wire.matroska import CODEC_IDS, Patch, Track, codec_private

VIDEO_WAIT_MS: Final = 5_000
# Players can only jump to key frames, and WebRTC's encoders make none of themselves.
KEY_EVERY_MS: Final = 10_000
KEY_RETRY_MS: Final = 1_000
ALIGN_EVERY_MS: Final = 1_000
# What an ear and an eye notice (ITU-R BT.1359: 45 ms early, 125 ms late).
ALIGN_MS: Final = 40
MAX_SHIFT_MS: Final = 10_000
# Farther apart, the two tracks' clocks are not the same: one of them has had no sender report yet.
SAME_CLOCK_MS: Final = 60_000

APP: Final = "Salon"


class Begin(msgspec.Struct, frozen=True):
    """A new file. ``suffix`` is its name's end, ``webm`` or ``mkv``."""

    suffix: str
    data: bytes


class Append(msgspec.Struct, frozen=True):
    data: bytes


class Finish(msgspec.Struct, frozen=True):
    """Nothing more comes for the file."""

    data: bytes
    patches: tuple[Patch, ...]


Step = Begin | Append | Finish


def recordable(source: Source) -> bool:
    return source.codec.key in CODEC_IDS


class _Stream:
    """One source on its way to a track. ``offset`` makes its timestamps times."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.kind = source.kind
        self.codec = source.codec.key
        self.rate = source.codec.clock_rate
        self.ssrc: int | None = None
        self.depacketizer = Depacketizer(self.codec, source.codec.parameters)
        self.unwrap = Unwrapper(32)
        self.offset: int | None = None
        self.last_at = 0
        self.last_now = 0
        self.asked_at = -KEY_RETRY_MS
        self.private = b""
        self.size = (0, 0)
        self.number = -1
        """Its track in the present file; -1 while it has none."""

    def frames(self, packet: Packet) -> list[Frame]:
        if packet.ssrc != self.ssrc:
            # Another layer, or another encoder: numbers and timestamps begin anew.
            self.ssrc = packet.ssrc
            self.depacketizer = Depacketizer(self.codec, self.source.codec.parameters)
            self.unwrap = Unwrapper(32)
            self.offset = None
        return self.depacketizer.push(packet)

    def milliseconds(self, timestamp: int) -> int:
        return self.unwrap(timestamp) * 1000 // self.rate

    def time(self, frame: Frame, now: int) -> int:
        at = self.milliseconds(frame.timestamp)
        if self.offset is None:
            self.offset = now - at
        self.last_at = max(self.last_at, at + self.offset)
        self.last_now = now
        return self.last_at

    def track(self) -> Track:
        channels = self.source.codec.channels or 1
        if self.kind == "audio":
            rate = self.rate
            private = codec_private(self.codec, b"", channels=channels, rate=rate)
            return Track(kind="audio", codec=self.codec, private=private, rate=rate, channels=channels)
        width, height = self.size
        return Track(kind="video", codec=self.codec, private=self.private, width=width, height=height)


def _told(source: Source) -> tuple[int, int]:
    """The picture's size by the engine's word. Players go by what the frames say; a file may not say nothing."""
    best = next((layer for layer in reversed(source.layers) if layer.width and layer.height), None)
    return (best.width, best.height) if best is not None else (640, 360)


class Remux:
    """``feed`` takes the packets of ``sources[index]`` as its tap gets them; ``end`` finishes. ``size`` counts the bytes of all
    files, ``milliseconds`` how long they are together."""

    def __init__(self, sources: Sequence[Source], title: str, now: int) -> None:
        self.size = 0
        self._streams = [_Stream(source) for source in sources]
        self._title = title
        self._begun_at = now
        self._aligned_at = now
        self._writer: matroska.Writer | None = None
        self._zero = 0
        self._lead: _Stream | None = None
        self._before = 0

    @property
    def milliseconds(self) -> int:
        return self._before + (self._writer.duration if self._writer is not None else 0)

    def feed(self, index: int, packet: Packet, now: int) -> list[Step]:
        stream = self._streams[index]
        steps: list[Step] = []
        for frame in stream.frames(packet):
            self._frame(stream, frame, now, steps)
        if stream.kind == "video":
            wait = KEY_RETRY_MS if stream.depacketizer.needs_key else KEY_EVERY_MS
            if now - stream.asked_at >= wait:
                stream.asked_at = now
                stream.source.request_keyframe()
        if now - self._aligned_at >= ALIGN_EVERY_MS:
            self._aligned_at = now
            self._align(now)
        return steps

    def end(self) -> list[Step]:
        writer, self._writer = self._writer, None
        if writer is None:
            return []
        self._before += writer.duration
        data, patches = writer.end()
        self.size += len(data)
        return [Finish(data, tuple(patches))]

    def _frame(self, stream: _Stream, frame: Frame, now: int, steps: list[Step]) -> None:
        at = stream.time(frame, now)
        if stream.kind == "video" and frame.key:
            private = codec_private(stream.codec, frame.data)
            size = pictures.size_of(stream.codec, frame.data)
            # Without parameters a player could not show a frame of these; the next key frame may have them.
            known = private or stream.codec not in ("h264", "av1")
            if known and (stream.number < 0 or private != stream.private):
                stream.private, stream.size = private, size or _told(stream.source)
                self._begin(stream, at, steps)
        if self._writer is None and self._may_begin_without_video(now):
            self._begin(stream, at, steps)
        if self._writer is None or stream.number < 0 or at < self._zero:
            return
        cluster = self._writer.add(stream.number, at - self._zero, frame.data, frame.key)
        if cluster:
            self.size += len(cluster)
            steps.append(Append(cluster))

    def _may_begin_without_video(self, now: int) -> bool:
        has_video = any(stream.kind == "video" for stream in self._streams)
        return not has_video or now - self._begun_at >= VIDEO_WAIT_MS

    def _begin(self, lead: _Stream, at: int, steps: list[Step]) -> None:
        """A file with all tracks whose parameters are known."""
        steps += self.end()
        if lead.kind == "video" or self._lead is None:
            self._lead = lead
        self._zero = at
        tracks: list[Track] = []
        for stream in self._streams:
            ready = stream.kind == "audio" or stream.size != (0, 0)
            stream.number = len(tracks) if ready else -1
            if ready:
                tracks.append(stream.track())
        self._writer = matroska.Writer(tracks, app=APP, title=self._title)
        data = self._writer.begin()
        self.size += len(data)
        suffix = "webm" if matroska.is_webm([track.codec for track in tracks]) else "mkv"
        steps.append(Begin(suffix, data))

    def _align(self, now: int) -> None:
        """Bring the others into step with the lead, by the clocks of their sender reports."""
        lead = self._lead
        if lead is None or lead.offset is None:
            return
        lead_ntp, lead_timestamp = lead.source.clock(now)
        lead_at = lead.milliseconds(lead_timestamp) + lead.offset
        for stream in self._streams:
            if stream is lead or stream.offset is None:
                continue
            ntp, timestamp = stream.source.clock(now)
            apart = (lead_ntp - ntp) * 1000 >> 32
            if abs(apart) > SAME_CLOCK_MS:
                continue
            offset = lead_at - apart - stream.milliseconds(timestamp)
            # What is farther off than any network delays is a mistake of the publisher's.
            if ALIGN_MS <= abs(offset - stream.offset) <= MAX_SHIFT_MS:
                stream.offset = offset
