"""PyPI ``wrtc`` (libwebrtc), ``aiortc`` and FFmpeg's ``whip`` muxer (in PyPI ``av``) as publishers and viewers, over HTTP."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest
import webrtc
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaPlayer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.conformance.live.conftest import KEY, Stage, grant
from tests.fakes.media_house import Camera, Microphone, eventually

pytestmark = pytest.mark.conformance

SDP = "application/sdp"
FFMPEG = Path(__file__).parent / "clients" / "ffmpeg_whip.py"


class Session:
    """The HTTP half: ``location`` is the session's address."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http = http
        self._url = url
        self._headers = {"authorization": f"Bearer {token}", "content-type": SDP}
        self.location = ""

    async def post(self, offer: str) -> str:
        async with self._http.post(self._url, data=offer, headers=self._headers) as response:
            answer = await response.text()
            assert response.status == 201, answer
            self.location = str(response.url.join(aiohttp.client.URL(response.headers["location"])))
            return answer

    async def delete(self) -> None:
        async with self._http.delete(self.location, headers=self._headers) as response:
            assert response.status == 200


@asynccontextmanager
async def wrtc_publishes(http: aiohttp.ClientSession, url: str, token: str) -> AsyncIterator[Session]:
    pc, camera, microphone = webrtc.RTCPeerConnection(), Camera(), Microphone()
    for track in (microphone.track, camera.track):
        pc.add_transceiver(track, webrtc.RTCRtpTransceiverInit(direction="sendonly"))
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each.run()) for each in (camera, microphone)]
        await pc.set_local_description(await pc.create_offer())
        session = Session(http, url, token)
        answer = await session.post(pc.local_description.sdp)
        await pc.set_remote_description(webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer))
        try:
            yield session
        finally:
            for task in running:
                task.cancel()
            pc.close()


class WrtcViewer:
    def __init__(self) -> None:
        self.pc = webrtc.RTCPeerConnection()
        for kind in ("audio", "video"):
            self.pc.add_transceiver(kind, webrtc.RTCRtpTransceiverInit(direction="recvonly"))

    async def watch(self, http: aiohttp.ClientSession, url: str, token: str) -> Session:
        await self.pc.set_local_description(await self.pc.create_offer())
        session = Session(http, url, token)
        answer = await session.post(self.pc.local_description.sdp)
        await self.pc.set_remote_description(webrtc.RTCSessionDescriptionInit(type="answer", sdp=answer))
        return session

    async def stats(self, kind: str) -> Any:
        report = await self.pc.get_stats()
        wanted = (each for each in report.values() if each.type == "inbound-rtp" and getattr(each, "kind", "") == kind)
        return next(wanted, None)

    async def sees(self, count: int) -> None:
        async def enough() -> bool:
            stats = await self.stats("video")
            return stats is not None and (stats.frames_decoded or 0) >= count

        await eventually(enough, 30)


async def test_wrtc_publishes_and_watches(stage: Stage) -> None:
    async with (
        aiohttp.ClientSession() as http,
        wrtc_publishes(http, stage.whip("studio"), grant("ann", "studio")) as ann,
    ):
        await stage.is_live("studio")
        viewer = WrtcViewer()
        bob = await viewer.watch(http, stage.whep("studio"), grant("bob", "", "*"))
        await viewer.sees(10)
        await bob.delete()
        assert await stage.is_over("studio", "watch") == "deleted"
        viewer.pc.close()
        await ann.delete()
        assert await stage.is_over("studio", "publish") == "deleted"


@asynccontextmanager
async def aiortc_publishes(http: aiohttp.ClientSession, url: str, token: str) -> AsyncIterator[Session]:
    pc = RTCPeerConnection()
    player = MediaPlayer("testsrc=size=320x240:rate=15", format="lavfi")
    pc.addTransceiver(player.video, direction="sendonly")
    await pc.setLocalDescription(await pc.createOffer())
    session = Session(http, url, token)
    await pc.setRemoteDescription(RTCSessionDescription(await session.post(pc.localDescription.sdp), "answer"))
    try:
        yield session
    finally:
        await pc.close()
        player.video.stop()


async def aiortc_sees(http: aiohttp.ClientSession, url: str, token: str, count: int) -> list[Any]:
    """So many pictures; then it leaves."""
    pc = RTCPeerConnection()
    pc.addTransceiver("video", direction="recvonly")
    tracks: list[Any] = []
    pc.on("track", tracks.append)
    await pc.setLocalDescription(await pc.createOffer())
    session = Session(http, url, token)
    await pc.setRemoteDescription(RTCSessionDescription(await session.post(pc.localDescription.sdp), "answer"))
    async with asyncio.timeout(30):
        pictures = [await tracks[0].recv() for _ in range(count)]
    await session.delete()
    await pc.close()
    return pictures


async def test_aiortc_publishes_and_watches(stage: Stage) -> None:
    """Its pictures are seen by wrtc and by itself."""
    async with (
        aiohttp.ClientSession() as http,
        aiortc_publishes(http, stage.whip("aiortc"), KEY) as published,
    ):
        await stage.is_live("aiortc")
        viewer = WrtcViewer()
        viewing = await viewer.watch(http, stage.whep("aiortc"), KEY)
        await viewer.sees(5)
        await viewing.delete()
        viewer.pc.close()
        pictures = await aiortc_sees(http, stage.whep("aiortc"), KEY, 5)
        assert [(picture.width, picture.height) for picture in pictures] == [(320, 240)] * 5
        await published.delete()


async def test_what_wrtc_publishes_is_recorded_and_plays(stage: Stage) -> None:
    headers = {"authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession() as http:
        async with wrtc_publishes(http, stage.whip("kept"), KEY) as ann:
            await stage.is_live("kept")
            url = f"{stage.http}/v1/live/kept/recording"
            async with http.post(url, json={"on": True}, headers=headers) as response:
                assert response.status == 200, await response.text()
            broadcast = stage.live.broadcast("kept")
            assert broadcast is not None

            async def long_enough() -> bool:
                return broadcast.recording is not None and broadcast.recording.state.milliseconds >= 2_000

            await eventually(long_enough, 30)
            async with http.post(url, json={"on": False}, headers=headers) as response:
                assert (await response.json())["recording"] is None
            await ann.delete()
        async with http.get(f"{stage.http}/v1/recordings", headers=headers) as response:
            (listed,) = (await response.json())["recordings"]
        async with http.get(f"{stage.http}/v1/recordings/{listed['file']}", headers=headers) as response:
            content = await response.read()
    path = stage.folder / "copy.webm"
    await asyncio.to_thread(path.write_bytes, content)
    with av.open(str(path)) as file:
        pictures = list(file.decode(video=0))
    assert len(pictures) >= 20
    with av.open(str(path)) as file:
        sound = sum(frame.samples for frame in file.decode(audio=0))
    assert sound >= 48_000


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate on P-256. What the muxer makes by itself is on P-224, which OpenSSL's peers refuse ("wrong curve")."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whip")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "whip.pem", folder / "whip.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    return certificate, secret


async def test_ffmpeg_s_muxer_publishes_h264_which_is_recorded_and_plays(open_stage: Stage) -> None:
    stage = open_stage
    certificate, key = await asyncio.to_thread(self_signed, stage.folder)
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(FFMPEG), stage.whip("film"), str(certificate), str(key)
    )
    await stage.is_live("film")
    broadcast = stage.live.broadcast("film")
    assert broadcast is not None
    assert [source.codec.key for source in broadcast.sources] == ["opus", "h264"]
    stage.live.record(broadcast, True)
    assert await process.wait() == 0
    assert await stage.is_over("film", "publish") in ("deleted", "left")
    async with aiohttp.ClientSession() as http, http.get(f"{stage.http}/v1/recordings") as response:
        (listed,) = (await response.json())["recordings"]
    assert listed["file"].endswith(".mkv")
    # The disk is written to in a thread: the server's end is the recording's.
    await stage.live.__aexit__(None, None, None)
    with av.open(str(stage.folder / "recordings" / listed["file"])) as file:
        pictures = list(file.decode(video=0))
    assert len(pictures) >= 20
    assert (pictures[0].width, pictures[0].height) == (320, 240)
