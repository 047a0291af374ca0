"""FFmpeg as a publisher: it encodes pictures or sound and cuts the frames into RTP packets, sent to a socket of ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np

from salon.rtc.rtp import Packet, parse

WIDTH, HEIGHT, FPS = 320, 240, 10
ENCODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9", "h264": "libx264", "av1": "libsvtav1", "opus": "libopus"}
_OPTIONS: dict[str, dict[str, str]] = {
    "vp8": {"deadline": "good", "cpu-used": "5", "lag-in-frames": "0", "b": "300k"},
    "vp9": {"deadline": "good", "cpu-used": "8", "lag-in-frames": "0", "b": "300k"},
    "h264": {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline", "b": "300k", "x264-params": "repeat-headers=1"},
    "av1": {"preset": "12", "svtav1-params": "pred-struct=1:lookahead=0:rtc=1"},
}  # fmt: skip


def encoded(codec: str, count: int, *, key_every: int = 10) -> Iterator[tuple[bytes, bool]]:
    """Frames and whether they are key frames: pictures at 10 a second, or 20 ms of sound."""
    encoder = _encoder(codec, key_every)
    for frame in _frames(codec, count, key_every):
        for packet in encoder.encode(frame):
            yield bytes(packet), packet.is_keyframe
    for packet in encoder.encode(None):
        yield bytes(packet), packet.is_keyframe


def packets(codec: str, count: int, *, key_every: int = 10) -> Iterator[list[Packet]]:
    """The packets of each frame."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inbox:
        inbox.bind(("127.0.0.1", 0))
        inbox.settimeout(0)
        url = f"rtp://127.0.0.1:{inbox.getsockname()[1]}?pkt_size=1200"
        with av.open(url, "w", format="rtp", options={"strict": "experimental"}) as muxer:
            stream: Any = muxer.add_stream(ENCODERS[codec], FPS if codec != "opus" else None)
            _set_up(stream.codec_context, codec, key_every)
            for frame in _frames(codec, count, key_every):
                for packet in stream.encode(frame):
                    muxer.mux(packet)
                if arrived := _arrived(inbox):
                    yield arrived
            for packet in stream.encode(None):
                muxer.mux(packet)
                if arrived := _arrived(inbox):
                    yield arrived


def _encoder(codec: str, key_every: int) -> Any:
    encoder: Any = av.CodecContext.create(ENCODERS[codec], "w")
    _set_up(encoder, codec, key_every)
    return encoder


def _set_up(encoder: Any, codec: str, key_every: int) -> None:
    if codec == "opus":
        encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
        encoder.time_base = Fraction(1, 48_000)
        return
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.gop_size = key_every
    encoder.options = _OPTIONS[codec]


def _frames(codec: str, count: int, key_every: int) -> Iterator[Any]:
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for number in range(count):
        if codec == "opus":
            tone = (8000 * np.sin(np.arange(960) / 12)).astype(np.int16).repeat(2)[np.newaxis]
            sound = av.AudioFrame.from_ndarray(tone, format="s16", layout="stereo")
            sound.sample_rate, sound.pts = 48_000, number * 960
            yield sound
            continue
        picture = np.full((HEIGHT, WIDTH, 3), number * 5 % 255, np.uint8)
        picture[: HEIGHT // 4] = np.roll(noise, number * 3, axis=1)[: HEIGHT // 4]
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = number
        if number % key_every == 0:
            frame.pict_type = av.video.frame.PictureType.I
        yield frame


def _arrived(inbox: socket.socket) -> list[Packet]:
    found = []
    while True:
        try:
            datagram = inbox.recv(2048)
        except BlockingIOError:
            return found
        if (packet := parse(datagram)) is not None:
            found.append(packet)
