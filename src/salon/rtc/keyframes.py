"""Is this the first packet of a key frame? And how large is the picture?

Nothing is decoded: the payload formats say it in their first bytes. Where a packet is too short to tell, the answer is no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from salon.rtc import vp8, vp9

Payload = bytes | memoryview

# H.264 (ITU-T H.264 table 7-1) and its aggregations (RFC 6184 section 5.2).
_IDR, _SPS, _STAP_A, _FU_A = 5, 7, 24, 28
# H.265 (ITU-T H.265 table 7-1) and its aggregations (RFC 7798 section 4.4).
_H265_KEYS: Final = frozenset({*range(16, 24), 32, 33})
_AP, _FU = 48, 49
# AV1 (section 6.2.2 of its specification).
_SEQUENCE_HEADER = 1

_HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})


def starts_keyframe(codec_key: str, payload: Payload) -> bool:
    """Whether a viewer's decoder can start with this payload of ``vp8``, ``vp9``, ``h264``, ``h265`` or ``av1``.

    Any other codec, audio's too, needs no key frames: every packet of it is a start.
    """
    judge = _JUDGES.get(codec_key)
    return judge is None or judge(payload)


def resolution(codec_key: str, payload: Payload) -> tuple[int, int] | None:
    """Width and height in pixels, where the packet says it: VP8 key frames and H.264 parameter sets."""
    if codec_key == "vp8":
        return vp8.resolution(payload)
    if codec_key == "h264":
        for nal in _h264_nals(payload):
            if nal[0] & 31 == _SPS:
                return _sps_resolution(bytes(nal))
    return None


def _h264(payload: Payload) -> bool:
    if len(payload) >= 2 and payload[0] & 31 == _FU_A:
        return payload[1] >= 0x80 and payload[1] & 31 in (_IDR, _SPS)
    return any(nal[0] & 31 in (_IDR, _SPS) for nal in _h264_nals(payload))


def _h264_nals(payload: Payload) -> Iterator[Payload]:
    """The NAL units that lie whole in one packet."""
    kind = payload[0] & 31 if payload else 0
    if 1 <= kind < _STAP_A:
        yield payload
    elif kind == _STAP_A:
        yield from _aggregated(payload, 1)


def _h265(payload: Payload) -> bool:
    if len(payload) < 3:
        return False
    kind = payload[0] >> 1 & 63
    if kind == _FU:
        return payload[2] >= 0x80 and payload[2] & 63 in _H265_KEYS
    if kind == _AP:
        return any(nal[0] >> 1 & 63 in _H265_KEYS for nal in _aggregated(payload, 2))
    return kind in _H265_KEYS


def _aggregated(payload: Payload, position: int) -> Iterator[Payload]:
    while position + 2 < len(payload):
        size = payload[position] << 8 | payload[position + 1]
        position += 2
        if not size or position + size > len(payload):
            return
        yield payload[position : position + size]
        position += size


def _av1(payload: Payload) -> bool:
    # RTP payload format for AV1, section 4.4: N is 1 "if the packet is the first packet of a coded video sequence".
    if len(payload) < 2:
        return False
    if payload[0] & 0x08:
        return True
    if payload[0] & 0x80:  # Z: the first element continues one of the packet before
        return False
    position = 1
    if payload[0] >> 4 & 3 != 1:  # W: all elements but a counted last one have their size in front
        while position < len(payload) and payload[position] & 0x80:
            position += 1
        position += 1
    return position < len(payload) and payload[position] >> 3 & 15 == _SEQUENCE_HEADER


_JUDGES: Final[dict[str, Callable[[Payload], bool]]] = {
    "vp8": vp8.is_key,
    "vp9": vp9.is_key,
    "h264": _h264,
    "h265": _h265,
    "av1": _av1,
}


class _Bits:
    """Exp-Golomb codes (H.264 section 9.1). Reads zeros behind the end, and counts how far it went."""

    def __init__(self, data: bytes) -> None:
        # Section 7.3.1: "emulation_prevention_three_byte" is not part of the payload.
        data = data.replace(b"\0\0\3", b"\0\0")
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    @property
    def exhausted(self) -> bool:
        return self._left < 0

    def read(self, count: int) -> int:
        self._left -= count
        return 0 if self._left < 0 else self._value >> self._left & (1 << count) - 1

    def unsigned(self) -> int:
        zeros = 0
        while zeros < 32 and self._left > 0 and not self.read(1):
            zeros += 1
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def _sps_resolution(nal: bytes) -> tuple[int, int] | None:
    """H.264 section 7.3.2.1.1, as far as the cropping."""
    bits = _Bits(nal[1:256])
    profile = bits.read(8)
    bits.read(16)
    bits.unsigned()
    chroma, separate = 1, 0
    if profile in _HIGH_PROFILES:
        chroma = bits.unsigned()
        if chroma == 3:
            separate = bits.read(1)
        bits.unsigned()
        bits.unsigned()
        bits.read(1)
        if bits.read(1):
            for index in range(8 if chroma != 3 else 12):
                if bits.read(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.read(1)
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 255)):
            bits.signed()
    bits.unsigned()
    bits.read(1)
    width, rows = 16 * (bits.unsigned() + 1), 16 * (bits.unsigned() + 1)
    frames_only = bits.read(1)
    if not frames_only:
        bits.read(1)
    bits.read(1)
    height = rows * (2 - frames_only)
    if bits.read(1):
        across = 2 if chroma in (1, 2) and not separate else 1
        down = (2 if chroma == 1 and not separate else 1) * (2 - frames_only)
        width -= across * (bits.unsigned() + bits.unsigned())
        height -= down * (bits.unsigned() + bits.unsigned())
    return None if bits.exhausted or not (0 < width <= 16384 and 0 < height <= 16384) else (width, height)


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
