"""Matroska and WebM (RFC 9559, RFC 8794), written piece by piece so that what is on disk can always be played.

A file begins with its tracks, clusters follow whole, each of about a second, and the end adds what players seek by: an index
(Cues) and the duration. A file without its end plays all the same.

::

    EBML header | Segment (size unknown until the end)
                  SeekHead (room for it) | Info | Tracks | Cluster | Cluster | ... | Cues
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

CLUSTER_MS: Final = 1_000
MAX_CLUSTER: Final = 4 * 1024 * 1024
# A block says its time as 16 bits, relative to its cluster's (RFC 9559 section 10.2).
MAX_RELATIVE: Final = 30_000
# RFC 9559 section 4.5 and RFC 8794 section 6.2: all ones is an unknown size.
UNKNOWN_SIZE: Final = b"\x01" + b"\xff" * 7
SEEK_ROOM: Final = 96

CODEC_IDS: Final = {
    "vp8": "V_VP8",
    "vp9": "V_VP9",
    "av1": "V_AV1",
    "h264": "V_MPEG4/ISO/AVC",
    "opus": "A_OPUS",
    "pcmu": "A_MS/ACM",
    "pcma": "A_MS/ACM",
}
WEBM: Final = frozenset({"vp8", "vp9", "av1", "opus"})

# Opus decoders need 80 ms to converge after a seek (RFC 7845 section 4.6); WebRTC's encoders look ahead by 6.5 ms = 312 samples.
SEEK_PREROLL_NS: Final = 80_000_000
PRE_SKIP: Final = 312


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """``codec`` is a key of ``CODEC_IDS``. ``private`` is ``codec_private``'s."""

    kind: Literal["audio", "video"]
    codec: str
    private: bytes = b""
    width: int = 0
    height: int = 0
    rate: int = 48_000
    channels: int = 2


class Patch(msgspec.Struct, frozen=True):
    """Bytes to be written over what stands at ``offset``."""

    offset: int
    data: bytes


def is_webm(codecs: Sequence[str]) -> bool:
    """Whether browsers' own container will do; H.264 and telephone codecs need Matroska."""
    return set(codecs) <= WEBM


class Writer:
    """Makes the bytes of one file. ``size`` is how many were made; times are milliseconds from the file's beginning.

    Blocks of all tracks may come in any order within a cluster's 30 s; tracks are counted from 0.
    """

    def __init__(self, tracks: Sequence[Track], *, app: str, title: str = "") -> None:
        self.size = 0
        self.duration = 0
        self._tracks = tuple(tracks)
        self._app = app
        self._title = title
        self._has_video = any(track.kind == "video" for track in tracks)
        self._blocks = bytearray()
        self._cluster_at: int | None = None
        self._cluster_key = False
        self._cues: list[tuple[int, int]] = []
        self._seek_at = self._segment = self._duration_at = self._info_at = self._tracks_at = 0

    def begin(self) -> bytes:
        """What every file starts with."""
        doc = b"webm" if is_webm([track.codec for track in self._tracks]) else b"matroska"
        head = _element(
            0x1A45DFA3,
            _uint(0x4286, 1) + _uint(0x42F7, 1) + _uint(0x42F2, 4) + _uint(0x42F3, 8)
            + _element(0x4282, doc) + _uint(0x4287, 4) + _uint(0x4285, 2),
        )  # fmt: skip
        out = bytearray(head)
        out += _id(0x18538067) + UNKNOWN_SIZE
        self._segment = len(out)
        self._seek_at = len(out)
        out += _void(SEEK_ROOM)
        self._info_at = len(out)
        names = _text(0x4D80, self._app) + _text(0x5741, self._app)
        if self._title:
            names += _text(0x7BA9, self._title)
        info = _uint(0x2AD7B1, 1_000_000) + names
        room = _void(11)  # as long as a Duration
        out += _element(0x1549A966, info + room)
        self._duration_at = len(out) - len(room)
        self._tracks_at = len(out)
        entries = b"".join(_track_entry(number, track) for number, track in enumerate(self._tracks, 1))
        out += _element(0x1654AE6B, entries)
        self.size = len(out)
        return bytes(out)

    def add(self, track: int, at: int, data: bytes, key: bool) -> bytes:
        """One frame. Returns the cluster that it completes, mostly nothing."""
        is_start = key and (self._tracks[track].kind == "video" or not self._has_video)
        out = b""
        if self._cluster_at is not None:
            passed = at - self._cluster_at
            full = len(self._blocks) > MAX_CLUSTER or abs(passed) > MAX_RELATIVE
            # A cluster that starts with a key frame can be sought to.
            if full or (passed >= CLUSTER_MS and (is_start or not self._has_video or passed >= 2 * CLUSTER_MS)):
                out = self.flush()
        if self._cluster_at is None:
            self._cluster_at = max(at, 0)
            self._cluster_key = is_start
        relative = max(at, 0) - self._cluster_at
        head = bytes((0x80 | (track + 1),)) + struct.pack(">hB", relative, 0x80 if key else 0)
        self._blocks += _id(0xA3) + _size(len(head) + len(data)) + head + data
        self.duration = max(self.duration, at)
        return out

    def flush(self) -> bytes:
        """The cluster that was begun."""
        if self._cluster_at is None:
            return b""
        cluster = _element(0x1F43B675, _uint(0xE7, self._cluster_at) + bytes(self._blocks))
        if self._cluster_key:
            self._cues.append((self._cluster_at, self.size - self._segment))
        self.size += len(cluster)
        self._cluster_at = None
        self._blocks.clear()
        return cluster

    def end(self) -> tuple[bytes, list[Patch]]:
        """What closes the file, behind everything else, and what is then known of its beginning. Cues must not be written before
        ``flush`` has been."""
        out = self.flush()
        cues_at = self.size
        points = b"".join(
            _element(0xBB, _uint(0xB3, at) + _element(0xB7, _uint(0xF7, self._cue_track) + _uint(0xF1, position)))
            for at, position in self._cues
        )
        cues = _element(0x1C53BB6B, points) if points else b""
        self.size += len(cues)
        places = [(0x1549A966, self._info_at), (0x1654AE6B, self._tracks_at)]
        if cues:
            places.append((0x1C53BB6B, cues_at))
        seeks = b"".join(
            _element(0x4DBB, _element(0x53AB, _id(which)) + _uint(0x53AC, offset - self._segment))
            for which, offset in places
        )
        seek_head = _element(0x114D9B74, seeks)
        patches = [
            Patch(self._segment - 8, b"\x01" + (self.size - self._segment).to_bytes(7, "big")),
            Patch(self._seek_at, seek_head + _void(SEEK_ROOM - len(seek_head))),
            Patch(self._duration_at, _element(0x4489, struct.pack(">d", float(self.duration)))),
        ]
        return out + cues, patches

    @property
    def _cue_track(self) -> int:
        kinds = [track.kind for track in self._tracks]
        return kinds.index("video") + 1 if "video" in kinds else 1


def codec_private(codec: str, first: bytes, *, channels: int = 2, rate: int = 48_000) -> bytes:
    """What a player must know before the first frame, made of ``first``, a key frame: NAL units behind their lengths for
    ``h264``, OBUs with their sizes for ``av1``."""
    match codec:
        case "opus":
            # RFC 7845 section 5.1; the numbers are little-endian.
            return b"OpusHead" + struct.pack("<BBHIhB", 1, channels, PRE_SKIP, rate, 0, 0)
        case "h264":
            return _avcc(first)
        case "av1":
            return _av1c(first)
        case "pcmu" | "pcma":
            # WAVEFORMATEX (RFC 9559 refers to Microsoft's): tag 6 is A-law, 7 is mu-law.
            tag = 7 if codec == "pcmu" else 6
            return struct.pack("<HHIIHHH", tag, channels, rate, rate * channels, channels, 8, 0)
    return b""


def _avcc(frame: bytes) -> bytes:
    """ISO/IEC 14496-15 section 5.3.3.1, with the parameter sets that stand in the frame."""
    sets: dict[int, list[bytes]] = {7: [], 8: []}
    position = 0
    while position + 4 < len(frame):
        size = int.from_bytes(frame[position : position + 4], "big")
        unit = frame[position + 4 : position + 4 + size]
        if unit and unit[0] & 31 in sets and unit not in sets[unit[0] & 31]:
            sets[unit[0] & 31].append(unit)
        position += 4 + size
    if not sets[7] or len(sets[7][0]) < 4 or not sets[8]:
        return b""
    out = bytearray((1, *sets[7][0][1:4], 0xFF, 0xE0 | len(sets[7][:31])))
    for unit in sets[7][:31]:
        out += len(unit).to_bytes(2, "big") + unit
    out.append(len(sets[8][:255]))
    for unit in sets[8][:255]:
        out += len(unit).to_bytes(2, "big") + unit
    if sets[7][0][1] in (100, 110, 122, 144):
        out += b"\xfd\xf8\xf8\x00"  # 4:2:0 in 8 bits, which is all that WebRTC sends
    return bytes(out)


def _av1c(frame: bytes) -> bytes:
    """AV1 in ISOBMFF section 2.3.3: marker and version, then the sequence header, from which players read the rest."""
    position = 0
    while position + 1 < len(frame):
        kind = frame[position] >> 3 & 15
        start = position
        position += 2 if frame[position] & 4 else 1
        size = shift = 0
        while position < len(frame):
            byte = frame[position]
            position += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80 or shift > 28:
                break
        if kind == 1:
            header = frame[start : position + size]
            body = frame[position : position + size]
            return bytes((0x81, *_av1_profile(body))) + header
        position += size
    return b""


def _av1_profile(sequence_header: bytes) -> tuple[int, int, int]:
    """The three bytes behind the marker, from a sequence header whose stream has one operating point and no timing."""
    head = int.from_bytes(sequence_header[:4].ljust(4, b"\0"), "big")
    profile, reduced = head >> 29, head >> 27 & 1
    if reduced:
        level, tier = head >> 22 & 31, 0
    elif head >> 26 & 1:  # timing_info: its length varies, and players do not need the level
        level, tier = 8, 0
    else:
        # initial_display_delay_present_flag, operating_points_cnt_minus_1 (5), operating_point_idc (12), seq_level_idx (5).
        level = head >> 3 & 31
        tier = head >> 2 & 1 if level > 7 else 0
    return profile << 5 | level, tier << 7 | 0x0C, 0  # 8 bits, 4:2:0


def _track_entry(number: int, track: Track) -> bytes:
    body = _uint(0xD7, number) + _uint(0x73C5, number) + _uint(0x83, 1 if track.kind == "video" else 2)
    body += _uint(0x9C, 0) + _element(0x86, CODEC_IDS[track.codec].encode())
    if track.private:
        body += _element(0x63A2, track.private)
    if track.codec == "opus":
        body += _uint(0x56AA, PRE_SKIP * 1_000_000_000 // 48_000) + _uint(0x56BB, SEEK_PREROLL_NS)
    if track.kind == "video":
        return _element(0xAE, body + _element(0xE0, _uint(0xB0, track.width) + _uint(0xBA, track.height)))
    audio = _element(0xB5, struct.pack(">d", float(track.rate))) + _uint(0x9F, track.channels)
    return _element(0xAE, body + _element(0xE1, audio))


def _element(which: int, content: bytes) -> bytes:
    return _id(which) + _size(len(content)) + content


def _id(which: int) -> bytes:
    return which.to_bytes((which.bit_length() + 7) // 8, "big")


def _size(value: int) -> bytes:
    """RFC 8794 section 4: the number of leading zeros says how many bytes follow."""
    for width in range(1, 9):
        # All ones is kept for the unknown size.
        if value < (1 << 7 * width) - 1:
            return (value | 1 << 7 * width).to_bytes(width, "big")
    raise ValueError("an element of more than 2**56 bytes")


def _uint(which: int, value: int) -> bytes:
    return _element(which, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _text(which: int, value: str) -> bytes:
    return _element(which, value.encode())


def _void(size: int) -> bytes:
    """An element of that many bytes, at least 2, that players pass over."""
    if size < 9:
        return b"\xec" + _size(size - 2) + bytes(size - 2)
    return b"\xec\x01" + (size - 9).to_bytes(7, "big") + bytes(size - 9)
