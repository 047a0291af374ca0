"""How large is the picture of a key frame? Read from the first bytes of the whole frame, as ``depacketize`` makes it."""

from __future__ import annotations

from salon.rtc import keyframes

Size = tuple[int, int]

_OBU_SEQUENCE_HEADER = 1


def size_of(codec: str, frame: bytes) -> Size | None:
    """Width and height in pixels, or None where the frame does not say."""
    match codec:
        case "vp8":
            return _vp8(frame)
        case "vp9":
            return _vp9(frame)
        case "h264":
            return _h264(frame)
        case "av1":
            return _av1(frame)
    return None


def is_key(codec: str, frame: bytes) -> bool:
    """Whether a VP9 frame refers to no other, by its own header. FFmpeg's packets do not say it. True for other codecs."""
    if codec != "vp9":
        return True
    return _vp9_profile_of_key(_Bits(frame[:4])) is not None


def _vp8(frame: bytes) -> Size | None:
    # RFC 6386 section 9.1: the frame tag, a start code, then both sizes in 14 bits with a scale above them.
    if len(frame) < 10 or frame[0] & 1 or frame[3:6] != b"\x9d\x01\x2a":
        return None
    return int.from_bytes(frame[6:8], "little") & 0x3FFF, int.from_bytes(frame[8:10], "little") & 0x3FFF


def _vp9_profile_of_key(bits: _Bits) -> int | None:
    """VP9 bitstream specification section 6.2, as far as frame_type: the profile, None where it is no key frame."""
    if bits.read(2) != 2:
        return None
    profile = bits.read(1) | bits.read(1) << 1
    if profile == 3:
        bits.read(1)
    # show_existing_frame repeats a picture; frame_type 0 is a key frame.
    return None if bits.read(1) or bits.read(1) else profile


def _vp9(frame: bytes) -> Size | None:
    bits = _Bits(frame[:24])
    profile = _vp9_profile_of_key(bits)
    bits.read(2)  # show_frame, error_resilient_mode
    if profile is None or bits.read(24) != 0x498342:
        return None
    if profile >= 2:
        bits.read(1)  # ten_or_twelve_bit
    srgb = bits.read(3) == 7
    if not srgb:
        bits.read(1)  # color_range
    if profile in (1, 3):
        bits.read(1 if srgb else 3)
    return bits.read(16) + 1, bits.read(16) + 1


def _h264(frame: bytes) -> Size | None:
    position = 0
    while position + 4 < len(frame):
        size = int.from_bytes(frame[position : position + 4], "big")
        found = keyframes.resolution("h264", frame[position + 4 : position + 4 + size])
        if found is not None:
            return found
        position += 4 + size
    return None


def _av1(frame: bytes) -> Size | None:
    """AV1 specification section 5.5.1, for streams without timing information, which is what WebRTC sends."""
    header = _sequence_header(frame)
    if header is None:
        return None
    bits = _Bits(header[:32])
    bits.read(4)  # seq_profile, still_picture
    if bits.read(1):  # reduced_still_picture_header
        bits.read(5)
    else:
        if bits.read(1):  # timing_info_present_flag
            return None
        delays = bits.read(1)
        for _ in range(bits.read(5) + 1):
            bits.read(12)
            if bits.read(5) > 7:
                bits.read(1)
            if delays and bits.read(1):
                bits.read(4)
    width, height = bits.read(4) + 1, bits.read(4) + 1
    found = bits.read(width) + 1, bits.read(height) + 1
    return None if bits.exhausted else found


def _sequence_header(frame: bytes) -> bytes | None:
    """The body of the first OBU that is one. Each has its size."""
    position = 0
    while position + 1 < len(frame):
        head = frame[position]
        position += 2 if head & 0x04 else 1
        size = shift = 0
        while position < len(frame) and shift < 35:
            byte = frame[position]
            position += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if head >> 3 & 15 == _OBU_SEQUENCE_HEADER:
            return frame[position : position + size]
        position += size
    return None


class _Bits:
    """Reads zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    @property
    def exhausted(self) -> bool:
        return self._left < 0

    def read(self, count: int) -> int:
        self._left -= count
        return 0 if self._left < 0 else self._value >> self._left & (1 << count) - 1
