"""What Salon's calls are measured beside: an aiortc server and a libwebrtc server (PyPI ``wrtc``). For each call both take
its sound at 16 kHz, mono, and say a tone. The line protocol is that of ``bench.engine_server``.

python -m bench.call_servers aiortc|wrtc
"""

from __future__ import annotations

import asyncio
import fractions
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiortc
import av
import numpy as np
import uvloop
import webrtc
from aiortc.mediastreams import MediaStreamError

RATE = 48_000
_TIME = np.arange(RATE) / RATE
TONE = (8000 * np.sin(2 * np.pi * 180 * _TIME) * (0.5 + 0.5 * np.sin(6 * np.pi * _TIME))).astype(np.int16).tobytes()


class Voice(aiortc.MediaStreamTrack):
    """The tone, 20 ms at a time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._began: float | None = None

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        if self._began is None:
            self._began = loop.time()
        await asyncio.sleep(self._began + self._number * 0.02 - loop.time())
        at = self._number % 50 * 1920
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(TONE[at : at + 1920])
        frame.sample_rate, frame.pts = RATE, self._number * 960
        frame.time_base = fractions.Fraction(1, RATE)
        self._number += 1
        return frame


async def by_aiortc(offer: str, tasks: asyncio.TaskGroup) -> str:
    pc = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
    pc.addTrack(Voice())

    async def take(track: Any) -> None:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        try:
            while True:
                resampler.resample(await track.recv())
        except MediaStreamError:
            return

    pc.on("track", lambda track: tasks.create_task(take(track)))
    await pc.setRemoteDescription(aiortc.RTCSessionDescription(offer, "offer"))
    await pc.setLocalDescription(await pc.createAnswer())
    return str(pc.localDescription.sdp)


async def by_wrtc(offer: str, tasks: asyncio.TaskGroup) -> str:
    pc: Any = webrtc.RTCPeerConnection()
    voice: Any = webrtc.MediaStreamTrackGenerator("audio")
    pc.add_track(voice)
    KEPT.append(pc)

    async def take(track: Any) -> None:
        reader = webrtc.MediaStreamTrackProcessor(
            webrtc.MediaStreamTrackProcessorInit(track=track)
        ).readable.get_reader()
        while not (part := await reader.read()).done:
            data: Any = part.value
            samples = np.empty(data.number_of_frames * data.number_of_channels, np.int16)
            data.copy_to(samples, webrtc.AudioDataCopyToOptions(plane_index=0))
            # 48 kHz to 16: each three become one.
            samples[: len(samples) // 3 * 3].reshape(-1, 3).mean(axis=1).astype(np.int16)
            data.close()

    pc.on("track", lambda event: tasks.create_task(take(event.track)))
    await pc.set_remote_description(webrtc.RTCSessionDescriptionInit(type="offer", sdp=offer))
    await pc.set_local_description(await pc.create_answer())
    tasks.create_task(speak(voice))
    while pc.ice_gathering_state != "complete":  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return str(pc.local_description.sdp)


KEPT: list[Any] = []


async def speak(track: Any) -> None:
    """The tone, 10 ms at a time, as libwebrtc wants it."""
    writer: Any = track.writable.get_writer()
    loop = asyncio.get_running_loop()
    began, number = loop.time(), 0
    while True:
        at = number % 100 * 960
        init = webrtc.AudioDataInit(
            format="s16",
            sample_rate=RATE,
            number_of_frames=480,
            number_of_channels=1,
            timestamp=number * 10_000,
            data=TONE[at : at + 960],
        )
        await writer.write(webrtc.AudioData(init))
        number += 1
        await asyncio.sleep(max(0, began + number / 100 - loop.time()))


async def main(answer: Callable[[str, asyncio.TaskGroup], Awaitable[str]]) -> None:
    webrtc.allow_loopback()
    async with asyncio.TaskGroup() as tasks:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while line := await reader.readline():
                text = await answer(json.loads(line)["sdp"], tasks)
                writer.write(json.dumps({"sdp": text}).encode() + b"\n")

        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
        print(f"ready on {server.sockets[0].getsockname()[1]}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main({"aiortc": by_aiortc, "wrtc": by_wrtc}[sys.argv[1]]))
