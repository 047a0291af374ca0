"""From RTP packets back to the frames that an encoder made, for those who keep them: nothing is decoded.

Packets may come in any order and with holes. After a hole, video waits for the next key frame, because what lies between
refers to pictures that are not there; audio goes on.

======  ==========================  ==========================================================
codec   payload format              a frame's ``data``
======  ==========================  ==========================================================
vp8     RFC 7741                    the frame
vp9     RFC 9628                    the frame; several spatial layers as a superframe
h264    RFC 6184                    NAL units, each behind its length in 4 bytes, big-endian
av1     the AOM's, version 1.0      OBUs with their sizes, without temporal delimiters
audio   whole payload (RFC 7587)    the payload
======  ==========================  ==========================================================
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from salon.rtc import pictures, vp8, vp9
from salon.rtc.keyframes import starts_keyframe
from salon.rtc.rtp import Packet, Unwrapper

VIDEO: Final = frozenset({"vp8", "vp9", "h264", "av1"})

# Packets that wait for one before them. A retransmission takes a round trip or a few; 1.5 Mbit/s are 150 packets a second, and
# audio is 50.
MAX_WAITING: Final = 512
MAX_WAITING_AUDIO: Final = 50
# A jump farther than this is a new numbering (RFC 3550 appendix A.1).
MAX_DROPOUT: Final = 3000
# No frame of a camera or a screen comes near.
MAX_FRAME: Final = 8 * 1024 * 1024


class Frame(NamedTuple):
    """``timestamp`` is RTP's. ``key`` says that a decoder can start here, as it can anywhere in audio."""

    data: bytes
    timestamp: int
    key: bool


class Depacketizer:
    """One stream. ``codec`` is the codec's key (``vp8``, ``opus``); ``parameters`` are its ``a=fmtp``."""

    def __init__(self, codec: str, parameters: Mapping[str, str] | None = None) -> None:
        self.lost = 0
        """Packets that were given up."""
        self._codec = codec
        self._is_video = codec in VIDEO
        self._most = MAX_WAITING if self._is_video else MAX_WAITING_AUDIO
        self._join = _JOINERS.get(codec)
        self._parts: list[bytes] = []
        self._size = 0
        self._timestamp: int | None = None
        self._key = False
        self._waiting: dict[int, Packet] = {}
        self._unwrap = Unwrapper(16)
        self._next: int | None = None
        self._parameter_sets = _sprop(parameters or {}) if codec == "h264" else {}
        self.needs_key = self._is_video
        """Nothing comes until a key frame does: ask the sender for one."""

    def push(self, packet: Packet) -> list[Frame]:
        """The frames that this packet completes."""
        number = self._unwrap(packet.sequence)
        if self._next is None or abs(number - self._next) > MAX_DROPOUT:
            self._restart(number)
        assert self._next is not None
        if number < self._next:
            return []
        self._waiting[number] = packet
        frames: list[Frame] = []
        self._deliver(frames)
        if len(self._waiting) > self._most:
            self._give_up(min(self._waiting))
            self._deliver(frames)
        return frames

    def flush(self) -> list[Frame]:
        """The end: whatever can still be had of what waits."""
        frames: list[Frame] = []
        while self._waiting:
            self._give_up(min(self._waiting))
            self._deliver(frames)
        return frames

    def _deliver(self, frames: list[Frame]) -> None:
        assert self._next is not None
        while (packet := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            if packet.payload == packet.end:
                continue  # padding: a probe for bandwidth
            if self._is_video:
                self._video(packet, frames)
            else:
                payload = packet.data[packet.payload : packet.end]
                frames.append(Frame(bytes(payload), packet.timestamp, True))

    def _give_up(self, first: int) -> None:
        """Go on at ``first``; what is before it is lost."""
        assert self._next is not None
        self.lost += first - self._next
        self._next = first
        self._drop()
        self.needs_key = self._is_video

    def _restart(self, number: int) -> None:
        self._waiting.clear()
        self._drop()
        self._next = number
        self.needs_key = self._is_video

    def _drop(self) -> None:
        self._parts = []
        self._size = 0
        self._timestamp = None

    def _video(self, packet: Packet, frames: list[Frame]) -> None:
        payload = packet.data[packet.payload : packet.end]
        if packet.timestamp != self._timestamp:
            # A sender that sets no marker: the next frame ends the one before.
            self._finish(frames)
            self._timestamp = packet.timestamp
            self._key = starts_keyframe(self._codec, payload)
        self._size += len(payload)
        if self._size > MAX_FRAME:
            self._parts = []
            self.needs_key = True
        else:
            self._parts.append(payload)
        if packet.marker:
            self._finish(frames)

    def _finish(self, frames: list[Frame]) -> None:
        parts, timestamp, key = self._parts, self._timestamp, self._key
        self._drop()
        if not parts or timestamp is None or (self.needs_key and not key):
            return
        assert self._join is not None
        data = self._join(parts)
        if data is None:
            # Not of this format, or the beginning is missing.
            self.needs_key = True
            return
        if self._codec == "h264":
            data, key = self._complete(data, key)
            if self.needs_key and not key:
                return
        elif key and not pictures.is_key(self._codec, data):
            key = False
            if self.needs_key:
                return
        if data:
            self.needs_key = False
            frames.append(Frame(data, timestamp, key))

    def _complete(self, data: bytes, starts: bool) -> tuple[bytes, bool]:
        """With the parameter sets that its IDR picture needs, if they came before or in the offer."""
        units = list(nal_units(data))
        own = {unit[0] & 31: unit for unit in units if unit and unit[0] & 31 in (_SPS, _PPS)}
        self._parameter_sets.update(own)
        key = starts and any(unit and unit[0] & 31 == _IDR for unit in units)
        if not key:
            return data, False
        if len(self._parameter_sets) < 2:
            return data, False
        missing = [self._parameter_sets[kind] for kind in (_SPS, _PPS) if kind not in own]
        return b"".join(map(_with_length, missing)) + data, True


def nal_units(data: bytes) -> list[bytes]:
    """The NAL units of an H.264 frame as ``Depacketizer`` makes it."""
    units, position = [], 0
    while position + 4 <= len(data):
        size = int.from_bytes(data[position : position + 4], "big")
        units.append(data[position + 4 : position + 4 + size])
        position += 4 + size
    return units


_IDR, _SPS, _PPS, _STAP_A, _FU_A = 5, 7, 8, 24, 28
_TEMPORAL_DELIMITER, _TILE_LIST = 2, 8


def _sprop(parameters: Mapping[str, str]) -> dict[int, bytes]:
    """RFC 6184 section 8.1: ``sprop-parameter-sets``, by NAL unit type."""
    found = {}
    for text in parameters.get("sprop-parameter-sets", "").split(",")[:8]:
        try:
            unit = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            continue
        if unit and unit[0] & 31 in (_SPS, _PPS):
            found[unit[0] & 31] = unit
    return found


def _with_length(unit: bytes) -> bytes:
    return len(unit).to_bytes(4, "big") + unit


def _join_vp8(parts: list[bytes]) -> bytes | None:
    frame = bytearray()
    for index, part in enumerate(parts):
        found = vp8.parse(part)
        if found is None or (index == 0) != found.starts_frame:
            return None
        frame += part[found.size :]
    return bytes(frame)


def _join_vp9(parts: list[bytes]) -> bytes | None:
    layers: list[bytearray] = []
    for part in parts:
        found = vp9.parse(part)
        if found is None:
            return None
        # RFC 9628 section 4.2: B is the start of a frame, which is one spatial layer of the picture.
        if found.starts_frame:
            layers.append(bytearray())
        elif not layers:
            return None
        layers[-1] += part[found.size :]
    if len(layers) == 1:
        return bytes(layers[0])
    return _superframe([bytes(layer) for layer in layers]) if len(layers) <= 8 else None


def _superframe(layers: list[bytes]) -> bytes:
    """VP9 bitstream specification, annex B: the frames, then an index of their sizes."""
    width = max(1, (max(map(len, layers)).bit_length() + 7) // 8)
    head = bytes((0xC0 | (width - 1) << 3 | len(layers) - 1,))
    return b"".join((*layers, head, *(len(layer).to_bytes(width, "little") for layer in layers), head))


def _join_h264(parts: list[bytes]) -> bytes | None:
    frame = bytearray()
    fragment: bytearray | None = None
    for part in parts:
        kind = part[0] & 31
        if kind == _FU_A:
            if len(part) < 2:
                return None
            if part[1] & 0x80:
                # Section 5.8: the header of the whole unit is rebuilt from the indicator's and the fragment's.
                fragment = bytearray((part[0] & 0xE0 | part[1] & 0x1F,))
            if fragment is None:
                return None
            fragment += part[2:]
            if part[1] & 0x40:
                frame += _with_length(bytes(fragment))
                fragment = None
        elif kind == _STAP_A:
            position = 1
            while position + 2 <= len(part):
                size = part[position] << 8 | part[position + 1]
                unit = part[position + 2 : position + 2 + size]
                if not size or len(unit) < size:
                    return None
                frame += _with_length(unit)
                position += 2 + size
        elif 1 <= kind < _STAP_A:
            frame += _with_length(part)
        else:
            return None
    return None if fragment is not None else bytes(frame)


def _join_av1(parts: list[bytes]) -> bytes | None:
    frame = bytearray()
    open_obu = bytearray()
    for part in parts:
        head, position = part[0], 1
        continues, unfinished, count = head & 0x80, head & 0x40, head >> 4 & 3
        index = 0
        if bool(continues) != bool(open_obu):
            return None
        while position < len(part):
            index += 1
            size = len(part) - position
            if not count or index < count:
                found = _leb128(part, position)
                if found is None or found[0] > len(part) - found[1]:
                    return None
                size, position = found
            open_obu += part[position : position + size]
            position += size
            if position < len(part) or not unfinished:
                if (obu := _sized_obu(bytes(open_obu))) is None:
                    return None
                frame += obu
                open_obu = bytearray()
    return None if open_obu else bytes(frame)


def _sized_obu(obu: bytes) -> bytes | None:
    """The OBU with its size, as files have it; packets leave it out (section 4.4 of the payload format)."""
    if not obu:
        return None
    kind = obu[0] >> 3 & 15
    # "The temporal delimiter OBU … SHOULD be removed"; in Matroska it must not be there.
    if kind in (_TEMPORAL_DELIMITER, _TILE_LIST):
        return b""
    header = 2 if obu[0] & 0x04 else 1
    if obu[0] & 0x02:
        return obu
    if len(obu) < header:
        return None
    return bytes((obu[0] | 0x02,)) + obu[1:header] + _to_leb128(len(obu) - header) + obu[header:]


def _leb128(data: bytes, position: int) -> tuple[int, int] | None:
    """A number in AV1's variable length, and the offset behind it."""
    value = 0
    for shift in range(0, 35, 7):
        if position >= len(data):
            return None
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
    return None


def _to_leb128(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


_JOINERS: Final[dict[str, Callable[[list[bytes]], bytes | None]]] = {
    "vp8": _join_vp8,
    "vp9": _join_vp9,
    "h264": _join_h264,
    "av1": _join_av1,
}
