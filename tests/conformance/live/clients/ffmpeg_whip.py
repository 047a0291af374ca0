"""FFmpeg's ``whip`` muxer, as PyAV brings it: five seconds of H.264 and Opus to the URL given, with the certificate given.

In a process of its own: while the muxer speaks HTTP it keeps Python's lock.
"""

import sys
import time
from fractions import Fraction

import av
import numpy as np

url, certificate, key = sys.argv[1:]
options = {"whip_flags": "dtls_active", "cert_file": certificate, "key_file": key}
with av.open(url, "w", format="whip", options=options) as muxer:
    audio = muxer.add_stream("libopus", 48_000)
    audio.layout = "stereo"
    video = muxer.add_stream("libx264", 10)
    video.width, video.height, video.pix_fmt = 320, 240, "yuv420p"
    video.gop_size = 10
    video.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "x264-params": "repeat-headers=1",
    }
    start = time.monotonic()
    for number in range(50):
        picture = av.VideoFrame.from_ndarray(np.full((240, 320, 3), number * 5 % 255, np.uint8), format="rgb24")
        picture.pts, picture.time_base = number, Fraction(1, 10)
        for packet in video.encode(picture):
            muxer.mux(packet)
        for part in range(5):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), format="s16", layout="stereo")
            sound.sample_rate, sound.pts = 48_000, (number * 5 + part) * 960
            for packet in audio.encode(sound):
                muxer.mux(packet)
        time.sleep(max(0, start + number / 10 - time.monotonic()))
