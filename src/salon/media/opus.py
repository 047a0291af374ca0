"""Opus (RFC 6716), in and out, on the libopus that PyAV brings along.

PyAV's own decoder has neither of the two things that a lossy network needs, forward error correction and concealment, and it
knows no rate but 48 kHz. libopus has both, decodes to 16 kHz and encodes from 24 kHz by itself, and resamples nothing. So it is
called directly.

What is said is synthetic speech, and its encoding is much of the work. Told that it is voice, libopus uses its SILK coder up to
64 kbit/s; told that it is audio, CELT from 32 on. Distance of the log spectra of two spoken sentences (English, Chinese) from the
originals, and time for a frame of 20 ms at 24 kHz::

    voice, 32 kbit/s, complexity 3    6.9 dB  6.7 dB   101 us
    voice, 32 kbit/s, complexity 10   6.2 dB  5.8 dB
    audio, 40 kbit/s, complexity 5    5.9 dB  5.9 dB    44 us

So it is audio, until packets get lost: forward error correction is SILK's alone. CELT's complexities below 6 sound alike, and the
lowest takes half the time. Three other sentences (English, Chinese, English), spectra, signal to noise by 20 ms, and PESQ::

    audio, 40 kbit/s, complexity 0    6.9  6.4  7.2 dB   14.4  15.3  13.0 dB   3.28  3.35  3.22   16 us
    audio, 40 kbit/s, complexity 3    6.9  7.1  7.1 dB   14.2  14.8  12.4 dB   2.90  2.78  2.93   22 us
    audio, 40 kbit/s, complexity 5    6.9  6.9  7.0 dB   14.6  15.5  13.1 dB   3.00  2.87  3.04   31 us

Decoding to 16 kHz takes 11-17 us (to 48 kHz 16-25 us).
"""

from __future__ import annotations

import ctypes.util
from pathlib import Path
from typing import Any, Final

import av
import cffi

from salon.base.errors import ConfigError

FRAME_MS: Final = 20
DECODED_RATE: Final = 16_000
DECODED_SAMPLES: Final = DECODED_RATE * FRAME_MS // 1000
# A packet holds 120 ms at most (RFC 6716 section 3.2.5).
_MAX_SAMPLES: Final = DECODED_RATE * 120 // 1000
_MAX_PACKET: Final = 1_275
RATES: Final = frozenset({8_000, 12_000, 16_000, 24_000, 48_000})

# Of CELT, and of SILK.
CALM_COMPLEXITY: Final = 0
LOSSY_COMPLEXITY: Final = 5
BITRATE: Final = 40_000
# Per cent of packets lost above which forward error correction is worth its bits.
LOSSY: Final = 1

_AUDIO, _SET_BITRATE, _SET_COMPLEXITY, _SET_FEC, _SET_LOSS, _SET_DTX = 2049, 4002, 4010, 4012, 4014, 4016
_SET_SIGNAL, _VOICE, _ANY = 4024, 3001, -1000

_ffi = cffi.FFI()
_ffi.cdef(
    """
    typedef struct OpusEncoder OpusEncoder;
    typedef struct OpusDecoder OpusDecoder;
    int32_t opus_encoder_get_size(int channels);
    OpusEncoder *opus_encoder_create(int32_t rate, int channels, int application, int *error);
    void opus_encoder_destroy(OpusEncoder *encoder);
    int32_t opus_encode(OpusEncoder *encoder, const int16_t *samples, int count, unsigned char *packet, int32_t size);
    int opus_encoder_ctl(OpusEncoder *encoder, int request, ...);
    OpusDecoder *opus_decoder_create(int32_t rate, int channels, int *error);
    void opus_decoder_destroy(OpusDecoder *decoder);
    int opus_decode(OpusDecoder *decoder, const unsigned char *packet, int32_t size, int16_t *samples, int count, int fec);
    """
)


def _load() -> Any:
    """PyAV's wheels have libopus beside them; where PyAV was built here, the system has it."""
    bundled = Path(av.__file__).parent.parent / "av.libs"
    dylibs = Path(av.__file__).parent / ".dylibs"
    names = [
        str(path)
        for folder in (bundled, dylibs)
        for path in sorted(folder.glob("*opus*"))
        if "opusfile" not in path.name
    ]
    if system := ctypes.util.find_library("opus"):
        names.append(system)
    for name in names:
        try:
            return _ffi.dlopen(name)
        except OSError:  # pragma: no cover - of another machine
            continue
    return None


_lib = _load()


def require() -> None:
    """Raises ``ConfigError`` where there is no libopus."""
    if _lib is None:
        raise ConfigError(
            "There is no libopus: install it (Debian: apt install libopus0), or PyAV's wheel.", code="no_opus"
        )


class Encoder:
    """16-bit mono samples to packets of 20 ms."""

    def __init__(self, rate: int, bitrate: int = BITRATE) -> None:
        require()
        assert rate in RATES
        error = _ffi.new("int *")
        self.samples = rate * FRAME_MS // 1000
        self._encoder = _ffi.gc(_lib.opus_encoder_create(rate, 1, _AUDIO, error), _lib.opus_encoder_destroy)
        self._packet = _ffi.new("unsigned char[]", _MAX_PACKET)
        self._view = _ffi.buffer(self._packet)
        # opus.h: the state "is position independent and can be freely copied". 32 kB, 0.5 us.
        self._size = _lib.opus_encoder_get_size(1)
        self._before = _ffi.new("char[]", self._size)
        self._percent = 0
        for request, value in (
            (_SET_BITRATE, bitrate),
            (_SET_COMPLEXITY, CALM_COMPLEXITY),
            (_SET_DTX, 1),
        ):
            self._set(request, value)

    def encode(self, samples: bytes) -> bytes:
        """``samples`` is exactly 20 ms. One or two bytes say that silence begins or lasts: they need not be sent."""
        assert len(samples) == 2 * self.samples
        _ffi.memmove(self._before, self._encoder, self._size)
        size = _lib.opus_encode(
            self._encoder, _ffi.from_buffer("int16_t[]", samples), self.samples, self._packet, _MAX_PACKET
        )
        return bytes(self._view[:size]) if size > 0 else b""

    def undo(self) -> None:
        """The packet that was made last is not sent. Who encodes on without this is heard off by as much as the sound itself:
        each packet says how it differs from the one before."""
        _ffi.memmove(self._encoder, self._before, self._size)
        self.expect_loss(self._percent)

    def expect_loss(self, percent: int) -> None:
        """Of the packets to come so many will be lost: carry so much of each in the one behind it."""
        self._percent = percent
        lossy = percent >= LOSSY
        self._set(_SET_FEC, int(lossy))
        self._set(_SET_COMPLEXITY, LOSSY_COMPLEXITY if lossy else CALM_COMPLEXITY)
        # libopus takes SILK for what it is told is a voice, once there is any loss; else it waits for more of it.
        self._set(_SET_SIGNAL, _VOICE if lossy else _ANY)
        self._set(_SET_LOSS, min(percent, 50))

    def _set(self, request: int, value: int) -> None:
        _lib.opus_encoder_ctl(self._encoder, request, _ffi.cast("int", value))


class Decoder:
    """Packets to 16-bit mono samples at 16 kHz."""

    def __init__(self) -> None:
        require()
        error = _ffi.new("int *")
        self._decoder = _ffi.gc(_lib.opus_decoder_create(DECODED_RATE, 1, error), _lib.opus_decoder_destroy)
        self._samples = _ffi.new("int16_t[]", _MAX_SAMPLES)
        self._view = _ffi.buffer(self._samples)

    def decode(self, packet: bytes) -> bytes:
        """Empty where it is not Opus."""
        return self._taken(_lib.opus_decode(self._decoder, packet, len(packet), self._samples, _MAX_SAMPLES, 0))

    def recover(self, following: bytes) -> bytes:
        """The 20 ms before the packet ``following``, as far as that carries them (RFC 6716 section 2.1.7)."""
        size = len(following)
        return self._taken(_lib.opus_decode(self._decoder, following, size, self._samples, DECODED_SAMPLES, 1))

    def conceal(self) -> bytes:
        """20 ms made up from what came before."""
        return self._taken(_lib.opus_decode(self._decoder, _ffi.NULL, 0, self._samples, DECODED_SAMPLES, 0))

    def _taken(self, count: int) -> bytes:
        return bytes(self._view[: 2 * count]) if count > 0 else b""
