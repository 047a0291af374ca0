"""libwebrtc (PyPI ``wrtc``) as publishers and viewers of an engine in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import webrtc

from salon.app.clock import SystemClock
from salon.media.engine import Engine, Settings
from salon.ports.clock import Clock
from salon.ports.media import Accepted, PeerEvent, Wants
from salon.rtc import sdp

PUBLISH = Wants(publish={"audio": 1, "video": 1})

webrtc.allow_loopback()


@asynccontextmanager
async def running_engine(clock: Clock | None = None, **settings: Any) -> AsyncIterator[Engine]:
    """An engine on 127.0.0.1 that refuses nobody, however slow this machine is."""
    engine = Engine(Settings(**{"host": "127.0.0.1", "limit": 1e9, **settings}), clock or SystemClock())
    await engine.start()
    try:
        yield engine
    finally:
        await engine.aclose()


async def eventually(condition: Callable[[], Awaitable[Any]], seconds: float = 15.0) -> None:
    """The same for what must be asked for."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def until(condition: Callable[[], Any], what: str = "it", seconds: float = 15.0) -> Any:
    """Wait for what has no event, looking every 10 ms."""
    async with asyncio.timeout(seconds):
        while not (value := condition()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    return value


class Camera:
    """A moving picture. ``detail`` is how much of it is noise: it decides the bit rate."""

    def __init__(self, width: int = 320, height: int = 240, fps: int = 30, detail: float = 0.1) -> None:
        self.generator = webrtc.VideoTrackGenerator()
        self.track = self.generator.track
        self._size = (width, height)
        self._fps = fps
        self._detail = detail

    async def run(self) -> None:
        width, height = self._size
        random = np.random.default_rng(1)
        noise = random.integers(0, 255, (height * 2, width), dtype=np.uint8)
        chroma = bytes([128]) * (width * height // 2)
        writer: Any = self.generator.writable.get_writer()
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while True:
            luma = np.full((height, width), number * 3 % 200, np.uint8)
            rows = int(height * self._detail)
            luma[:rows] = noise[number * 7 % height : number * 7 % height + rows]
            init = webrtc.VideoFrameBufferInit(
                format="I420", coded_width=width, coded_height=height, timestamp=number * 1_000_000 // self._fps
            )
            await writer.write(webrtc.VideoFrame(luma.tobytes() + chroma, init))
            number += 1
            await asyncio.sleep(max(0, start + number / self._fps - loop.time()))


class Microphone:
    """A tone of 440 Hz that swells and fades, at 48 kHz."""

    def __init__(self) -> None:
        self.track = webrtc.MediaStreamTrackGenerator("audio")

    async def run(self) -> None:
        time = np.arange(48_000) / 48_000
        tone = (9000 * np.sin(2 * np.pi * 440 * time) * (0.6 + 0.4 * np.sin(6 * np.pi * time))).astype(np.int16)
        writer: Any = self.track.writable.get_writer()
        loop = asyncio.get_running_loop()
        start, number = loop.time(), 0
        while True:
            part = tone[number % 100 * 480 : number % 100 * 480 + 480].tobytes()
            init = webrtc.AudioDataInit(
                format="s16",
                sample_rate=48_000,
                number_of_frames=480,
                number_of_channels=1,
                timestamp=number * 10_000,
                data=part,
            )
            await writer.write(webrtc.AudioData(init))
            number += 1
            await asyncio.sleep(max(0, start + number / 100 - loop.time()))


class Wrtc:
    """One ``RTCPeerConnection``. ``rewrite`` may change the answer: to put a bad network between."""

    def __init__(self, rewrite: Callable[[str], str] = str) -> None:
        self.pc: Any = webrtc.RTCPeerConnection()
        self.tracks: list[Any] = []
        self.channels: list[Any] = []
        self.accepted: Accepted
        self._rewrite = rewrite
        self.pc.on("track", lambda event: self.tracks.append(event.track))
        self.pc.on("datachannel", lambda event: self.channels.append(event.channel))

    async def join(self, engine: Engine, wants: Wants, on_event: Callable[[PeerEvent], None] | None = None) -> Any:
        """Offer, and set the answer. Returns the engine's peer."""
        self.accepted = await engine.accept(sdp.parse(await self.offer()), wants)
        if on_event is not None:
            self.accepted.peer.listen(on_event)
        await self.answered(self._rewrite(self.accepted.answer))
        return self.accepted.peer

    async def offer(self) -> str:
        await self.pc.set_local_description(await self.pc.create_offer())
        return str(self.pc.local_description.sdp)

    async def answered(self, answer: str) -> None:
        await self.pc.set_remote_description(webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer))

    def watch(self) -> None:
        for kind in ("audio", "video"):
            self.pc.add_transceiver(kind, webrtc.RTCRtpTransceiverInit(direction="recvonly"))

    async def connected(self) -> None:
        await until(lambda: self.pc.connection_state == "connected", "connected")

    async def stats(self, kind: str, type_: str = "inbound-rtp") -> Any:
        report = await self.pc.get_stats()
        return next(
            (each for each in report.values() if each.type == type_ and getattr(each, "kind", kind) == kind), None
        )


async def frames(client: Wrtc) -> int:
    """Pictures that it has decoded."""
    stats = await client.stats("video")
    return (stats.frames_decoded or 0) if stats is not None else 0


async def sees(client: Wrtc, count: int = 10, seconds: float = 15.0) -> None:
    """Wait until it has decoded so many more pictures."""
    wanted = await frames(client) + count

    async def look() -> bool:
        return await frames(client) >= wanted

    await eventually(look, seconds)


@asynccontextmanager
async def publisher(
    engine: Engine, *, audio: bool = True, video: bool = True, camera: Camera | None = None, **options: Any
) -> AsyncIterator[tuple[Wrtc, Any]]:
    """libwebrtc that publishes. Gives it and the engine's peer."""
    async with sending(audio=audio, video=video, camera=camera, **options) as client:
        peer = await client.join(engine, PUBLISH)
        await client.connected()
        yield client, peer


@asynccontextmanager
async def sending(
    *, audio: bool = True, video: bool = True, camera: Camera | None = None, **options: Any
) -> AsyncIterator[Wrtc]:
    """libwebrtc that has something to publish."""
    client = Wrtc(**options)
    async with asyncio.TaskGroup() as tasks:
        running = []
        if audio:
            microphone = Microphone()
            client.pc.add_transceiver(microphone.track, webrtc.RTCRtpTransceiverInit(direction="sendonly"))
            running.append(tasks.create_task(microphone.run()))
        if video:
            camera = camera or Camera()
            client.pc.add_transceiver(camera.track, webrtc.RTCRtpTransceiverInit(direction="sendonly"))
            running.append(tasks.create_task(camera.run()))
        try:
            yield client
        finally:
            for task in running:
                task.cancel()
            client.pc.close()


@asynccontextmanager
async def viewer(engine: Engine, sources: tuple[Any, ...], **options: Any) -> AsyncIterator[tuple[Wrtc, Any]]:
    """libwebrtc that plays. Gives it and the engine's peer."""
    client = Wrtc(**options)
    client.watch()
    peer = await client.join(engine, Wants(play=sources))
    await client.connected()
    try:
        yield client, peer
    finally:
        client.pc.close()
